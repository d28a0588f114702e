namespace Postern.Packets;

/// <summary>Why a line of a log is no packet that anyone can knock with. A closed list: counter and test expectation.</summary>
public enum LogFault
{
    None = 0,

    /// <summary>No packet is in it. Most lines of a log are of this kind.</summary>
    OtherLine,

    /// <summary>It looks like a packet, and the log does not say that the kernel wrote it: a program may have.</summary>
    NotTheKernels,

    /// <summary>It ends, or goes on as something else, before it has said what every such line says.</summary>
    Cut,

    /// <summary>A number, an address or a length that no packet has.</summary>
    Impossible,

    /// <summary>A packet that this host sent.</summary>
    Outgoing,

    /// <summary>Of a kind that no knock is made of, or part of a fragmented one.</summary>
    OtherPacket,
}
