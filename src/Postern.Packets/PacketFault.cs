namespace Postern.Packets;

/// <summary>Why bytes are not a packet that anyone can knock with. A closed list: counter, log text and test expectation.</summary>
public enum PacketFault
{
    None = 0,

    /// <summary>The bytes end before the header that should be there does.</summary>
    Truncated,

    /// <summary>The link layer carries something other than IPv4 or IPv6, or is of a kind we do not read.</summary>
    NotIp,

    /// <summary>The version nibble does not match, or a header length is impossible.</summary>
    BadHeader,

    /// <summary>The IP length field is smaller than its own headers.</summary>
    BadLength,

    /// <summary>Part of a fragmented packet: no knock is that long, and its ports cannot be trusted.</summary>
    Fragment,

    /// <summary>More IPv6 extension headers or VLAN tags than anybody has a reason to send.</summary>
    TooManyHeaders,

    /// <summary>A protocol that no knock is made of.</summary>
    OtherProtocol,
}
