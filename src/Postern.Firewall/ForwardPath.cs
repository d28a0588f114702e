using Postern.Firewall.Nftables;

namespace Postern.Firewall;

/// <summary>What on this host keeps forwards from getting through. None of it is ours to change: it would open more than was asked for.</summary>
[Flags]
public enum ForwardObstacles
{
    None = 0,

    /// <summary>The host passes on no IPv4 packets: <c>net.ipv4.ip_forward</c> is 0.</summary>
    V4Off = 1,

    /// <summary>It passes on no IPv6 packets: <c>net.ipv6.conf.all.forwarding</c> is 0.</summary>
    V6Off = 2,

    /// <summary>A chain at the forward hook drops what none of its rules speaks for; whether one speaks for ours cannot be told.</summary>
    Dropped = 4,
}

public static class ForwardPath
{
    // Of the thread, not of the process, as everything under net is.
    private const string V4 = "/proc/sys/net/ipv4/ip_forward";
    private const string V6 = "/proc/sys/net/ipv6/conf/all/forwarding";

    /// <summary>The two switches, as far as these forwards need them. One that cannot be read is taken to be right.</summary>
    public static ForwardObstacles Switches(IEnumerable<ForwardRule> rules)
    {
        var (needsV4, needsV6) = (false, false);
        foreach (var rule in rules)
        {
            needsV4 |= rule.Fixed.Any(target => target.To.IsV4) || rule.Within.Any(network => IsV4(network));
            needsV6 |= rule.Fixed.Any(target => !target.To.IsV4) || rule.Within.Any(network => !IsV4(network));
        }

        return (needsV4 && IsOff(V4) ? ForwardObstacles.V4Off : ForwardObstacles.None)
            | (needsV6 && IsOff(V6) ? ForwardObstacles.V6Off : ForwardObstacles.None);
    }

    private static bool IsV4(ForwardNetwork network) => network.Network.BaseAddress.AddressFamily == System.Net.Sockets.AddressFamily.InterNetwork;

    private static bool IsOff(string file)
    {
        try
        {
            return KernelLists.Lines(file).FirstOrDefault() is "0";
        }
        catch (IOException)
        {
            return false;
        }
    }

    internal static ForwardObstacles Chains(NetlinkSocket netlink) => HostChains.DropsForwarded(netlink) ? ForwardObstacles.Dropped : ForwardObstacles.None;
}
