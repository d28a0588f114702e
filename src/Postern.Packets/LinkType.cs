namespace Postern.Packets;

/// <summary>What a captured packet begins with. The numbers are those of capture files (https://www.tcpdump.org/linktypes.html).</summary>
public enum LinkType : ushort
{
    /// <summary>BSD loopback: 4 bytes of address family in the writer's byte order.</summary>
    Null = 0,
    Ethernet = 1,

    /// <summary>IPv4 or IPv6, told apart by the version nibble; also what the live socket delivers.</summary>
    Raw = 101,

    /// <summary>OpenBSD loopback: as <see cref="Null"/>, in network byte order.</summary>
    Loop = 108,
    LinuxCooked = 113,
    IPv4 = 228,
    IPv6 = 229,
    LinuxCooked2 = 276,
}
