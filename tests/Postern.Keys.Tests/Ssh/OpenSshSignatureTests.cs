using Postern.Keys.Ssh;
using Postern.Tests;

namespace Postern.Keys.Tests.Ssh;

/// <summary>What the real ssh-keygen signs, we verify; and what it did not sign, we refuse.</summary>
public sealed class OpenSshSignatureTests : IDisposable
{
    private const string NameSpace = "spa@postern";

    private readonly OpenSsh _ssh = new();

    public static TheoryData<string, string> Kinds => new()
    {
        { "ed25519", "" }, { "ecdsa", "256" }, { "rsa", "2048" }, { "rsa", "3072" }, { "rsa", "4096" },
    };

    public void Dispose() => _ssh.Dispose();

    [Theory]
    [MemberData(nameof(Kinds))]
    public void What_ssh_keygen_signs_verifies(string type, string bits)
    {
        var key = NewKey(type, bits);
        var message = "the message\n"u8.ToArray();
        var signature = Sign(key, message);

        Assert.True(key.Verify(NameSpace, message, signature));
        Assert.False(key.Verify("file", message, signature));
        Assert.False(key.Verify(NameSpace, "the message"u8, signature));
    }

    private SshPublicKey NewKey(string type, string bits)
    {
        _ssh.NewKey("key", "", bits.Length == 0 ? ["-t", type] : ["-t", type, "-b", bits]);
        var line = File.ReadAllText(_ssh.File("key.pub")).TrimEnd('\n');
        Assert.True(SshPublicKey.TryParse(line, out var key));
        Assert.StartsWith(key.ToString() + " ", line, StringComparison.Ordinal);
        Assert.Contains(key.Fingerprint, _ssh.Run("ssh-keygen", "-l", "-f", _ssh.File("key.pub")), StringComparison.Ordinal);
        return key;
    }

    private byte[] Sign(SshPublicKey key, byte[] message)
    {
        _ssh.Write("message", message);
        _ssh.Run("ssh-keygen", "-Y", "sign", "-f", _ssh.File("key"), "-n", NameSpace, _ssh.File("message"));
        Assert.True(SshSigArmour.TryRead(File.ReadAllText(_ssh.File("message.sig")), out var signer, out var nameSpace, out var signature));
        Assert.Equal(key, signer);
        Assert.Equal(NameSpace, nameSpace);
        return signature;
    }
}
