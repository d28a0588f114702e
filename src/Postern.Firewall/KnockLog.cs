using System.Collections.Immutable;
using Postern.Reports;

namespace Postern.Firewall;

/// <summary>Packets that the kernel is to copy to whoever listens at a group of nfnetlink_log, before any rule judges them: what a knock may be, and as little else as can be said.</summary>
/// <param name="Group">Number of the group.</param>
/// <param name="Rules">A packet is copied by the first that fits.</param>
public sealed record KnockLog(ushort Group, ImmutableArray<KnockLogRule> Rules);

/// <summary>Some packets.</summary>
/// <param name="Ports">Of one transport, to these; none: messages of ICMP and ICMPv6.</param>
public sealed record KnockLogRule(ImmutableArray<PortRange> Ports)
{
    /// <summary>Of the flags of a segment these are looked at; 0: none.</summary>
    public byte FlagsMask { get; init; }

    /// <summary>And must be so.</summary>
    public byte FlagsSet { get; init; }

    /// <summary>Bytes of data that a datagram must have, one of these; none: any.</summary>
    public ImmutableArray<int> DataSizes { get; init; } = [];

    /// <summary>Of messages, echo requests alone.</summary>
    public bool OnlyEcho { get; init; }

    /// <summary>Bytes that are copied, from the IP header on.</summary>
    public int SnapLength { get; init; }
}
