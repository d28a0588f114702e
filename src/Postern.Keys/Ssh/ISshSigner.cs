namespace Postern.Keys.Ssh;

/// <summary>Signs with an SSH private key, wherever it is: in a file, in an agent, on a security key that somebody has to touch.</summary>
public interface ISshSigner : IDisposable
{
    SshPublicKey PublicKey { get; }

    /// <summary>What the owner calls the key.</summary>
    string Comment { get; }

    /// <summary>
    /// The SSHSIG signature blob (PROTOCOL.sshsig: <c>string algorithm | string signature …</c>, hash SHA-512) of <paramref name="message"/> in this name space.
    /// It may take as long as a person takes.
    /// </summary>
    /// <exception cref="SshKeyException">The agent is locked or gone, or the key was not touched.</exception>
    byte[] Sign(string nameSpace, ReadOnlySpan<byte> message);
}
