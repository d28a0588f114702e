using System.Diagnostics;
using System.Text;
using Postern.Keys.Fwknop;
using Postern.Tests;

namespace Postern.Keys.Tests.Fwknop;

/// <summary>The keys of fwknop: what they open, what they do not, and that nothing of them is seen. The derivation is OpenSSL's own.</summary>
public sealed class FwknopKeyTests
{
    private static readonly byte[] Salt = [1, 2, 3, 4, 5, 6, 7, 8];

    public static TheoryData<FwknopMode, int> Modes
    {
        get
        {
            var all = new TheoryData<FwknopMode, int>();
            foreach (var mode in Enum.GetValues<FwknopMode>())
            {
                foreach (var length in (int[])[0, 1, 15, 16, 17, 255, 287])
                    all.Add(mode, length);
            }

            return all;
        }
    }

    [Theory]
    [MemberData(nameof(Modes))]
    public void What_is_encrypted_is_decrypted(FwknopMode mode, int length)
    {
        using var key = FwknopCipherKey.From("correct horse battery"u8);
        var plain = Enumerable.Range(0, length).Select(i => (byte)(i * 7)).ToArray();
        var sealedBytes = new byte[FwknopCipherKey.LengthFor(length)];
        Assert.Equal(sealedBytes.Length, key.Encrypt(mode, Salt, plain, sealedBytes));
        var opened = new byte[sealedBytes.Length];
        Assert.Equal(length, key.Decrypt(mode, Salt, sealedBytes, opened));
        Assert.Equal(plain, opened.AsSpan(0, length).ToArray());
    }

    [Theory]
    [InlineData(FwknopMode.Cbc, "aes-256-cbc", false)]
    [InlineData(FwknopMode.Ecb, "aes-256-ecb", false)]
    [InlineData(FwknopMode.Ctr, "aes-256-ctr", true)]
    [InlineData(FwknopMode.Ofb, "aes-256-ofb", true)]
    [InlineData(FwknopMode.Cfb, "aes-256-cfb", true)]
    public void Openssl_opens_it(FwknopMode mode, string cipher, bool keepsPadding)
    {
        Needs.Program("openssl");
        using var key = FwknopCipherKey.From("correct horse battery"u8);
        var plain = "0123456789012345:what openssl reads"u8.ToArray();
        var sealedBytes = new byte[FwknopCipherKey.LengthFor(plain.Length)];
        key.Encrypt(mode, Salt, plain, sealedBytes);

        var start = new ProcessStartInfo("openssl", ["enc", "-d", "-" + cipher, "-md", "md5", "-pass", "pass:correct horse battery"]) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        using var process = Process.Start(start)!;
        process.StandardInput.BaseStream.Write([.. "Salted__"u8, .. Salt, .. sealedBytes]);
        process.StandardInput.Close();
        using var output = new MemoryStream();
        process.StandardOutput.BaseStream.CopyTo(output);
        Assert.True(process.WaitForExit(20_000));
        var opened = output.ToArray();
        Assert.Equal(Encoding.ASCII.GetString(plain), Encoding.ASCII.GetString(keepsPadding ? opened[..^opened[^1]] : opened));
    }

    [Fact]
    public void Another_key_another_mode_another_salt_and_broken_padding_do_not_open()
    {
        using var key = FwknopCipherKey.From("one"u8);
        using var other = FwknopCipherKey.From("two"u8);
        var (sealedBytes, opened) = (new byte[32], new byte[32]);
        key.Encrypt(FwknopMode.Cbc, Salt, "0123456789012345:x"u8, sealedBytes);
        Assert.True(key.OpensFirstBlock(FwknopMode.Cbc, Salt, sealedBytes));
        Assert.False(other.OpensFirstBlock(FwknopMode.Cbc, Salt, sealedBytes));
        Assert.False(key.OpensFirstBlock(FwknopMode.Ctr, Salt, sealedBytes));
        Assert.False(key.OpensFirstBlock(FwknopMode.Cbc, [1, 2, 3, 4, 5, 6, 7, 9], sealedBytes));
        Assert.False(key.OpensFirstBlock(FwknopMode.Cbc, Salt, sealedBytes.AsSpan(0, 15)));
        Assert.Equal(-1, key.Decrypt(FwknopMode.Cbc, Salt, sealedBytes.AsSpan(0, 31), opened));
        Assert.Equal(-1, key.Decrypt(FwknopMode.Cbc, Salt, [], opened));
        Assert.Equal(-1, key.Decrypt(FwknopMode.Cbc, Salt, sealedBytes.AsSpan(0, 16), opened)); // ends in digits, which are no padding
        Assert.All(opened.Take(16), b => Assert.Equal(0, b));
    }

