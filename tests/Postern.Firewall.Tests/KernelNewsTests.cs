using Postern.Firewall.Nftables;

namespace Postern.Firewall.Tests;

/// <summary>What the kernel tells, and what it keeps to itself.</summary>
public sealed class KernelNewsTests : IDisposable
{
    private const int TableIsNew = 0; // NFT_MSG_NEWTABLE

    private static readonly ProtectedService Ssh = Lab.Service("ssh", "tcp/22");
    private readonly Lab _lab = new();

    public void Dispose() => _lab.Dispose();

    /// <summary>The kinds of the messages in the first datagram that comes.</summary>
    private static List<int> First(NetlinkSocket news)
    {
        Assert.Equal(0, news.ReceiveNews(out var answer));
        var kinds = new List<int>();
        while (answer.MoveNext())
            kinds.Add(answer.Type & 0xff);
        return kinds;
    }

    private NetlinkSocket Listen() => Lab.In(_lab.Host, () => new NetlinkSocket(NfTablesWire.NewsGroup, NewsFilter.Program));

    /// <summary>Without the filter 20 000 of them overflow the socket, and each wakes whoever reads it.</summary>
    [Fact]
    public void Grants_are_no_news_however_many_and_a_table_is()
    {
        _lab.Apply(Ssh);
        using var news = Listen();
        for (var i = 0; i < 20_000; i++)
        {
            var to = new Grantee(Reports.Address.FromV4(0x0b000000u + (uint)(i % 500)), (ushort)(1 + (i % 2)));
            Assert.True((i % 3 == 2 ? _lab.Firewall.Close(Ssh, to) : _lab.Firewall.Open(Ssh, to, TimeSpan.FromMinutes(9))).Done);
        }

        _lab.Nft("add", "table", "inet", "other");
        Assert.Equal(TableIsNew, First(news)[0]);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(20)]
    [InlineData(29)]
    [InlineData(30)]
    [InlineData(31)]
    [InlineData(200)]
    public void A_change_of_rules_is_heard_behind_any_number_of_elements(int elements)
    {
        _lab.Apply(Ssh);
        using var news = Listen();
        var adds = string.Concat(Enumerable.Range(1, elements).Select(i => $"add element inet postern grants4 {{ 11.0.0.{i} . tcp . 22 timeout 9m }}\n"));
        _lab.Nft($"{adds}add table inet other");
        var heard = new List<int>();
        while (!heard.Contains(TableIsNew)) // more than thirty at once are let through, and then the table comes with, or behind, them
            heard.AddRange(First(news));
    }

    [Fact]
    public void A_rule_set_that_is_flushed_is_heard()
    {
        _lab.Apply(Ssh);
        _lab.Open(Ssh, Lab.FriendV4);
        using var news = Listen();
        _lab.Nft("flush", "ruleset");
        Assert.NotEmpty(First(news));
    }
}
