using System.Globalization;

namespace Postern.Reports;

/// <summary>Where a forward leads: an address and a port there. <see cref="Address.None"/> as the address: this host itself.</summary>
public readonly record struct ForwardTarget(Address To, ushort Port)
{
    public bool IsHere => To == Address.None;

    /// <summary>10.0.0.5:22 or [fd00::5]:22, and :22 for this host. Anything else, port 0 included, is refused.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out ForwardTarget target)
    {
        target = default;
        var colon = text.LastIndexOf(':');
        if (colon < 0 || !Digits.TryParse(text[(colon + 1)..], out ushort port) || port == 0)
            return false;
        var host = text[..colon];
        var isBracketed = host.Length > 2 && host[0] == '[' && host[^1] == ']';
        var to = Address.None;
        if (!host.IsEmpty && (!Address.TryParse(isBracketed ? host[1..^1] : host, out to) || to == Address.None || to.IsV4 == isBracketed))
            return false;
        target = new(to, port);
        return true;
    }

    public override string ToString()
    {
        var host = IsHere ? "" : To.IsV4 ? To.ToString() : $"[{To}]";
        return string.Create(CultureInfo.InvariantCulture, $"{host}:{Port}");
    }
}

/// <summary>A port of ours, as the client connects to it, and where that leads.</summary>
public readonly record struct PortForward(Transport Transport, ushort Outside, ForwardTarget Target)
{
    public PortRange Port => new(Transport, Outside);

    /// <summary>tcp/2222=10.0.0.5:22, and udp/5353=:53 for a port of this host.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out PortForward forward)
    {
        forward = default;
        var equals = text.IndexOf('=');
        if (equals < 0 || !PortRange.TryParse(text[..equals], out var port) || port.Count != 1 || !ForwardTarget.TryParse(text[(equals + 1)..], out var target))
            return false;
        forward = new(port.Transport, port.First, target);
        return true;
    }

    public override string ToString() => $"{Port}={Target}";
}
