using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Postern.Keys.Ssh.PrivateKeys;

/// <summary>The ciphers of OpenSSH's key files that are known here: AES, with the key and then the IV from the passphrase.</summary>
internal sealed record KeyFileCipher(string Name, int KeySize, int IvSize, int TagSize, KeyFileCipher.Mode How)
{
    private const int BlockSize = 16;

    private static readonly KeyFileCipher[] All =
    [
        new("aes256-ctr", 32, BlockSize, 0, Mode.Counter),
        new("aes192-ctr", 24, BlockSize, 0, Mode.Counter),
        new("aes128-ctr", 16, BlockSize, 0, Mode.Counter),
        new("aes256-cbc", 32, BlockSize, 0, Mode.Chain),
        new("aes192-cbc", 24, BlockSize, 0, Mode.Chain),
        new("aes128-cbc", 16, BlockSize, 0, Mode.Chain),
        new("aes256-gcm@openssh.com", 32, 12, 16, Mode.Sealed),
        new("aes128-gcm@openssh.com", 16, 12, 16, Mode.Sealed),
    ];

    internal enum Mode
    {
        Counter,
        Chain,
        Sealed,
    }

    /// <summary>What the section is padded to.</summary>
    public static int Block => BlockSize;

    public static KeyFileCipher? Find(ReadOnlySpan<byte> name)
    {
        foreach (var cipher in All)
        {
            if (System.Text.Ascii.Equals(name, cipher.Name))
                return cipher;
        }

        return null;
    }

    /// <summary>False where the section is sealed, and not with this key. The other modes cannot tell.</summary>
    /// <param name="keyAndIv">Of <see cref="KeySize"/> and <see cref="IvSize"/>.</param>
    /// <param name="section">Whole blocks.</param>
    /// <param name="tag">Of <see cref="TagSize"/>.</param>
    /// <param name="plain">As long as the section.</param>
    public bool TryDecrypt(ReadOnlySpan<byte> keyAndIv, ReadOnlySpan<byte> section, ReadOnlySpan<byte> tag, Span<byte> plain)
    {
        var key = keyAndIv[..KeySize];
        var iv = keyAndIv[KeySize..];
        if (How == Mode.Sealed)
            return TryUnseal(key, iv, section, tag, plain);
        using var aes = Aes.Create();
        aes.SetKey(key);
        if (How == Mode.Chain)
            aes.DecryptCbc(section, iv, plain, PaddingMode.None);
        else
            Count(aes, iv, section, plain);
        return true;
    }

    private static bool TryUnseal(ReadOnlySpan<byte> key, ReadOnlySpan<byte> iv, ReadOnlySpan<byte> section, ReadOnlySpan<byte> tag, Span<byte> plain)
    {
        using var aes = new AesGcm(key, tag.Length);
        try
        {
            aes.Decrypt(iv, section, tag, plain);
            return true;
        }
        catch (AuthenticationTagMismatchException)
        {
            return false;
        }
    }

    /// <summary>CTR (SP 800-38A §6.5): the counter is the whole block, big-endian (RFC 4344 §4).</summary>
    private static void Count(Aes aes, ReadOnlySpan<byte> iv, ReadOnlySpan<byte> section, Span<byte> plain)
    {
        var counter = BinaryPrimitives.ReadUInt128BigEndian(iv);
        for (var at = 0; at < section.Length; at += BlockSize)
            BinaryPrimitives.WriteUInt128BigEndian(plain[at..], unchecked(counter++));
        using var stream = new SecretBuffer(section.Length);
        aes.EncryptEcb(plain, stream.Span, PaddingMode.None);
        for (var i = 0; i < section.Length; i++)
            plain[i] = (byte)(section[i] ^ stream.Span[i]);
    }
}
