namespace Postern.Reports.Tokens;

/// <summary>By which method a token was made. Its number stands in the token, and so in the ledger's marks.</summary>
public enum TokenMethod : byte
{
    /// <summary>A sequence that follows from a secret and the time.</summary>
    Rolling = 1,

    /// <summary>A token written in port numbers.</summary>
    Ports = 2,

    /// <summary>A token in the headers of a connection's first segment.</summary>
    Syn = 3,

    /// <summary>A token in the data of an echo request.</summary>
    Icmp = 4,

    /// <summary>A packet of knockknock, which has a counter and no time.</summary>
    Knockknock = 5,
}
