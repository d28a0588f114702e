using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Postern.Keys.Fwknop;

/// <summary>Whole blocks through AES in each of fwknop's modes; what the runtime does not have (CTR, OFB) is made of its single blocks (NIST SP 800-38A §6).</summary>
internal static class AesBlocks
{
    private const int BlockSize = FwknopCipherKey.BlockSize;
    private const int FeedbackBits = 128;

    public static void Run(Aes aes, FwknopMode mode, ReadOnlySpan<byte> initial, ReadOnlySpan<byte> from, Span<byte> to, bool encrypt)
    {
        switch (mode)
        {
            case FwknopMode.Cbc or FwknopMode.Legacy when encrypt:
                aes.EncryptCbc(from, initial, to, PaddingMode.None);
                break;
            case FwknopMode.Cbc or FwknopMode.Legacy:
                aes.DecryptCbc(from, initial, to, PaddingMode.None);
                break;
            case FwknopMode.Cfb when encrypt:
                aes.EncryptCfb(from, initial, to, PaddingMode.None, FeedbackBits);
                break;
            case FwknopMode.Cfb:
                aes.DecryptCfb(from, initial, to, PaddingMode.None, FeedbackBits);
                break;
            case FwknopMode.Ecb when encrypt:
                aes.EncryptEcb(from, to, PaddingMode.None);
                break;
            case FwknopMode.Ecb:
                aes.DecryptEcb(from, to, PaddingMode.None);
                break;
            case FwknopMode.Ctr:
                Counter(aes, initial, from, to);
                break;
            case FwknopMode.Ofb:
                OutputFeedback(aes, initial, from, to);
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(mode), mode, "no mode of fwknop");
        }
    }

    private static void Counter(Aes aes, ReadOnlySpan<byte> initial, ReadOnlySpan<byte> from, Span<byte> to)
    {
        var counter = BinaryPrimitives.ReadUInt128BigEndian(initial);
        for (var at = 0; at < to.Length; at += BlockSize)
            BinaryPrimitives.WriteUInt128BigEndian(to[at..], unchecked(counter++));
        aes.EncryptEcb(to, to, PaddingMode.None);
        Mix(from, to);
    }

    private static void OutputFeedback(Aes aes, ReadOnlySpan<byte> initial, ReadOnlySpan<byte> from, Span<byte> to)
    {
        var before = initial;
        for (var at = 0; at < to.Length; at += BlockSize)
        {
            aes.EncryptEcb(before, to.Slice(at, BlockSize), PaddingMode.None);
            before = to.Slice(at, BlockSize);
        }

        Mix(from, to);
    }

    private static void Mix(ReadOnlySpan<byte> from, Span<byte> to)
    {
        for (var i = 0; i < to.Length; i++)
            to[i] ^= from[i];
    }
}
