using System.Globalization;
using Postern.Packets;
using Postern.Reports;

namespace Postern.Knocks.Sequences;

public enum StepKind : byte
{
    Tcp,
    Udp,

    /// <summary>An echo request of ICMP or ICMPv6.</summary>
    Echo,
}

/// <summary>
/// One packet of a sequence, as people write it: <c>tcp/7000</c>, <c>udp/8000-8010</c> (any port of the run), <c>icmp</c> (any echo
/// request), <c>icmp/120</c> (an echo request that carries 120 bytes, as <c>ping -s 120</c> sends it).
/// <paramref name="First"/> and <paramref name="Last"/> bound the port, or the size, both ends included.
/// </summary>
public readonly record struct KnockStep(StepKind Kind, ushort First, ushort Last)
{
    /// <summary>The largest payload that an echo request can carry (65 535 − 20 − 8).</summary>
    public const ushort MaxEchoSize = 65_507;

    /// <summary>How many ports, or sizes, the step would take.</summary>
    public int Width => Last - First + 1;

    public static KnockStep AnyEcho => new(StepKind.Echo, 0, ushort.MaxValue);

    public bool Matches(StepKind kind, ushort value) => kind == Kind && value >= First && value <= Last;

    public bool Overlaps(KnockStep other) => other.Kind == Kind && other.First <= Last && First <= other.Last;

    public static bool TryParse(ReadOnlySpan<char> text, out KnockStep step)
    {
        step = AnyEcho;
        if (text is "icmp")
            return true;
        if (text.StartsWith("icmp/", StringComparison.Ordinal))
        {
            var fine = Digits.TryParse(text[5..], out ushort size) && size <= MaxEchoSize;
            step = new(StepKind.Echo, size, size);
            return fine;
        }

        if (!PortRange.TryParse(text, out var ports))
            return false;
        step = new(ports.Transport == Transport.Tcp ? StepKind.Tcp : StepKind.Udp, ports.First, ports.Last);
        return true;
    }

    /// <summary>What a step of this kind would look at in a packet: its destination port, or how many bytes its echo request carries. False for any other packet.</summary>
    public static bool TryFrom(in PacketView packet, out StepKind kind, out ushort value)
    {
        kind = StepKind.Tcp;
        value = packet.DestinationPort;
        switch (packet.Protocol)
        {
            case IpProtocol.Tcp:
                return true;
            case IpProtocol.Udp:
                kind = StepKind.Udp;
                return true;
            default:
                kind = StepKind.Echo;
                value = (ushort)Math.Min(packet.PayloadLength, ushort.MaxValue);
                return packet.IsEchoRequest;
        }
    }

    public override string ToString() => Kind switch
    {
        StepKind.Tcp => new PortRange(Transport.Tcp, First, Last).ToString(),
        StepKind.Udp => new PortRange(Transport.Udp, First, Last).ToString(),
        _ => this == AnyEcho ? "icmp" : string.Create(CultureInfo.InvariantCulture, $"icmp/{First}"),
    };
}
