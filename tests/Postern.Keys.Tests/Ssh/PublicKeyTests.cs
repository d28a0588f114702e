using System.Numerics;
using System.Security.Cryptography;
using Postern.Keys.Ssh;
using Postern.Keys.Ssh.Wire;
using Postern.Tests;

namespace Postern.Keys.Tests.Ssh;

/// <summary>What is a public key, to the byte.</summary>
public sealed class PublicKeyTests
{
    private static readonly byte[] Point = NewPoint();

    public static TheoryData<string, byte[]> All => new()
    {
        { "ed25519", Ed25519() },
        { "sk-ed25519", SoftSecurityKey.Ed25519().Blob },
        { "ecdsa", Ecdsa(Point) },
        { "sk-ecdsa", SoftSecurityKey.Ecdsa().Blob },
        { "rsa", Rsa(2048) },
    };

    [Theory]
    [MemberData(nameof(All))]
    public void No_byte_less_and_none_more(string name, byte[] blob)
    {
        _ = name;
        Assert.True(SshPublicKey.TryRead(blob, out var key));
        Assert.Equal(blob, key.Blob);
        Assert.True(SshPublicKey.TryParse(key + " a comment", out var again));
        Assert.Equal(key, again);
        Assert.Equal(System.Buffers.Binary.BinaryPrimitives.ReadUInt64BigEndian(SHA256.HashData(blob)), key.Hint);
        for (var length = 0; length < blob.Length; length++)
            Assert.False(SshPublicKey.TryRead(blob.AsSpan(0, length), out _));
        Assert.False(SshPublicKey.TryRead([.. blob, 0], out _));
    }

