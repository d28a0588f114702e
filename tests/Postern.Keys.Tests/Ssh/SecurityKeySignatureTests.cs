using Postern.Keys.Ssh;
using Postern.Tests;
using static Postern.Tests.OpenSshSignatures;

namespace Postern.Keys.Tests.Ssh;

/// <summary>Signatures of security keys, made in software; ssh-keygen and we judge them.</summary>
public sealed class SecurityKeySignatureTests : IDisposable
{
    private const byte Present = 1;
    private const byte Verified = 4;

    private static readonly byte[] Message = "the message\n"u8.ToArray();

    private readonly OpenSsh _ssh = new();

    public void Dispose() => _ssh.Dispose();

    public static TheoryData<string, string> Kinds => new()
    {
        { "ed25519", "ssh:" }, { "ed25519", "ssh:postern" }, { "ecdsa", "ssh:" }, { "ecdsa", "ssh:postern" },
    };

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Both_take_what_was_touched(string type, string application)
    {
        var device = Device(type, application);
        foreach (var (flags, counter) in new[] { (Present, 0u), (Present, 7u), ((byte)(Present | Verified), uint.MaxValue) })
        {
            var signature = device.Sign(NameSpace, Message, flags, counter);
            Assert.True(device.PublicKey.Verify(NameSpace, Message, signature));
            Assert.True(_ssh.Verifies(device.PublicKey, Message, signature));
        }
    }

    /// <summary>ssh-keygen leaves it to the reader of allowed_signers; the signature itself is right.</summary>
    [Theory]
    [MemberData(nameof(Kinds))]
    public void What_nobody_touched_is_refused(string type, string application)
    {
        var device = Device(type, application);
        foreach (var flags in new byte[] { 0, Verified, 0xfe })
        {
            var signature = device.Sign(NameSpace, Message, flags, 1);
            Assert.False(device.PublicKey.Verify(NameSpace, Message, signature));
            Assert.False(device.PublicKey.SaysTouched(signature));
        }
    }

    /// <summary>Flags and counter are signed too.</summary>
    [Theory]
    [MemberData(nameof(Kinds))]
    public void Every_bit_counts(string type, string application)
    {
        var device = Device(type, application);
        SignatureFaults.AssertExact(device.PublicKey, Message, device.Sign(NameSpace, Message, Present | Verified, 42));
    }

    [Fact]
    public void A_signature_for_another_application_is_refused()
    {
        var device = SoftSecurityKey.Ed25519("ssh:one");
        var elsewhere = device.Blob.AsSpan().ToArray();
        elsewhere[^1] ^= 1;
        Assert.True(SshPublicKey.TryRead(elsewhere, out var key));
        Assert.False(key.Verify(NameSpace, Message, device.Sign(NameSpace, Message, Present, 1)));
    }

    [Fact]
    public void An_ordinary_signature_is_not_one_of_a_security_key()
    {
        var device = SoftSecurityKey.Ed25519();
        var file = _ssh.NewKey("key", "", "-t", "ed25519");
        Assert.False(device.PublicKey.Verify(NameSpace, Message, _ssh.Sign(file, Message)));
        Assert.False(_ssh.PublicKey(file).Verify(NameSpace, Message, device.Sign(NameSpace, Message, Present, 1)));
    }

    private static SoftSecurityKey Device(string type, string application) =>
        type == "ed25519" ? SoftSecurityKey.Ed25519(application) : SoftSecurityKey.Ecdsa(application);
}