    [Fact]
    public void A_legacy_key_is_cut_or_filled_to_16_bytes()
    {
        using var cut = FwknopCipherKey.From("0123456789abcdefghij"u8);
        using var exact = FwknopCipherKey.From("0123456789abcdef"u8);
        using var shorter = FwknopCipherKey.From("0123"u8);
        using var filled = FwknopCipherKey.From("0123000000000000"u8);
        Assert.Equal(Sealed(exact, FwknopMode.Cbc), Sealed(cut, FwknopMode.Legacy));
        Assert.Equal(Sealed(filled, FwknopMode.Cbc), Sealed(shorter, FwknopMode.Legacy));
    }

    [Fact]
    public void Keys_have_their_sizes()
    {
        Assert.Throws<ArgumentException>(() => FwknopCipherKey.From([]));
        Assert.Throws<ArgumentException>(() => FwknopCipherKey.From(new byte[33]));
        Assert.Throws<ArgumentException>(() => FwknopMacKey.From([], FwknopDigest.Sha256));
        Assert.Throws<ArgumentException>(() => FwknopMacKey.From(new byte[129], FwknopDigest.Sha256));
    }

    [Fact]
    public void A_tag_is_verified_whole()
    {
        foreach (var digest in Enum.GetValues<FwknopDigest>())
        {
            using var key = FwknopMacKey.From("hmac key"u8, digest);
            var tag = new byte[key.TagSize];
            Assert.Equal(tag.Length, key.Write("text"u8, tag));
            Assert.True(key.Verify("text"u8, tag));
            Assert.False(key.Verify("texT"u8, tag));
            Assert.False(key.Verify("text"u8, tag.AsSpan(1)));
            Assert.False(key.Verify("text"u8, []));
            tag[^1] ^= 1;
            Assert.False(key.Verify("text"u8, tag));
        }
    }

    [Fact]
    public void Verifying_allocates_nothing()
    {
        FwknopCrypto.Warm();
        using var key = FwknopMacKey.From("hmac key"u8, FwknopDigest.Sha256);
        var (text, tag) = (new byte[200], new byte[32]);
        key.Verify(text, tag);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 100; i++)
            key.Verify(text, tag);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Fact]
    public void Digests_and_modes_are_read_as_fwknop_writes_them()
    {
        foreach (var (word, digest) in ((string, FwknopDigest)[])[("md5", FwknopDigest.Md5), ("SHA256", FwknopDigest.Sha256), ("SHA3_256", FwknopDigest.Sha3_256), ("sha3-512", FwknopDigest.Sha3_512)])
            Assert.Equal((true, digest), (FwknopDigests.TryParse(word, out var read), read));
        Assert.False(FwknopDigests.TryParse("sha", out _));
        Assert.Equal((true, FwknopMode.Legacy), (FwknopModes.TryParse("legacy", out var mode), mode));
        Assert.False(FwknopModes.TryParse("pcbc", out _));
        Assert.Equal([22, 27, 43, 64, 86, 43, 86], Enum.GetValues<FwknopDigest>().Select(FwknopDigests.TextLengthOf));
    }

    private static byte[] Sealed(FwknopCipherKey key, FwknopMode mode)
    {
        var bytes = new byte[32];
        key.Encrypt(mode, Salt, "0123456789012345:x"u8, bytes);
        return bytes;
    }
}
