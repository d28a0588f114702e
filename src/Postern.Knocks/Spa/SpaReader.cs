using Postern.Keys;
using Postern.Reports;
using Postern.Reports.Spa;

namespace Postern.Knocks.Spa;

/// <summary>Opens SPA packets, cheapest reject first. Not for several threads at once; allocates nothing. The writer is <see cref="SpaWriter"/>.</summary>
public sealed class SpaReader(OuterKey outerKey, BoxKeyPair gateKey)
{
    private readonly byte[] _box = new byte[SpaPacket.MaxRequest + BoxPublicKey.SealOverhead];
    private readonly byte[] _request = new byte[SpaPacket.MaxRequest];

    /// <summary>About 30 ns: whether the nonce of a packet bears the mark of this gate's secret. A packet without it may be genuine all the same: the client is an older one.</summary>
    public bool IsMarked(ReadOnlySpan<byte> packet) => outerKey.IsMarked(packet[..OuterKey.NonceSize]);

    /// <summary>About 0.4 µs: whether the packet is of one who knows the gate secret. Leaves the box inside, for <see cref="Open"/>.</summary>
    public Refusal OpenOuter(ReadOnlySpan<byte> packet, out ReadOnlyMemory<byte> box)
    {
        box = default;
        if (!SpaPacket.IsSize(packet.Length))
            return Refusal.WrongSize;
        var length = packet.Length - OuterKey.NonceSize - OuterKey.TagSize;
        if (!outerKey.TryOpen(packet[..OuterKey.NonceSize], packet[OuterKey.NonceSize..], _box.AsSpan(0, length)))
            return Refusal.Junk;
        box = _box.AsMemory(0, length);
        return Refusal.None;
    }

    /// <summary>About 35 µs: the request in the box, laid out as it must be. It lives until the next call, and is not proven: the signature is for the warden.</summary>
    public Refusal Open(ReadOnlyMemory<byte> box, out ReadOnlyMemory<byte> request)
    {
        request = default;
        var opened = _request.AsSpan(0, box.Length - BoxPublicKey.SealOverhead);
        if (!gateKey.TryOpen(box.Span, opened))
            return Refusal.NotSealedToUs;
        if (SignedRequest.Read(opened, out _) is var refusal and not Refusal.None)
            return refusal;
        request = _request.AsMemory(0, opened.Length);
        return Refusal.None;
    }
}
