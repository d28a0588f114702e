using System.Text;
using Postern.Keys.Sodium;

namespace Postern.Keys.Tests.Sodium;

public sealed class RfcVectorTests
{
    /// <summary>RFC 8032 §7.1.</summary>
    [Theory]
    [InlineData("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60", "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b")]
    [InlineData("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb", "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00")]
    [InlineData("c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7", "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a")]
    public void Ed25519_signs(string seed, string publicKey, string message, string signature)
    {
        var (computed, privateKey, made) = (new byte[32], new byte[64], new byte[64]);
        Ed25519.MakeKeyPair(Convert.FromHexString(seed), computed, privateKey);
        Assert.Equal(publicKey, Convert.ToHexStringLower(computed));
        Ed25519.Sign(privateKey, Convert.FromHexString(message), made);
        Assert.Equal(signature, Convert.ToHexStringLower(made));
        Assert.True(Ed25519.Verify(computed, Convert.FromHexString(message), made));
        Assert.True(Ed25519.IsUsable(computed));
        made[0] ^= 1;
        Assert.False(Ed25519.Verify(computed, Convert.FromHexString(message), made));
    }

    /// <summary>The same signature with S + L in the place of S: RFC 8032 §5.1.7 refuses it, many libraries did not.</summary>
    [Fact]
    public void Ed25519_has_one_signature()
    {
        var (publicKey, privateKey, signature) = (new byte[32], new byte[64], new byte[64]);
        Ed25519.MakeKeyPair(new byte[32], publicKey, privateKey);
        Ed25519.Sign(privateKey, [], signature);
        var order = (System.Numerics.BigInteger.One << 252) + System.Numerics.BigInteger.Parse("27742317777372353535851937790883648493");
        var s = new System.Numerics.BigInteger(signature.AsSpan(32), isUnsigned: true) + order;
        signature.AsSpan(32).Clear();
        Assert.True(s.TryWriteBytes(signature.AsSpan(32), out _, isUnsigned: true));
        Assert.False(Ed25519.Verify(publicKey, [], signature));
    }

    /// <summary>Under a key of small order one signature fits every message.</summary>
    [Theory]
    [InlineData("0000000000000000000000000000000000000000000000000000000000000000")]
    [InlineData("0100000000000000000000000000000000000000000000000000000000000000")]
    [InlineData("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f")]
    [InlineData("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a")]
    [InlineData("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05")]
    [InlineData("edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f")] // 0, not canonical
    [InlineData("eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f")] // 1, not canonical
    [InlineData("0200000000000000000000000000000000000000000000000000000000000000")] // no point
    public void Ed25519_keys_that_are_none(string key)
    {
        var publicKey = Convert.FromHexString(key);
        Assert.False(Ed25519.IsUsable(publicKey));
        var signature = new byte[64];
        signature[0] = 1;
        Assert.False(Ed25519.Verify(publicKey, "anything"u8, signature));
    }

    /// <summary>RFC 7693 appendix A, and the empty message, with and without a key, of BLAKE2's own vectors.</summary>
    [Theory]
    [InlineData("616263", "", "ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d17d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925ab92386edd4009923")]
    [InlineData("", "", "786a02f742015903c6c6fd852552d272912f4740e15847618a86e217f71f5419d25e1031afee585313896444934eb04b903a685b1448b755d56f701afe9be2ce")]
    [InlineData("", "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f",
        "10ebb67700b1868efb4417987acf4690ae9d972fb7a590c2f02871799aaa4786b5e996e8f0f4eb981fc214b005f42d2ff4233499391653df7aefcbc13fc51568")]
    public void Blake2b_hashes(string message, string key, string expected)
    {
        var hash = new byte[64];
        Blake2b.Hash(Convert.FromHexString(message), hash, Convert.FromHexString(key));
        Assert.Equal(expected, Convert.ToHexStringLower(hash));
    }

    /// <summary>draft-irtf-cfrg-xchacha-03 §A.3.1, without its additional data, which is not in use here: so the tag is another, and is not compared.</summary>
    [Fact]
    public void XChaCha20_encrypts()
    {
        var key = Enumerable.Range(0x80, 32).Select(i => (byte)i).ToArray();
        var nonce = Enumerable.Range(0x40, 24).Select(i => (byte)i).ToArray();
        var message = Encoding.ASCII.GetBytes("Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would be it.");
        var @sealed = new byte[message.Length + 16];
        AeadXChaCha20Poly1305.Seal(key, nonce, message, @sealed);
        Assert.Equal(
            "bd6d179d3e83d43b9576579493c0e939572a1700252bfaccbed2902c21396cbb731c7f1b0b4aa6440bf3a82f4eda7e39ae64c6708c54c216cb96b72e1213b4522f8c9ba40db5d945b11b69b982c1bb9e3f3fac2bc369488f76b2383565d3fff921f9664c97637da9768812f615c68b13b52e",
            Convert.ToHexStringLower(@sealed.AsSpan(0, message.Length)));
        var opened = new byte[message.Length];
        Assert.True(AeadXChaCha20Poly1305.TryOpen(key, nonce, @sealed, opened));
        Assert.Equal(message, opened);
        for (var i = 0; i < @sealed.Length; i++)
        {
            @sealed[i] ^= 1;
            Assert.False(AeadXChaCha20Poly1305.TryOpen(key, nonce, @sealed, opened));
            @sealed[i] ^= 1;
        }
    }

    /// <summary>RFC 7748 §6.1.</summary>
    [Fact]
    public void X25519_public_keys()
    {
        using var alice = BoxKeyPair.From(Convert.FromHexString("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a"));
        Assert.Equal("8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a", Convert.ToHexStringLower(alice.Public.Bytes));
    }

    [Fact]
    public void Wrong_sizes_reach_no_native_code()
    {
        Assert.Throws<InvalidOperationException>(() => Blake2b.Hash([], new byte[15]));
        Assert.Throws<InvalidOperationException>(() => Blake2b.Hash([], new byte[65]));
        Assert.Throws<InvalidOperationException>(() => Blake2b.Hash([], new byte[32], new byte[15]));
        Assert.Throws<InvalidOperationException>(() => Blake2b.Hash([], new byte[32], new byte[65]));
        Assert.Throws<InvalidOperationException>(() => AeadXChaCha20Poly1305.Seal(new byte[31], new byte[24], [], new byte[16]));
        Assert.Throws<InvalidOperationException>(() => AeadXChaCha20Poly1305.TryOpen(new byte[32], new byte[24], new byte[15], []));
        Assert.Throws<InvalidOperationException>(() => Box.TryOpen(new byte[32], new byte[32], new byte[47], []));
        Assert.Throws<InvalidOperationException>(() => Box.TrySeal(new byte[32], new byte[31], [], new byte[48]));
        Assert.Throws<InvalidOperationException>(() => Ed25519.Verify(new byte[32], [], new byte[63]));
    }
}
