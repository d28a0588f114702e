using Postern.Firewall.Nftables;

namespace Postern.Firewall;

/// <summary>
/// Hears when anybody changes rules in this network namespace, ourselves included: <c>nft flush ruleset</c>, which every restart of the
/// nftables service does, would leave the services open and tell nobody. Grants that come and go are not worth a word, and the kernel
/// keeps them from us (<see cref="NewsFilter"/>). Costs nothing while nothing changes.
/// </summary>
public sealed class RulesWatch : IDisposable
{
    private readonly Action _changed;
    private readonly NetlinkSocket _news = new(NfTablesWire.NewsGroup, NewsFilter.Program);
    private volatile bool _stopped;

    /// <param name="changed">Called on a thread of the watch's own, perhaps more often than something changed.</param>
    /// <exception cref="FirewallException">The kernel has no nf_tables to listen to.</exception>
    public RulesWatch(Action changed)
    {
        _changed = changed;
        new Thread(Listen) { Name = "rules", IsBackground = true }.Start();
    }

    /// <summary>The thread ends when it next looks up, and takes its socket with it.</summary>
    public void Dispose() => _stopped = true;

    private void Listen()
    {
        using (_news)
        {
            while (!_stopped)
            {
                var error = _news.ReceiveNews(out var news);
                if (_stopped || error == Errno.TimedOut)
                    continue;
                if (error != 0 || ConcernsRules(news))
                    _changed();
            }
        }
    }

    private static bool ConcernsRules(NetlinkAnswer news)
    {
        while (news.MoveNext())
        {
            if ((NftMessage)(news.Type & 0xff) is not (NftMessage.NewSetElement or NftMessage.DeleteSetElement or NftMessage.NewGeneration))
                return true;
        }

        return news.Broken;
    }
}
