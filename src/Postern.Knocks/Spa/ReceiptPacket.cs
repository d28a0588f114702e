using Postern.Keys;
using Postern.Reports.Spa;

namespace Postern.Knocks.Spa;

/// <summary>
/// The shape of a receipt (spec/spa.md §9): one UDP datagram, smaller than any <see cref="SpaPacket"/>, so that nothing is won by having it sent to another.
/// <code>
///  0 24  nonce
/// 24  n  XChaCha20-Poly1305(outer key, nonce, box)           16 more than the box
///        box = crypto_box_seal(receipt key, body)            48 more than the body
/// </code>
/// The outer key is that of requests: it hides the one-time key of the box, which is not random bytes. A receipt cannot be taken for a packet or the other way
/// round, for no size is both.
/// </summary>
public static class ReceiptPacket
{
    public const int Size = SpaPacket.Overhead + Receipt.Size;

    internal const int BoxSize = BoxPublicKey.SealOverhead + Receipt.Size;
}
