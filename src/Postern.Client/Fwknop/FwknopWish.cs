using System.Collections.Immutable;
using Postern.Reports;
using Postern.Reports.Fwknop;

namespace Postern.Client.Fwknop;

/// <summary>What is asked of a server of fwknop. Either ports or a command.</summary>
public sealed record FwknopWish
{
    /// <summary>One port each, in the order in which they are asked for.</summary>
    public ImmutableArray<PortRange> Access { get; init; } = [];

    /// <summary>To be run there; empty: none.</summary>
    public string Command { get; init; } = "";

    /// <summary>Where connections to the port are to be sent on to. With <see cref="IsLocal"/> it is the port of the server itself, and the host is only for show.</summary>
    public FwknopNat? Nat { get; init; }

    public bool IsLocal { get; init; }

    /// <summary>0: the server's own time.</summary>
    public int Seconds { get; init; }

    public required string User { get; init; }

    public FwknopInnerDigest Digest { get; init; } = FwknopInnerDigest.Sha256;

    public FwknopType Type => (Command.Length > 0, Nat, IsLocal, Seconds > 0) switch
    {
        (true, _, _, _) => FwknopType.Command,
        (_, null, _, false) => FwknopType.Access,
        (_, null, _, true) => FwknopType.TimedAccess,
        (_, _, true, false) => FwknopType.LocalNat,
        (_, _, true, true) => FwknopType.TimedLocalNat,
        (_, _, false, false) => FwknopType.Nat,
        (_, _, false, true) => FwknopType.TimedNat,
    };

    /// <param name="allow">Who is to come in; <see cref="Address.None"/>: the source of the packet.</param>
    /// <param name="time">Seconds since the Unix epoch.</param>
    /// <param name="random">16 decimal digits.</param>
    public FwknopMessage ToMessage(Address allow, long time, string random) => new()
    {
        Random = random,
        User = User,
        Time = time,
        Type = Type,
        Allow = allow,
        Ports = Command.Length > 0 ? [] : Access,
        Command = Command,
        Nat = FwknopMessage.HasNat(Type) ? Nat : null,
        Timeout = FwknopMessage.HasTimeout(Type) ? Seconds : 0,
        Digest = Digest,
    };
}

/// <summary>Where the server is to be found, and what it is told how.</summary>
public sealed record FwknopPath(FwknopTransport Transport, ushort Port)
{
    public const ushort UsualPort = 62_201;

    public static FwknopPath Usual => new(FwknopTransport.Udp, UsualPort);

    /// <summary>Which datagrams come from; 0: any. The other transports choose their own.</summary>
    public ushort SourcePort { get; init; }
}
