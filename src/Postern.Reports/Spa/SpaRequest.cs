using System.Collections.Immutable;

namespace Postern.Reports.Spa;

/// <summary>What a client asks for, before it is signed.</summary>
/// <param name="Time">Nanoseconds since the Unix epoch; greater than in any request of this key and device before.</param>
/// <param name="GateId">Of the gate it is for.</param>
/// <param name="KeyHint">Of the key that signs it.</param>
/// <param name="Services">1 to 8 names, none twice.</param>
public sealed record SpaRequest(ulong Time, ulong GateId, ulong KeyHint, ImmutableArray<string> Services)
{
    /// <summary>Ends the grants instead of opening.</summary>
    public bool Close { get; init; }

    /// <summary>Who is to come in; <see cref="Reports.Address.None"/>: the source of the packet.</summary>
    public Address Address { get; init; }

    /// <summary>Of the connection that follows; 0: any.</summary>
    public ushort SourcePort { get; init; }

    /// <summary>0: the service's own time. With <see cref="Close"/> always 0.</summary>
    public uint Seconds { get; init; }

    public uint Device { get; init; }

    /// <summary>32 bytes, or none where no receipt is asked for.</summary>
    public ImmutableArray<byte> ReceiptKey { get; init; } = [];

    /// <summary>What rides along for the command of an action; empty: nothing.</summary>
    public string Data { get; init; } = "";

    public ClientSystem System { get; init; }
}
