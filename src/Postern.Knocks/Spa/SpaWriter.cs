using Postern.Keys;
using Postern.Reports.Spa;

namespace Postern.Knocks.Spa;

/// <summary>Makes an SPA packet of a request that is signed. The reader is <see cref="SpaReader"/>.</summary>
public static class SpaWriter
{
    /// <summary>Random bytes that a packet takes: a nonce and the seed of a one-time key. Never used twice.</summary>
    public const int ChanceSize = OuterKey.NonceSize + BoxPublicKey.SeedSize;

    /// <summary>The smallest size that holds the request and its signature; 0 where none does.</summary>
    public static int SizeFor(int unsigned, int signature)
    {
        foreach (var size in SpaPacket.Sizes)
        {
            if (unsigned + 2 + signature <= size - SpaPacket.Overhead)
                return size;
        }

        return 0;
    }

    /// <summary>The packet, of exactly <paramref name="size"/> bytes.</summary>
    /// <param name="unsigned">Of <see cref="SpaRequestWriter.WriteUnsigned"/>.</param>
    /// <param name="signature">The SSHSIG signature blob of it.</param>
    /// <param name="size">One of <see cref="SpaPacket.Sizes"/>, from <see cref="SizeFor"/> on.</param>
    /// <param name="outerKey">Of the gate secret.</param>
    /// <param name="gateKey">To which the request is sealed.</param>
    /// <param name="chance"><see cref="ChanceSize"/> random bytes.</param>
    /// <exception cref="ArgumentException">It does not fit, or the gate's key is none.</exception>
    public static byte[] Write(ReadOnlySpan<byte> unsigned, ReadOnlySpan<byte> signature, int size, OuterKey outerKey, BoxPublicKey gateKey, ReadOnlySpan<byte> chance)
    {
        ArgumentNullException.ThrowIfNull(outerKey);
        ArgumentNullException.ThrowIfNull(gateKey);
        if (!SpaPacket.IsSize(size) || chance.Length != ChanceSize)
            throw new ArgumentException("no size of an SPA packet, or not the random bytes for one", nameof(size));
        var request = new byte[size - SpaPacket.Overhead];
        if (!SpaRequestWriter.TryWrite(unsigned, signature, request))
            throw new ArgumentException($"the request does not fit a packet of {size} bytes", nameof(size));

        var box = new byte[request.Length + BoxPublicKey.SealOverhead];
        if (!gateKey.TrySeal(chance[OuterKey.NonceSize..], request, box))
            throw new ArgumentException("the gate's public key is not one that anything can be sealed to", nameof(gateKey));
        var packet = new byte[size];
        var nonce = packet.AsSpan(0, OuterKey.NonceSize);
        chance[..OuterKey.NonceSize].CopyTo(nonce);
        outerKey.Mark(nonce);
        outerKey.Seal(nonce, box, packet.AsSpan(OuterKey.NonceSize));
        return packet;
    }
}
