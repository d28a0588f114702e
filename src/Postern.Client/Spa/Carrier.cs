using System.Globalization;
using Postern.Knocks.Spa;
using Postern.Reports;

namespace Postern.Client.Spa;

public enum CarrierKind : byte
{
    /// <summary>A datagram's payload.</summary>
    Udp,

    /// <summary>The data of an echo request: of ICMP to an IPv4 address, of ICMPv6 to an IPv6 one.</summary>
    Icmp,

    /// <summary>The payload of a SYN, and nothing after it.</summary>
    Tcp,
}

/// <summary>What carries an SPA packet to the gate (spec/spa.md §6), as people write it: <c>udp/62201</c>, <c>tcp/443</c>, <c>icmp</c>; <c>udp/10000-19999@60</c> where its port moves.</summary>
public readonly record struct Carrier(CarrierKind Kind, ushort Port)
{
    public static Carrier Usual => new(CarrierKind.Udp, 62_201);

    /// <summary>Where the port moves: how. Then <see cref="Port"/> is 0.</summary>
    public MovingPort? Moving { get; init; }

    public static Carrier Of(MovingPort port) => new(port.Pool.Transport == Transport.Tcp ? CarrierKind.Tcp : CarrierKind.Udp, 0) { Moving = port };

    public static Carrier Icmp => new(CarrierKind.Icmp, 0);

    /// <summary>One way to write each: no leading zeros, no runs of ports.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out Carrier carrier)
    {
        carrier = Icmp;
        if (text is "icmp")
            return true;
        if (MovingPort.TryParse(text, out var moving))
        {
            carrier = Of(moving);
            return true;
        }

        var kind = text.StartsWith("udp/", StringComparison.Ordinal) ? CarrierKind.Udp : CarrierKind.Tcp;
        if (kind == CarrierKind.Tcp && !text.StartsWith("tcp/", StringComparison.Ordinal))
            return false;
        carrier = new(kind, 0);
        if (!TryParsePort(text[4..], out var port))
            return false;
        carrier = new(kind, port);
        return true;
    }

    internal static bool TryParsePort(ReadOnlySpan<char> text, out ushort port) =>
        Digits.TryParse(text, out port) && text[0] != '0';

    public override string ToString() => Kind switch
    {
        _ when Moving is { } moving => moving.ToString(),
        CarrierKind.Udp => string.Create(CultureInfo.InvariantCulture, $"udp/{Port}"),
        CarrierKind.Tcp => string.Create(CultureInfo.InvariantCulture, $"tcp/{Port}"),
        _ => "icmp",
    };
}
