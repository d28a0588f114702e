using Postern.Keys;

namespace Postern.Knocks.Spa;

/// <summary>
/// The shape of an SPA packet (spec/spa.md §3): the payload of a UDP datagram, of an ICMP echo request, or of a TCP SYN.
/// <code>
///  0 24  nonce = chance(16) | SipHash-2-4(mark key, chance)(8)
/// 24  n  XChaCha20-Poly1305(outer key, nonce, box)           16 more than the box
///        box = crypto_box_seal(gate public key, request)     48 more than the request
/// </code>
/// </summary>
public static class SpaPacket
{
    public const int Overhead = OuterKey.NonceSize + OuterKey.TagSize + BoxPublicKey.SealOverhead;

    public const int MaxSize = 1200;

    public const int MaxRequest = MaxSize - Overhead;

    /// <summary>The sizes that a packet may have; so much fits the smallest IPv6 MTU (1280, RFC 8200 §5) with any carrier.</summary>
    public static ReadOnlySpan<int> Sizes => [320, 512, MaxSize];

    public static bool IsSize(int length) => length is 320 or 512 or MaxSize;
}
