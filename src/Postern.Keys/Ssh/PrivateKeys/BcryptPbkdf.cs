using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Postern.Keys.Ssh.PrivateKeys;

/// <summary>
/// bcrypt_pbkdf(3) of OpenBSD, by which OpenSSH makes a key of a passphrase: PBKDF2 with bcrypt in the place of HMAC. It differs from PBKDF2 in that
/// the blocks of the result do not lie behind each other: byte i of block b is byte i × blocks + b.
/// </summary>
internal static class BcryptPbkdf
{
    private const int BlockSize = 32;
    private const int SaltRoom = 64;
    private const int Cost = 64;

    public static void Derive(ReadOnlySpan<byte> passphrase, ReadOnlySpan<byte> salt, uint rounds, Span<byte> key)
    {
        ArgumentOutOfRangeException.ThrowIfZero(rounds);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(salt.Length, SaltRoom, nameof(salt));
        using var blowfish = new Blowfish();
        Span<byte> passphraseHash = stackalloc byte[SHA512.HashSizeInBytes];
        Span<byte> sum = stackalloc byte[BlockSize];
        Span<byte> block = stackalloc byte[BlockSize];
        Span<byte> countedSalt = stackalloc byte[SaltRoom + sizeof(uint)];
        countedSalt = countedSalt[..(salt.Length + sizeof(uint))];
        salt.CopyTo(countedSalt);
        SHA512.HashData(passphrase, passphraseHash);

        var blocks = (key.Length + BlockSize - 1) / BlockSize;
        for (var b = 0; b < blocks; b++)
        {
            BinaryPrimitives.WriteInt32BigEndian(countedSalt[^sizeof(uint)..], b + 1);
            Hash(blowfish, passphraseHash, countedSalt, block);
            block.CopyTo(sum);
            for (var round = 1u; round < rounds; round++)
            {
                Hash(blowfish, passphraseHash, block, block);
                for (var i = 0; i < BlockSize; i++)
                    sum[i] ^= block[i];
            }

            for (int i = 0, at = b; i < BlockSize && at < key.Length; i++, at += blocks)
                key[at] = sum[i];
        }

        CryptographicOperations.ZeroMemory(passphraseHash);
        CryptographicOperations.ZeroMemory(sum);
        CryptographicOperations.ZeroMemory(block);
    }

    /// <summary>The last 32 bytes of bcrypt: its key schedule 64 times, then a text encrypted 64 times; the words come out little-endian.</summary>
    private static void Hash(Blowfish blowfish, ReadOnlySpan<byte> passphraseHash, ReadOnlySpan<byte> salt, Span<byte> block)
    {
        Span<byte> saltHash = stackalloc byte[SHA512.HashSizeInBytes];
        SHA512.HashData(salt, saltHash);
        blowfish.Reset();
        blowfish.Expand(passphraseHash, saltHash);
        for (var i = 0; i < Cost; i++)
        {
            blowfish.Expand(saltHash);
            blowfish.Expand(passphraseHash);
        }

        var text = "OxychromaticBlowfishSwatDynamite"u8;
        for (var at = 0; at < BlockSize; at += 8)
        {
            var pair = (Left: BinaryPrimitives.ReadUInt32BigEndian(text[at..]), Right: BinaryPrimitives.ReadUInt32BigEndian(text[(at + 4)..]));
            for (var i = 0; i < Cost; i++)
                pair = blowfish.Encrypt(pair.Left, pair.Right);
            BinaryPrimitives.WriteUInt32LittleEndian(block[at..], pair.Left);
            BinaryPrimitives.WriteUInt32LittleEndian(block[(at + 4)..], pair.Right);
        }

        CryptographicOperations.ZeroMemory(saltHash);
    }
}
