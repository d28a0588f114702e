using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Postern.Keys.Sodium;

namespace Postern.Keys.Tests.Sodium;

/// <summary>Sealing by its parts makes what libsodium's own crypto_box_seal makes, and the other way round.</summary>
public sealed partial class SealedBoxTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(232)]
    [InlineData(1112)]
    public void What_libsodium_seals_opens(int length)
    {
        using var pair = BoxKeyPair.Generate();
        var message = RandomNumberGenerator.GetBytes(length);
        var @sealed = new byte[length + BoxPublicKey.SealOverhead];
        Assert.Equal(0, crypto_box_seal(@sealed, message, (ulong)length, pair.Public.Bytes));
        var opened = new byte[length];
        Assert.True(pair.TryOpen(@sealed, opened));
        Assert.Equal(message, opened);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(232)]
    [InlineData(1112)]
    public void What_we_seal_libsodium_opens(int length)
    {
        using var pair = BoxKeyPair.Generate();
        var message = RandomNumberGenerator.GetBytes(length);
        var @sealed = new byte[length + BoxPublicKey.SealOverhead];
        Assert.True(pair.Public.TrySeal(RandomNumberGenerator.GetBytes(BoxPublicKey.SeedSize), message, @sealed));
        var opened = new byte[length];
        Assert.Equal(0, crypto_box_seal_open(opened, @sealed, (ulong)@sealed.Length, pair.Public.Bytes, pair.Bytes));
        Assert.Equal(message, opened);
    }

    [Fact]
    public void Every_byte_counts()
    {
        using var pair = BoxKeyPair.Generate();
        using var other = BoxKeyPair.Generate();
        var @sealed = new byte[20 + BoxPublicKey.SealOverhead];
        pair.Public.TrySeal(RandomNumberGenerator.GetBytes(BoxPublicKey.SeedSize), new byte[20], @sealed);
        Assert.True(pair.TryOpen(@sealed, new byte[20]));
        Assert.False(other.TryOpen(@sealed, new byte[20]));
        for (var i = 0; i < @sealed.Length; i++)
        {
            @sealed[i] ^= 1;
            Assert.False(pair.TryOpen(@sealed, new byte[20]), $"byte {i}");
            @sealed[i] ^= 1;
        }
    }

    /// <summary>Points of small order: the shared secret would be the same for everybody.</summary>
    [Theory]
    [InlineData("0000000000000000000000000000000000000000000000000000000000000000")]
    [InlineData("0100000000000000000000000000000000000000000000000000000000000000")]
    [InlineData("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800")]
    public void Nothing_is_sealed_to_a_key_that_is_none(string key) =>
        Assert.False(BoxPublicKey.From(Convert.FromHexString(key)).TrySeal(new byte[BoxPublicKey.SeedSize], [1], new byte[1 + BoxPublicKey.SealOverhead]));

    [Fact]
    public void Secrets_that_are_gone_say_so()
    {
        var pair = BoxKeyPair.Generate();
        var bytes = pair.Bytes;
        pair.Dispose();
        Assert.False(bytes.ContainsAnyExcept((byte)0));
        Assert.Throws<ObjectDisposedException>(() => pair.TryOpen(new byte[BoxPublicKey.SealOverhead], []));
    }

    [LibraryImport("libsodium.so.23")]
    private static partial int crypto_box_seal(Span<byte> c, ReadOnlySpan<byte> m, ulong mlen, ReadOnlySpan<byte> pk);

    [LibraryImport("libsodium.so.23")]
    private static partial int crypto_box_seal_open(Span<byte> m, ReadOnlySpan<byte> c, ulong clen, ReadOnlySpan<byte> pk, ReadOnlySpan<byte> sk);
}
