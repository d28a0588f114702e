using Postern.Keys.Ssh;

namespace Postern.Tests;

/// <summary>Signing and verifying by <c>ssh-keygen -Y</c>, the second opinion on every signature.</summary>
internal static class OpenSshSignatures
{
    public const string NameSpace = "spa@postern";

    /// <summary>The signature blob that ssh-keygen makes with the key file.</summary>
    public static byte[] Sign(this OpenSsh ssh, string keyFile, ReadOnlySpan<byte> message)
    {
        var file = ssh.Write("message-" + Guid.NewGuid(), message);
        ssh.Run("ssh-keygen", "-Y", "sign", "-f", keyFile, "-n", NameSpace, file);
        Assert.True(SshSigArmour.TryRead(File.ReadAllText(file + ".sig"), out _, out var nameSpace, out var signature));
        Assert.Equal(NameSpace, nameSpace);
        return signature;
    }

    /// <summary>What ssh-keygen says of a signature. <paramref name="options"/> are those of an allowed_signers line.</summary>
    public static bool Verifies(this OpenSsh ssh, SshPublicKey key, byte[] message, ReadOnlySpan<byte> signature, string options = "")
    {
        var name = Guid.NewGuid().ToString();
        var signers = ssh.Write(name + ".signers", System.Text.Encoding.ASCII.GetBytes($"me {options} {key}\n"));
        var file = ssh.Write(name + ".sig", System.Text.Encoding.ASCII.GetBytes(SshSigArmour.Write(key, NameSpace, signature)));
        return ssh.TryRun(message, "ssh-keygen", ["-Y", "verify", "-f", signers, "-I", "me", "-n", NameSpace, "-s", file], out _);
    }

    public static SshPublicKey PublicKey(this OpenSsh ssh, string keyFile)
    {
        Assert.True(SshPublicKey.TryParse(File.ReadAllText(keyFile + ".pub").TrimEnd('\n'), out var key));
        return key;
    }
}
