using System.Security.Cryptography;
using System.Text;

namespace Postern.Keys.Tests;

public sealed class DigestTests
{
    /// <summary>FIPS 180-4, the example of one block.</summary>
    [Fact]
    public void It_is_SHA_256() =>
        Assert.Equal("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", Convert.ToHexStringLower(Digest.Sha256("abc"u8)));

    [Theory]
    [InlineData(0)]
    [InlineData(55)]
    [InlineData(56)]
    [InlineData(64)]
    [InlineData(10_000)]
    public void It_is_what_the_base_library_says(int length)
    {
        var message = Encoding.ASCII.GetBytes(new string('p', length));
        Assert.Equal(SHA256.HashData(message), Digest.Sha256(message));
    }

    [Fact]
    public void There_must_be_room_for_it() => Assert.Throws<ArgumentOutOfRangeException>(() => Digest.Sha256("abc"u8, new byte[Digest.Size - 1]));
}
