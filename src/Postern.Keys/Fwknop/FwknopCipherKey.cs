using System.Security.Cryptography;

namespace Postern.Keys.Fwknop;

/// <summary>
/// The key that fwknop encrypts with: 1 to 32 bytes, a passphrase or random. Of it and of the salt in each packet AES-256 gets its key, by one round of
/// MD5 (OpenSSL's EVP_BytesToKey): whoever has a packet can try passphrases at full speed, so it should be random.
/// <code>
/// D1 = MD5(key ‖ salt)    D2 = MD5(D1 ‖ key ‖ salt)    D3 = MD5(D2 ‖ key ‖ salt)
/// AES key = D1 ‖ D2       initial value = D3
/// </code>
/// The plaintext is padded to whole blocks (PKCS#7) in every mode, the stream-like ones included.
/// </summary>
public sealed class FwknopCipherKey : SecretBytes
{
    public const int MaxSize = 32;
    public const int SaltSize = 8;
    public const int BlockSize = 16;

    /// <summary>Digits that every plaintext begins with: as many as a block holds.</summary>
    private const int FirstDigits = 16;

    private const int LegacySize = 16;
    private const int AesKeySize = 32;

    private FwknopCipherKey(ReadOnlySpan<byte> bytes) : base(bytes) { }

    /// <exception cref="ArgumentException">Not of 1 to 32 bytes.</exception>
    public static FwknopCipherKey From(ReadOnlySpan<byte> bytes) =>
        IsSize(bytes.Length) ? new(bytes) : throw new ArgumentException($"a key of fwknop has 1 to {MaxSize} bytes", nameof(bytes));

    public static bool IsSize(int length) => length is > 0 and <= MaxSize;

    public int Size => Bytes.Length;

    public void Export(Span<byte> bytes) => Bytes.CopyTo(bytes);

    /// <summary>The length of the plaintext; −1 where the ciphertext is not of whole blocks, or no padding is at its end: then the key is another.</summary>
    /// <param name="mode">Which the two ends agreed on.</param>
    /// <param name="salt">The <see cref="SaltSize"/> bytes in the packet.</param>
    /// <param name="ciphertext">What follows them.</param>
    /// <param name="destination">Room for as many bytes, elsewhere.</param>
    public int Decrypt(FwknopMode mode, ReadOnlySpan<byte> salt, ReadOnlySpan<byte> ciphertext, Span<byte> destination)
    {
        if (ciphertext.IsEmpty || ciphertext.Length % BlockSize != 0)
            return -1;
        var plaintext = destination[..ciphertext.Length];
        Blocks(mode, salt, ciphertext, plaintext, encrypt: false);
        var padding = (int)plaintext[^1];
        if (padding is 0 or > BlockSize || plaintext[^padding..].ContainsAnyExcept((byte)padding))
        {
            CryptographicOperations.ZeroMemory(plaintext);
            return -1;
        }

        return plaintext.Length - padding;
    }

    /// <summary>So long is the ciphertext of a plaintext.</summary>
    public static int LengthFor(int plaintext) => ((plaintext / BlockSize) + 1) * BlockSize;

    /// <summary>The length of the ciphertext: <see cref="LengthFor"/>.</summary>
    public int Encrypt(FwknopMode mode, ReadOnlySpan<byte> salt, ReadOnlySpan<byte> plaintext, Span<byte> destination)
    {
        using var padded = new SecretBuffer(LengthFor(plaintext.Length));
        plaintext.CopyTo(padded.Span);
        padded.Span[plaintext.Length..].Fill((byte)(padded.Span.Length - plaintext.Length));
        Blocks(mode, salt, padded.Span, destination[..padded.Span.Length], encrypt: true);
        return padded.Span.Length;
    }

    /// <summary>Whether the first block opens to 16 digits, as every packet of fwknop's does: one in 10^19 others would. For a gate that has nothing better to tell noise by.</summary>
    public bool OpensFirstBlock(FwknopMode mode, ReadOnlySpan<byte> salt, ReadOnlySpan<byte> ciphertext)
    {
        if (ciphertext.Length < BlockSize)
            return false;
        Span<byte> first = stackalloc byte[BlockSize];
        Blocks(mode, salt, ciphertext[..BlockSize], first, encrypt: false);
        var opens = !first[..FirstDigits].ContainsAnyExceptInRange((byte)'0', (byte)'9');
        CryptographicOperations.ZeroMemory(first);
        return opens;
    }

    private void Blocks(FwknopMode mode, ReadOnlySpan<byte> salt, ReadOnlySpan<byte> from, Span<byte> to, bool encrypt)
    {
        if (salt.Length != SaltSize)
            throw new ArgumentException($"a salt has {SaltSize} bytes", nameof(salt));
        using var key = new SecretBuffer(AesKeySize);
        Span<byte> initial = stackalloc byte[BlockSize];
        Derive(mode, salt, key.Span, initial);
        using var aes = Aes.Create();
        aes.Key = key.Array;
        AesBlocks.Run(aes, mode, initial, from, to, encrypt);
        CryptographicOperations.ZeroMemory(initial);
    }

    private void Derive(FwknopMode mode, ReadOnlySpan<byte> salt, Span<byte> key, Span<byte> initial)
    {
        // previous digest ‖ key ‖ salt
        Span<byte> input = stackalloc byte[MD5.HashSizeInBytes + MaxSize + SaltSize];
        var own = input[MD5.HashSizeInBytes..];
        var length = CopyKey(mode, own);
        salt.CopyTo(own[length..]);
        length += SaltSize;
        MD5.HashData(own[..length], key);
        key[..MD5.HashSizeInBytes].CopyTo(input);
        MD5.HashData(input[..(MD5.HashSizeInBytes + length)], key[MD5.HashSizeInBytes..]);
        key[MD5.HashSizeInBytes..].CopyTo(input);
        MD5.HashData(input[..(MD5.HashSizeInBytes + length)], initial);
        CryptographicOperations.ZeroMemory(input);
    }

    private int CopyKey(FwknopMode mode, Span<byte> to)
    {
        if (mode != FwknopMode.Legacy)
        {
            Bytes.CopyTo(to);
            return Bytes.Length;
        }

        to[..LegacySize].Fill((byte)'0');
        Bytes[..Math.Min(Bytes.Length, LegacySize)].CopyTo(to);
        return LegacySize;
    }
}
