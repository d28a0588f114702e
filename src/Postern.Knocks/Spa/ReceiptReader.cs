using System.Diagnostics.CodeAnalysis;
using Postern.Keys;
using Postern.Reports.Spa;

namespace Postern.Knocks.Spa;

/// <summary>Opens the receipt of one request. The writer is <see cref="ReceiptWriter"/>.</summary>
public static class ReceiptReader
{
    /// <summary>False for anything but the gate's answer to this very request: only the gate was told the receipt key.</summary>
    /// <param name="packet">A datagram from the address and port that the request went to.</param>
    /// <param name="outerKey">Of the gate secret.</param>
    /// <param name="receiptKey">The key pair made for the request.</param>
    /// <param name="requestTime">The time of the request.</param>
    /// <param name="receipt">What the gate says.</param>
    public static bool TryRead(ReadOnlySpan<byte> packet, OuterKey outerKey, BoxKeyPair receiptKey, ulong requestTime, [NotNullWhen(true)] out Receipt? receipt)
    {
        ArgumentNullException.ThrowIfNull(outerKey);
        ArgumentNullException.ThrowIfNull(receiptKey);
        Span<byte> box = stackalloc byte[ReceiptPacket.BoxSize];
        Span<byte> body = stackalloc byte[Receipt.Size];
        receipt = null;
        if (packet.Length != ReceiptPacket.Size
            || !outerKey.TryOpen(packet[..OuterKey.NonceSize], packet[OuterKey.NonceSize..], box)
            || !receiptKey.TryOpen(box, body)
            || !Receipt.TryRead(body, out var read)
            || read.RequestTime != requestTime)
            return false;
        receipt = read;
        return true;
    }
}
