using Postern.Keys.Sodium;
using Postern.Keys.Ssh.Wire;

namespace Postern.Keys.Ssh.Algorithms;

/// <summary>Ed25519 (RFC 8032, RFC 8709): <c>string public key (32)</c>, signature of 64 bytes.</summary>
internal sealed class Ed25519Verifier : Verifier
{
    private readonly byte[] _publicKey;

    private Ed25519Verifier(ReadOnlySpan<byte> publicKey) => _publicKey = publicKey.ToArray();

    public static Ed25519Verifier? Read(ref SshReader fields) =>
        fields.TryString(Ed25519.PublicKeySize, out var publicKey) && Ed25519.IsUsable(publicKey) ? new(publicKey) : null;

    public override bool Verify(ReadOnlySpan<byte> data, ReadOnlySpan<byte> signature) =>
        signature.Length == Ed25519.SignatureSize && Ed25519.Verify(_publicKey, data, signature);
}
