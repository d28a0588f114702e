namespace Postern.Client.Fwknop;

/// <summary>What carries a packet to a server of fwknop. None of them needs a privilege on Linux, as far as its settings allow pings.</summary>
public enum FwknopTransport : byte
{
    /// <summary>A datagram.</summary>
    Udp,

    /// <summary>A whole connection, with the packet in its first segment: somebody must listen there.</summary>
    Tcp,

    /// <summary>The same, as a request of HTTP.</summary>
    Http,

    /// <summary>The data of an echo request. (fwknop's own client sends an echo reply instead, which takes root; servers look at both.)</summary>
    Icmp,

    /// <summary>The payload of a SYN, and nothing after it.</summary>
    TcpRaw,

    /// <summary>A datagram: fwknop builds it itself, in order to write another source into it, which Postern does not.</summary>
    UdpRaw,
}

public static class FwknopTransports
{
    public static string Word(this FwknopTransport transport) => transport switch
    {
        FwknopTransport.Udp => "udp",
        FwknopTransport.Tcp => "tcp",
        FwknopTransport.Http => "http",
        FwknopTransport.Icmp => "icmp",
        FwknopTransport.TcpRaw => "tcpraw",
        FwknopTransport.UdpRaw => "udpraw",
        _ => throw new ArgumentOutOfRangeException(nameof(transport), transport, "no transport of fwknop"),
    };

    /// <summary>In any case.</summary>
    public static bool TryParse(string text, out FwknopTransport transport)
    {
        foreach (var known in Enum.GetValues<FwknopTransport>())
        {
            transport = known;
            if (string.Equals(text, known.Word(), StringComparison.OrdinalIgnoreCase))
                return true;
        }

        transport = default;
        return false;
    }
}
