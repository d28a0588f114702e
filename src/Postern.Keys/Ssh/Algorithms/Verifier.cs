using Postern.Keys.Ssh.Wire;

namespace Postern.Keys.Ssh.Algorithms;

/// <summary>A public key as its algorithm sees it. For any thread. What is not a signature is false, whatever its bytes.</summary>
internal abstract class Verifier
{
    /// <param name="data">What was signed, before any hash.</param>
    /// <param name="signature">What stands in the second string of a signature blob.</param>
    public abstract bool Verify(ReadOnlySpan<byte> data, ReadOnlySpan<byte> signature);

    /// <summary>Reads the fields of a public key that come after its type's name. Null where they are not a key that is accepted here.</summary>
    public static Verifier? Read(SshKeyType type, ref SshReader fields) => type switch
    {
        SshKeyType.Ed25519 or SshKeyType.SkEd25519 => Ed25519Verifier.Read(ref fields),
        SshKeyType.EcdsaP256 or SshKeyType.SkEcdsaP256 => EcdsaP256Verifier.Read(ref fields),
        _ => RsaVerifier.Read(ref fields),
    };
}
