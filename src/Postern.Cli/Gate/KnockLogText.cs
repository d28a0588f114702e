using System.Collections.Immutable;
using Postern.Firewall;
using Postern.Packets;
using Postern.Reports;

namespace Postern.Cli.Gate;

/// <summary>What a packet socket's filter would let through, in the firewall's words.</summary>
internal static class KnockLogText
{
    private const byte SynOrAck = (byte)(TcpFlags.Syn | TcpFlags.Ack);

    public static KnockLog Of(ushort group, CaptureFilter filter)
    {
        var data = filter.Data;
        KnockLogRule[] rules =
        [
            new(Ports(Transport.Udp, data?.UdpPorts)) { SnapLength = filter.SizedSnapLength },
            new(Ports(Transport.Tcp, data?.TcpPorts)) { SnapLength = filter.SizedSnapLength },
            new(Ports(Transport.Udp, filter.SizedUdpPorts)) { DataSizes = filter.PayloadSizes, SnapLength = filter.SizedSnapLength },
            new(Ports(Transport.Tcp, filter.SizedTcpPorts)) { FlagsMask = SynOrAck, FlagsSet = (byte)TcpFlags.Syn, SnapLength = filter.SizedSnapLength },
            new(Ports(Transport.Udp, filter.UdpPorts)) { SnapLength = filter.SnapLength },
            new(Ports(Transport.Tcp, filter.TcpPorts)) { FlagsMask = (byte)filter.TcpFlagsMask, FlagsSet = (byte)filter.TcpFlagsSet, SnapLength = filter.SnapLength },
        ];
        var messages = new[]
        {
            (Wanted: data?.Icmp == true, Rule: new KnockLogRule([]) { SnapLength = filter.SizedSnapLength }),
            (Wanted: filter.SizedEcho || filter.Echo, Rule: new KnockLogRule([]) { OnlyEcho = true, SnapLength = filter.SizedEcho ? filter.SizedSnapLength : filter.SnapLength }),
        };
        return new(group, [.. rules.Where(r => !r.Ports.IsEmpty), .. messages.Where(m => m.Wanted).Select(m => m.Rule)]);
    }

    private static ImmutableArray<PortRange> Ports(Transport transport, ImmutableArray<FilterPorts>? ports) =>
        [.. (ports ?? []).Where(p => p.First <= p.Last).Select(p => new PortRange(transport, p.First, p.Last))];
}
