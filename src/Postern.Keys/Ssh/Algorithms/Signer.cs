using Postern.Keys.Ssh.Wire;

namespace Postern.Keys.Ssh.Algorithms;

/// <summary>A private key as its algorithm sees it: the other half of a <see cref="Verifier"/>. Not for several threads at once.</summary>
internal abstract class Signer : IDisposable
{
    /// <summary>What stands in the second string of a signature blob.</summary>
    public abstract byte[] Sign(ReadOnlySpan<byte> data);

    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    protected abstract void Dispose(bool disposing);

    /// <summary>
    /// Reads the fields of a private key that come after its type's name, as the agent's protocol and OpenSSH's files have them
    /// (draft-ietf-sshm-ssh-agent §3.2). Null where they are no key, or not this public key's.
    /// </summary>
    public static Signer? Read(SshPublicKey publicKey, ref SshReader fields) => publicKey.Type switch
    {
        SshKeyType.Ed25519 => Ed25519Signer.ReadFields(publicKey, ref fields),
        SshKeyType.EcdsaP256 => EcdsaP256Signer.ReadFields(publicKey, ref fields),
        SshKeyType.Rsa => RsaSigner.ReadFields(publicKey, ref fields),
        _ => null,
    };
}
