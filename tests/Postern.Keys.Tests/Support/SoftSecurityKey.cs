using System.Buffers.Binary;
using System.Security.Cryptography;
using Postern.Keys.Sodium;
using Postern.Keys.Ssh;
using Postern.Keys.Ssh.Wire;

namespace Postern.Tests;

/// <summary>What a FIDO device does (PROTOCOL.u2f), without the device, and with flags of the test's choice.</summary>
internal sealed class SoftSecurityKey
{
    private readonly Func<byte[], byte[]> _sign;
    private readonly byte[] _application;
    private readonly string _name;

    private SoftSecurityKey(string name, byte[] fields, string application, Func<byte[], byte[]> sign)
    {
        _name = name;
        _application = System.Text.Encoding.UTF8.GetBytes(application);
        _sign = sign;
        Blob = new SshWriter().String(System.Text.Encoding.ASCII.GetBytes(name)).Raw(fields).String(_application).ToArray();
        Assert.True(SshPublicKey.TryRead(Blob, out var key));
        PublicKey = key;
    }

    public byte[] Blob { get; }

    public SshPublicKey PublicKey { get; }

    public static SoftSecurityKey Ed25519(string application = "ssh:")
    {
        var publicKey = new byte[32];
        var privateKey = new byte[64];
        Keys.Sodium.Ed25519.MakeKeyPair(RandomNumberGenerator.GetBytes(32), publicKey, privateKey);
        return new("sk-ssh-ed25519@openssh.com", new SshWriter().String(publicKey).ToArray(), application, data =>
        {
            var signature = new byte[64];
            Keys.Sodium.Ed25519.Sign(privateKey, data, signature);
            return signature;
        });
    }

    public static SoftSecurityKey Ecdsa(string application = "ssh:")
    {
        var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var q = key.ExportParameters(false).Q;
        return new("sk-ecdsa-sha2-nistp256@openssh.com", new SshWriter().String("nistp256"u8).String([4, .. q.X!, .. q.Y!]).ToArray(), application, data =>
        {
            var pair = key.SignData(data, HashAlgorithmName.SHA256);
            return new SshWriter().Positive(pair.AsSpan(0, 32)).Positive(pair.AsSpan(32)).ToArray();
        });
    }

    public byte[] Sign(string nameSpace, ReadOnlySpan<byte> message, byte flags, uint counter)
    {
        // Written out once more, from PROTOCOL.sshsig and PROTOCOL.u2f, so that a mistake in ours is not in both.
        var data = new SshWriter().Raw("SSHSIG"u8).String(System.Text.Encoding.ASCII.GetBytes(nameSpace)).UInt32(0).String("sha512"u8).String(SHA512.HashData(message)).ToArray();
        var tail = new byte[5];
        tail[0] = flags;
        BinaryPrimitives.WriteUInt32BigEndian(tail.AsSpan(1), counter);
        var raw = _sign([.. SHA256.HashData(_application), .. tail, .. SHA256.HashData(data)]);
        return [.. new SshWriter().String(System.Text.Encoding.ASCII.GetBytes(_name)).String(raw).ToArray(), .. tail];
    }
}
