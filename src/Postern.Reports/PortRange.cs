using System.Globalization;

namespace Postern.Reports;

/// <summary>The protocols whose ports Postern guards; the numbers are IANA's.</summary>
public enum Transport : byte
{
    Tcp = 6,
    Udp = 17,
}

/// <summary>One port or a run of ports of one protocol, both ends included: <c>tcp/22</c>, <c>udp/60000-61000</c>.</summary>
public readonly record struct PortRange(Transport Transport, ushort First, ushort Last)
{
    public PortRange(Transport transport, ushort port)
        : this(transport, port, port) { }

    public int Count => Last - First + 1;

    public bool Contains(Transport transport, ushort port) => transport == Transport && port >= First && port <= Last;

    public bool Overlaps(PortRange other) => other.Transport == Transport && other.First <= Last && First <= other.Last;

    public static bool TryParse(ReadOnlySpan<char> text, out PortRange range)
    {
        range = default;
        var slash = text.IndexOf('/');
        if (slash < 0 || !TryParseTransport(text[..slash], out var transport) || !TryParsePorts(text[(slash + 1)..], out var first, out var last))
            return false;
        range = new(transport, first, last);
        return true;
    }

    private static bool TryParseTransport(ReadOnlySpan<char> text, out Transport transport)
    {
        transport = text is "udp" ? Transport.Udp : Transport.Tcp;
        return text is "tcp" or "udp";
    }

    private static bool TryParsePorts(ReadOnlySpan<char> text, out ushort first, out ushort last)
    {
        var dash = text.IndexOf('-');
        last = 0;
        if (dash < 0)
            return TryParsePort(text, out first) && (last = first) != 0;
        return TryParsePort(text[..dash], out first) && TryParsePort(text[(dash + 1)..], out last) && first <= last;
    }

    private static bool TryParsePort(ReadOnlySpan<char> text, out ushort port) =>
        Digits.TryParse(text, out port) && port != 0;

    public override string ToString()
    {
        var name = Transport == Transport.Tcp ? "tcp" : "udp";
        return First == Last ? string.Create(CultureInfo.InvariantCulture, $"{name}/{First}") : string.Create(CultureInfo.InvariantCulture, $"{name}/{First}-{Last}");
    }
}
