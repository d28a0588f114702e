using System.Collections.Immutable;

namespace Postern.Reports.Fwknop;

/// <summary>What a packet of fwknop asks for, by fwknop's own numbers (lib/fko.h).</summary>
public enum FwknopType : byte
{
    Command = 0,
    Access = 1,
    Nat = 2,
    TimedAccess = 3,
    TimedNat = 4,
    LocalNat = 5,
    TimedLocalNat = 6,
}

/// <summary>Where a NAT request wants its connections to go. The host is an address or a name, as the client wrote it: nobody has looked it up.</summary>
public readonly record struct FwknopNat(string Host, ushort Port)
{
    /// <summary>False where the host is a name.</summary>
    public bool TryGetAddress(out Address address) => Address.TryParse(Host, out address);

    public override string ToString() => FormattableString.Invariant($"{Host},{Port}");
}

/// <summary>
/// The plaintext of a packet of fwknop 2.x:
/// <code>
/// body   = random ":" user ":" time ":" version ":" type ":" message [":" nat] [":" server auth] [":" timeout]
/// whole  = body ":" digest of the body
/// </code>
/// User, message, nat, server auth and digest are base64 without padding. The message is <c>address,tcp/22,udp/53</c> or, of
/// <see cref="FwknopType.Command"/>, <c>address,command</c>; nat is <c>host,port</c>. Read by <see cref="FwknopMessageReader"/>, written by <see cref="FwknopMessageWriter"/>.
/// </summary>
public sealed record FwknopMessage
{
    /// <summary>So many bytes does the body have at most, for a reader; what servers take is less.</summary>
    public const int MaxBody = 1499;

    public const int RandomSize = 16;

    /// <summary>What clients say since 2.0.</summary>
    public const string UsualVersion = "3.0.0";

    /// <summary>The longest time-out that a client can ask for.</summary>
    public const int MaxTimeout = 65_536;

    /// <summary>16 decimal digits.</summary>
    public required string Random { get; init; }

    public required string User { get; init; }

    /// <summary>Seconds since the Unix epoch, by the client's clock.</summary>
    public required long Time { get; init; }

    public string Version { get; init; } = UsualVersion;

    public required FwknopType Type { get; init; }

    /// <summary>Who is to come in: IPv4. <see cref="Address.None"/>: the source of the packet (written 0.0.0.0).</summary>
    public required Address Allow { get; init; }

    /// <summary>What is to be opened, in the order of the request; one port each. Empty of a command.</summary>
    public ImmutableArray<PortRange> Ports { get; init; } = [];

    /// <summary>Empty unless the type is <see cref="FwknopType.Command"/>.</summary>
    public string Command { get; init; } = "";

    /// <summary>Of the NAT types only.</summary>
    public FwknopNat? Nat { get; init; }

    /// <summary>What no client sends and no server heeds.</summary>
    public string? ServerAuth { get; init; }

    /// <summary>Seconds; of the timed types only. 0: the server's own time.</summary>
    public int Timeout { get; init; }

    public FwknopInnerDigest Digest { get; init; } = FwknopInnerDigest.Sha256;

    public static bool HasNat(FwknopType type) => type is FwknopType.Nat or FwknopType.TimedNat or FwknopType.LocalNat or FwknopType.TimedLocalNat;

    public static bool HasTimeout(FwknopType type) => type is FwknopType.TimedAccess or FwknopType.TimedNat or FwknopType.TimedLocalNat;

    /// <summary><see cref="FwknopMessageReader.Read"/>.</summary>
    public static Refusal Read(ReadOnlySpan<byte> plaintext, out FwknopMessage? message) => FwknopMessageReader.Read(plaintext, out message);
}
