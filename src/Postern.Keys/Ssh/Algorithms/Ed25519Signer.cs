using Postern.Keys.Sodium;
using Postern.Keys.Ssh.Wire;

namespace Postern.Keys.Ssh.Algorithms;

/// <summary><c>string public key (32) | string seed (32) public key (32)</c></summary>
internal sealed class Ed25519Signer : Signer
{
    private readonly SecretBuffer _privateKey;

    private Ed25519Signer(SecretBuffer privateKey) => _privateKey = privateKey;

    public static Ed25519Signer? ReadFields(SshPublicKey publicKey, ref SshReader fields)
    {
        if (!fields.TryString(Ed25519.PublicKeySize, out var point) || !fields.TryString(Ed25519.PrivateKeySize, out var privateKey)
            || !publicKey.Blob.SequenceEqual(new SshWriter().String(SshNames.Key(SshKeyType.Ed25519)).String(point).ToArray()))
            return null;
        Span<byte> computed = stackalloc byte[Ed25519.PublicKeySize];
        var made = new SecretBuffer(Ed25519.PrivateKeySize);
        Ed25519.MakeKeyPair(privateKey[..Ed25519.SeedSize], computed, made.Span);
        // A signature with a public key that is not the seed's gives the seed away.
        if (computed.SequenceEqual(point) && made.Span.SequenceEqual(privateKey))
            return new(made);
        made.Dispose();
        return null;
    }

    public override byte[] Sign(ReadOnlySpan<byte> data)
    {
        var signature = new byte[Ed25519.SignatureSize];
        Ed25519.Sign(_privateKey.Span, data, signature);
        return signature;
    }

    protected override void Dispose(bool disposing) => _privateKey.Dispose();
}
