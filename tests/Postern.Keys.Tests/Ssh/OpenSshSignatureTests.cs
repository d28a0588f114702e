using Postern.Keys.Ssh;
using Postern.Tests;
using static Postern.Tests.OpenSshSignatures;

namespace Postern.Keys.Tests.Ssh;

/// <summary>What the real ssh-keygen signs, we verify, and what we sign, it does; what it refuses, we refuse.</summary>
public sealed class OpenSshSignatureTests : IDisposable
{
    private readonly OpenSsh _ssh = new();

    private static readonly byte[] Message = "the message\n"u8.ToArray();

    public static TheoryData<string, string> Kinds => new()
    {
        { "ed25519", "" }, { "ecdsa", "256" }, { "rsa", "2048" }, { "rsa", "3072" }, { "rsa", "4096" },
    };

    public void Dispose() => _ssh.Dispose();

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Signed_by_ssh_keygen(string type, string bits)
    {
        var (file, key) = NewKey(type, bits);
        var signature = _ssh.Sign(file, Message);

        Assert.True(key.Verify(NameSpace, Message, signature));
        Assert.False(key.Verify("file", Message, signature));
        Assert.False(key.Verify(NameSpace, "the message"u8, signature));
        Assert.True(_ssh.Verifies(key, Message, signature));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Signed_by_us(string type, string bits)
    {
        var (file, publicKey) = NewKey(type, bits);
        using var key = SshPrivateKey.ReadFile(file, () => null);

        Assert.Equal(publicKey, key.PublicKey);
        Assert.Equal("key@test", key.Comment);
        var signature = key.Sign(NameSpace, Message);
        Assert.True(_ssh.Verifies(publicKey, Message, signature));
        Assert.False(_ssh.Verifies(publicKey, "another\n"u8.ToArray(), signature));
    }

    /// <summary>Not one bit of a signature may be otherwise, its framing included.</summary>
    [Theory]
    [MemberData(nameof(Kinds))]
    public void Every_bit_counts(string type, string bits)
    {
        var (file, key) = NewKey(type, bits);
        SignatureFaults.AssertExact(key, Message, _ssh.Sign(file, Message));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Keys_are_called_as_ssh_keygen_calls_them(string type, string bits)
    {
        var (file, key) = NewKey(type, bits);
        var line = File.ReadAllText(file + ".pub");
        Assert.StartsWith(key.ToString() + " ", line, StringComparison.Ordinal);
        Assert.Contains(" " + key.Fingerprint + " ", _ssh.Run("ssh-keygen", "-l", "-f", file + ".pub"), StringComparison.Ordinal);
        Assert.True(SshPublicKey.TryRead(key.Blob, out var again));
        Assert.Equal(key, again);
        Assert.Equal(key.GetHashCode(), again.GetHashCode());
    }

    /// <summary>Each is a real key of OpenSSH's, and none of ours.</summary>
    [Theory]
    [InlineData("ecdsa", "384")]
    [InlineData("ecdsa", "521")]
    [InlineData("rsa", "1024")]
    [InlineData("rsa", "2040")]
    [InlineData("rsa", "4104")]
    [InlineData("dsa", "1024")]
    public void Other_keys_are_none(string type, string bits)
    {
        var file = _ssh.NewKey("key", "", "-t", type, "-b", bits);
        Assert.False(SshPublicKey.TryParse(File.ReadAllText(file + ".pub").TrimEnd('\n'), out _));
    }

    [Fact]
    public void A_certificate_is_no_key()
    {
        var authority = _ssh.NewKey("authority", "", "-t", "ed25519");
        var file = _ssh.NewKey("key", "", "-t", "ed25519");
        _ssh.Run("ssh-keygen", "-q", "-s", authority, "-I", "id", "-n", "me", file + ".pub");
        Assert.False(SshPublicKey.TryParse(File.ReadAllText(file + "-cert.pub").TrimEnd('\n'), out _));
    }

    /// <summary>An RSA key signs with one algorithm: not with SHA-256, and never with SHA-1.</summary>
    [Fact]
    public void A_signature_of_another_algorithm_or_key_is_none()
    {
        var (rsaFile, rsa) = NewKey("rsa", "2048");
        var other = _ssh.NewKey("other", "", "-t", "ed25519");
        var signature = _ssh.Sign(rsaFile, Message);
        foreach (var name in new[] { "rsa-sha2-256", "ssh-rsa", "ssh-ed25519", "" })
            Assert.False(rsa.Verify(NameSpace, Message, [.. Named(name), .. signature.AsSpan(4 + "rsa-sha2-512".Length)]));
        Assert.False(rsa.Verify(NameSpace, Message, _ssh.Sign(other, Message)));
        Assert.False(_ssh.PublicKey(other).Verify(NameSpace, Message, signature));
    }

    private static byte[] Named(string name) => new Postern.Keys.Ssh.Wire.SshWriter().String(System.Text.Encoding.ASCII.GetBytes(name)).ToArray();

    private (string File, SshPublicKey Key) NewKey(string type, string bits)
    {
        var file = _ssh.NewKey("key", "", bits.Length == 0 ? ["-t", type] : ["-t", type, "-b", bits]);
        return (file, _ssh.PublicKey(file));
    }
}
