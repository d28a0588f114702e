namespace Postern.Keys.Ssh;

public enum SshKeyType
{
    Ed25519,
    SkEd25519,
    EcdsaP256,
    SkEcdsaP256,
    Rsa,
}
