using System.Collections.Immutable;

namespace Postern.Packets;

/// <summary>A run of destination ports, both ends included.</summary>
public readonly record struct FilterPorts(ushort First, ushort Last);

/// <summary>
/// Which packets are worth waking up for. The kernel applies it, so it may let through a little more than this (never less):
/// whoever reads must look at every packet again.
/// </summary>
public sealed record CaptureFilter
{
    public ImmutableArray<FilterPorts> TcpPorts { get; init; } = [];

    public ImmutableArray<FilterPorts> UdpPorts { get; init; } = [];

    /// <summary>Echo requests of ICMP and ICMPv6.</summary>
    public bool Echo { get; init; }

    /// <summary>Of the segments to <see cref="TcpPorts"/> only those pass whose flags under this mask equal <see cref="TcpFlagsSet"/>.</summary>
    public TcpFlags TcpFlagsMask { get; init; }

    public TcpFlags TcpFlagsSet { get; init; }

    /// <summary>Of these, datagrams that carry one of <see cref="PayloadSizes"/>.</summary>
    public ImmutableArray<FilterPorts> SizedUdpPorts { get; init; } = [];

    /// <summary>Of these, the first segments of connections (SYN and not ACK) that carry one of <see cref="PayloadSizes"/>.</summary>
    public ImmutableArray<FilterPorts> SizedTcpPorts { get; init; } = [];

    /// <summary>Echo requests of ICMP and ICMPv6 that carry one of <see cref="PayloadSizes"/>.</summary>
    public bool SizedEcho { get; init; }

    /// <summary>In bytes of data, behind all headers. Where there are none, nothing passes for its size.</summary>
    public ImmutableArray<int> PayloadSizes { get; init; } = [];

    /// <summary>Packets are kept for their data, and not only for their headers.</summary>
    public bool KeepsWholePackets => !PayloadSizes.IsEmpty || Data is not null;

    /// <summary>Packets that pass for what they carry: how large it is, and how it begins. Null: none does.</summary>
    public DataFilter? Data { get; init; }

    /// <summary>How much of a packet is copied, from its IP header on.</summary>
    public int SnapLength { get; init; } = 256;

    /// <summary>The same for a packet that passed for its data, which is what one wants of it: all that fits an Ethernet frame.</summary>
    public int SizedSnapLength { get; init; } = 1500;
}

/// <summary>Which data a packet must carry to pass for it: so many bytes, the first of them one of these.</summary>
public sealed record DataFilter(int MinSize, int MaxSize, ImmutableArray<byte> FirstBytes)
{
    /// <summary>Of these, datagrams.</summary>
    public ImmutableArray<FilterPorts> UdpPorts { get; init; } = [];

    /// <summary>Of these, segments with any flags.</summary>
    public ImmutableArray<FilterPorts> TcpPorts { get; init; } = [];

    /// <summary>Messages of ICMP (IPv4) of any type; their data begins behind eight bytes.</summary>
    public bool Icmp { get; init; }

    /// <summary>Datagrams with more data than <see cref="MaxSize"/> pass up to this size, whatever their first byte.</summary>
    public int MaxDatagram { get; init; }
}
