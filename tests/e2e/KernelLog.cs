namespace Postern.EndToEnd.Tests;

/// <summary>
/// Lets the kernel log the packets of every network namespace (net.netfilter.nf_log_all_netns), as it otherwise does for the first alone. That is the whole host's setting: it is as it was when this is disposed of.
/// Those who use it are of one collection, so that none takes it from another.
/// </summary>
internal sealed class KernelLog : IDisposable
{
    public const string Collection = "the kernel's log";

    private const string Switch = "/proc/sys/net/netfilter/nf_log_all_netns";
    private const string On = "1";

    private readonly string _before;

    private KernelLog(string before) => _before = before;

    public static KernelLog OfAllNamespaces()
    {
        Assert.SkipUnless(File.Exists(Switch), $"needs {Switch} (the module nf_log_syslog)");
        var before = File.ReadAllText(Switch).Trim();
        if (before is not On)
            TrySet();
        Assert.SkipUnless(File.ReadAllText(Switch).Trim() is On, $"needs 1 in {Switch}, and may not write there: the kernel logs for the first network namespace alone");
        return new(before);
    }

    /// <summary>As a host's firewall has one: all that comes is logged.</summary>
    public static void AddRule(GateHouse house) =>
        house.Gate.Run("nft", "add table inet host; add chain inet host in { type filter hook prerouting priority -300; }; add rule inet host in meta l4proto { tcp, udp, icmp } log prefix \"knock: \" flags tcp sequence,options");

    public void Dispose()
    {
        if (_before is not On)
            File.WriteAllText(Switch, _before);
    }

    private static void TrySet()
    {
        try
        {
            File.WriteAllText(Switch, On);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // said by the caller
        }
    }
}