    [Fact]
    public void Points_off_the_curve()
    {
        Assert.False(SshPublicKey.TryRead(Ecdsa([4, .. new byte[64]]), out _));
        for (var bit = 0; bit < Point.Length * 8; bit++)
        {
            var point = Point.AsSpan().ToArray();
            point[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.False(SshPublicKey.TryRead(Ecdsa(point), out _), $"bit {bit}");
        }

        Assert.False(SshPublicKey.TryRead(Ecdsa([(byte)(2 + (Point[^1] & 1)), .. Point[1..33]]), out _)); // compressed
        Assert.False(SshPublicKey.TryRead(Ecdsa([0]), out _)); // infinity
    }

    /// <summary>The same point, with a coordinate that is larger than the field: x = 5 has a small y² partner to try it with.</summary>
    [Fact]
    public void Coordinates_are_below_the_prime()
    {
        var prime = (BigInteger.One << 256) - (BigInteger.One << 224) + (BigInteger.One << 192) + (BigInteger.One << 96) - 1;
        var b = BigInteger.Parse("05ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b", System.Globalization.NumberStyles.HexNumber);
        for (BigInteger x = 0; ; x++)
        {
            var square = ((x * x * x) - (3 * x) + b + (3 * prime)) % prime;
            var y = BigInteger.ModPow(square, (prime + 1) / 4, prime);
            if (y * y % prime != square)
                continue;
            Assert.True(SshPublicKey.TryRead(Ecdsa([4, .. Wide(x), .. Wide(y)]), out _));
            Assert.False(SshPublicKey.TryRead(Ecdsa([4, .. Wide(x + prime), .. Wide(y)]), out _));
            return;
        }
    }

    [Theory]
    [InlineData("01", false)]
    [InlineData("03", true)]
    [InlineData("23", true)] // OpenSSH before 5.4
    [InlineData("010001", true)]
    [InlineData("010002", false)]
    [InlineData("00ffffffff", true)]
    [InlineData("ffffffff", false)] // negative
    [InlineData("0100000001", false)]
    [InlineData("0003", false)] // not the shortest
    [InlineData("", false)]
    [InlineData("00", false)]
    public void Exponents(string exponent, bool taken) =>
        Assert.Equal(taken, SshPublicKey.TryRead(new SshWriter().String("ssh-rsa"u8).String(Convert.FromHexString(exponent)).Positive(Modulus(2048)).ToArray(), out _));

    [Theory]
    [InlineData(2040, false)]
    [InlineData(2047, false)]
    [InlineData(2048, true)]
    [InlineData(2049, true)]
    [InlineData(4096, true)]
    [InlineData(4097, false)]
    [InlineData(16384, false)]
    public void Moduli(int bits, bool taken) => Assert.Equal(taken, SshPublicKey.TryRead(Rsa(bits), out _));

    [Fact]
    public void An_even_modulus() =>
        Assert.False(SshPublicKey.TryRead(new SshWriter().String("ssh-rsa"u8).Positive([1, 0, 1]).Positive([.. Modulus(2048)[..^1], 2]).ToArray(), out _));

    [Theory]
    [InlineData(0, false)]
    [InlineData(1, true)]
    [InlineData(255, true)]
    [InlineData(256, false)]
    public void Applications(int length, bool taken)
    {
        var blob = SoftSecurityKey.Ed25519("x").Blob.AsSpan()[..^5].ToArray();
        Assert.Equal(taken, SshPublicKey.TryRead([.. blob, .. new SshWriter().String(Enumerable.Repeat((byte)'a', length).ToArray()).ToArray()], out _));
        Assert.False(SshPublicKey.TryRead([.. blob, .. new SshWriter().String("a\0b"u8).ToArray()], out _));
    }

    [Theory]
    [InlineData("")]
    [InlineData("ssh-ed25519")]
    [InlineData("ssh-ed25519 ")]
    [InlineData("ssh-rsa {0}")]
    [InlineData("ssh-ed25519  {0}")]
    [InlineData(" ssh-ed25519 {0}")]
    [InlineData("SSH-ED25519 {0}")]
    [InlineData("ssh-ed25519 {0}=")]
    [InlineData("ssh-ed25519 {0}\n")]
    [InlineData("ssh-ed25519\t{0}")]
    public void Lines_that_are_none(string line) =>
        Assert.False(SshPublicKey.TryParse(string.Format(System.Globalization.CultureInfo.InvariantCulture, line, Convert.ToBase64String(Ed25519())), out _));

    /// <summary>The last letter before the padding has bits that mean nothing; the runtime's reader passes over them, and over white space.</summary>
    [Fact]
    public void Base64_has_one_form()
    {
        Assert.True(SshPublicKey.TryRead(Ecdsa(Point), out var key));
        var line = key.ToString();
        Assert.EndsWith("=", line, StringComparison.Ordinal);
        Assert.True(SshPublicKey.TryParse(line, out _));
        Assert.False(SshPublicKey.TryParse(line[..^2] + (char)(line[^2] + 1) + "=", out _));
        Assert.False(SshPublicKey.TryParse(line.Insert(line.Length - 8, "\n\n\n\n"), out _));
    }

    [Fact]
    public void Ecdsa_signatures_have_their_range()
    {
        using var ecdsa = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var q = ecdsa.ExportParameters(false).Q;
        Assert.True(SshPublicKey.TryRead(Ecdsa([4, .. q.X!, .. q.Y!]), out var key));
        var pair = ecdsa.SignData(SshSig.Data("spa@postern", [1]), HashAlgorithmName.SHA256);
        var (r, s) = (pair[..32], pair[32..]);
        var order = Convert.FromHexString("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551");
        Assert.True(Verify(new SshWriter().Positive(r).Positive(s)));
        Assert.False(Verify(new SshWriter().Positive([]).Positive(s)));
        Assert.False(Verify(new SshWriter().Positive(r).Positive([])));
        Assert.False(Verify(new SshWriter().Positive(order).Positive(s)));
        Assert.False(Verify(new SshWriter().Positive(r).Positive(order)));
        Assert.False(Verify(new SshWriter().Positive(r).Positive(Wide(new BigInteger(s, isUnsigned: true, isBigEndian: true) + new BigInteger(order, isUnsigned: true, isBigEndian: true)))));
        Assert.False(Verify(new SshWriter().Positive(r).String([0, 0, .. s])));
        Assert.False(Verify(new SshWriter().Positive(r).Positive(s).Byte(0)));
        Assert.False(Verify(new SshWriter().Raw(pair)));

        bool Verify(SshWriter inner) => key.Verify("spa@postern", [1], new SshWriter().String("ecdsa-sha2-nistp256"u8).String(inner.ToArray()).ToArray());
    }

    [Fact]
    public void Verifies_on_several_threads()
    {
        using var rsa = RSA.Create(2048);
        var p = rsa.ExportParameters(false);
        Assert.True(SshPublicKey.TryRead(new SshWriter().String("ssh-rsa"u8).Positive(p.Exponent).Positive(p.Modulus).ToArray(), out var key));
        var signature = new SshWriter().String("rsa-sha2-512"u8)
            .String(rsa.SignData(SshSig.Data("spa@postern", [1]), HashAlgorithmName.SHA512, RSASignaturePadding.Pkcs1)).ToArray();
        Parallel.For(0, 2000, i => Assert.Equal(i % 2 == 1, key.Verify("spa@postern", [(byte)(i % 2)], signature)));
    }

    [Fact]
    public void A_name_space_is_the_callers_constant()
    {
        Assert.True(SshPublicKey.TryRead(Ed25519(), out var key));
        var signature = new SshWriter().String("ssh-ed25519"u8).String(new byte[64]).ToArray();
        Assert.Throws<ArgumentException>(() => key.Verify("", [], signature));
        Assert.Throws<ArgumentException>(() => key.Verify("ü", [], signature));
        Assert.Throws<ArgumentException>(() => key.Verify(new string('x', 129), [], signature));
        Assert.False(key.Verify(new string('x', 128), [], signature));
    }

    internal static byte[] Ed25519()
    {
        var publicKey = new byte[32];
        Keys.Sodium.Ed25519.MakeKeyPair(RandomNumberGenerator.GetBytes(32), publicKey, new byte[64]);
        return new SshWriter().String("ssh-ed25519"u8).String(publicKey).ToArray();
    }

    private static byte[] NewPoint()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var q = key.ExportParameters(false).Q;
        return [4, .. q.X!, .. q.Y!];
    }

    private static byte[] Ecdsa(byte[] point) => new SshWriter().String("ecdsa-sha2-nistp256"u8).String("nistp256"u8).String(point).ToArray();

    private static byte[] Rsa(int bits) => new SshWriter().String("ssh-rsa"u8).Positive([1, 0, 1]).Positive(Modulus(bits)).ToArray();

    /// <summary>Odd, and of so many bits; no product of primes.</summary>
    private static byte[] Modulus(int bits) => ((BigInteger.One << (bits - 1)) + 1).ToByteArray(isUnsigned: true, isBigEndian: true);

    private static byte[] Wide(BigInteger number)
    {
        var wide = new byte[33];
        var bytes = number.ToByteArray(isUnsigned: true, isBigEndian: true);
        bytes.CopyTo(wide, 33 - bytes.Length);
        return wide[0] == 0 ? wide[1..] : wide;
    }
}
