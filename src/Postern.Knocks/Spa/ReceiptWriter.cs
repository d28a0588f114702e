using System.Diagnostics.CodeAnalysis;
using Postern.Keys;
using Postern.Reports.Spa;

namespace Postern.Knocks.Spa;

/// <summary>Seals receipts. When one may be sent at all, spec/spa.md §9 says. The reader is <see cref="ReceiptReader"/>.</summary>
public static class ReceiptWriter
{
    /// <summary>Random bytes that a receipt takes: a nonce and the seed of a one-time key. Never used twice.</summary>
    public const int ChanceSize = SpaWriter.ChanceSize;

    /// <summary>False where nothing can be sealed to the receipt key that the client sent (a point of small order): then there is no receipt.</summary>
    /// <param name="receipt">What to say.</param>
    /// <param name="outerKey">Of the gate secret.</param>
    /// <param name="receiptKey">Of the request, <see cref="SignedRequest.ReceiptKey"/>.</param>
    /// <param name="chance"><see cref="ChanceSize"/> random bytes.</param>
    /// <param name="packet">What to send, <see cref="ReceiptPacket.Size"/> bytes.</param>
    public static bool TryWrite(Receipt receipt, OuterKey outerKey, ReadOnlySpan<byte> receiptKey, ReadOnlySpan<byte> chance, [NotNullWhen(true)] out byte[]? packet)
    {
        ArgumentNullException.ThrowIfNull(receipt);
        ArgumentNullException.ThrowIfNull(outerKey);
        if (chance.Length != ChanceSize)
            throw new ArgumentException($"a receipt takes {ChanceSize} random bytes", nameof(chance));
        Span<byte> body = stackalloc byte[Receipt.Size];
        Span<byte> box = stackalloc byte[ReceiptPacket.BoxSize];
        receipt.Write(body);
        packet = null;
        if (!BoxPublicKey.From(receiptKey).TrySeal(chance[OuterKey.NonceSize..], body, box))
            return false;
        packet = new byte[ReceiptPacket.Size];
        chance[..OuterKey.NonceSize].CopyTo(packet);
        outerKey.Seal(chance[..OuterKey.NonceSize], box, packet.AsSpan(OuterKey.NonceSize));
        return true;
    }
}
