using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;

namespace Postern.Keys.Knockknock;

/// <summary>
/// The two keys of a profile of knockknock, and what it makes of them: a keystream for each counter, which is AES-128 in counter mode (NIST SP 800-38A §6.5), and a MAC for each port.
/// <code>
/// keystream  12   the first bytes of AES-128(cipher key, 12 zero bytes ‖ counter 4)
/// mac        10   the first bytes of HMAC-SHA-1(MAC key, port 2)
/// </code>
/// Numbers are big-endian.
/// </summary>
public sealed class KnockknockKeys : IDisposable
{
    /// <summary>Of either key, in bytes.</summary>
    public const int KeySize = 16;

    /// <summary>Of both, one behind the other, as a <see cref="TokenSecret"/> holds them.</summary>
    public const int Size = KeySize + KeySize;

    public const int MacSize = 10;

    private const int BlockSize = 16;

    private readonly Aes _cipher = Aes.Create();
    private readonly byte[] _mac = GC.AllocateUninitializedArray<byte>(KeySize, pinned: true);

    /// <param name="secret">The cipher key, and behind it that of the MAC. It stays the caller's.</param>
    /// <exception cref="ArgumentException">Not of 32 bytes.</exception>
    public KnockknockKeys(TokenSecret secret)
    {
        ArgumentNullException.ThrowIfNull(secret);
        if (secret.Size != Size)
            throw new ArgumentException($"the keys of a profile of knockknock have {Size} bytes", nameof(secret));
        _cipher.SetKey(secret.Bytes[..KeySize]);
        secret.Bytes[KeySize..].CopyTo(_mac);
    }

    /// <summary>The lower 96 bits of the answer.</summary>
    public UInt128 Keystream(uint counter)
    {
        Span<byte> block = stackalloc byte[BlockSize];
        BinaryPrimitives.WriteUInt128BigEndian(block, counter);
        _cipher.EncryptEcb(block, block, PaddingMode.None);
        return BinaryPrimitives.ReadUInt128BigEndian(block) >> 32;
    }

    /// <summary>The lower 80 bits of the answer. Allocates nothing.</summary>
    [SuppressMessage("Security", "CA5350", Justification = "knockknock's; as an HMAC it is not broken")]
    public UInt128 Mac(ushort port)
    {
        Span<byte> text = stackalloc byte[sizeof(ushort)];
        Span<byte> mac = stackalloc byte[HMACSHA1.HashSizeInBytes];
        BinaryPrimitives.WriteUInt16BigEndian(text, port);
        HMACSHA1.HashData(_mac, text, mac);
        return BinaryPrimitives.ReadUInt128BigEndian(mac) >> (8 * (BlockSize - MacSize));
    }

    public void Dispose()
    {
        _cipher.Dispose();
        CryptographicOperations.ZeroMemory(_mac);
    }
}
