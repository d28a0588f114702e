using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;
using Postern.Keys.Ssh.Algorithms;
using Postern.Keys.Ssh.Wire;

namespace Postern.Keys.Ssh;

/// <summary>
/// An SSH public key (RFC 4253 §6.6, RFC 5656 §3.1, RFC 8709, PROTOCOL.u2f), known by its blob:
/// <code>
/// string name of the type
/// …      the algorithm's fields, at its <see cref="Verifier"/>
/// string application            of security keys only: 1 to 255 bytes, no zero among them
/// </code>
/// For any thread.
/// </summary>
public sealed class SshPublicKey : IEquatable<SshPublicKey>
{
    // It is a relying party's id, in WebAuthn a domain name.
    private const int MaxApplication = 255;

    private const byte UserPresent = 1;

    private readonly byte[] _blob;
    private readonly byte[] _fingerprint;
    private readonly byte[] _application;
    private readonly Verifier _verifier;

    private SshPublicKey(ReadOnlySpan<byte> blob, SshKeyType type, Verifier verifier, ReadOnlySpan<byte> application)
    {
        _blob = blob.ToArray();
        _fingerprint = Digest.Sha256(_blob);
        _application = application.IsEmpty ? [] : Digest.Sha256(application);
        _verifier = verifier;
        Type = type;
    }

    public SshKeyType Type { get; }

    public ReadOnlySpan<byte> Blob => _blob;

    /// <summary>SHA-256 of the blob.</summary>
    public ReadOnlySpan<byte> FingerprintBytes => _fingerprint;

    /// <summary>As <c>ssh-keygen -l</c> shows it: <c>SHA256:…</c>.</summary>
    public string Fingerprint => "SHA256:" + Convert.ToBase64String(_fingerprint).TrimEnd('=');

    /// <summary>The first 8 bytes of the fingerprint as a big-endian number: by it the gate finds the key.</summary>
    public ulong Hint => BinaryPrimitives.ReadUInt64BigEndian(_fingerprint);

    /// <summary>False for whatever is not one of the five types of <see cref="SshKeyType"/>, to the byte.</summary>
    public static bool TryRead(ReadOnlySpan<byte> blob, [NotNullWhen(true)] out SshPublicKey? key)
    {
        key = null;
        var reader = new SshReader(blob);
        if (!reader.TryString(out var name) || !SshNames.TryFind(name, out var type) || Verifier.Read(type, ref reader) is not { } verifier)
            return false;
        ReadOnlySpan<byte> application = default;
        if (SshNames.IsSecurityKey(type) && (!reader.TryString(out application) || application.Length is 0 or > MaxApplication || application.Contains((byte)0)))
            return false;
        if (!reader.AtEnd)
            return false;
        key = new(blob, type, verifier, application);
        return true;
    }

    /// <summary>One line as in <c>id_ed25519.pub</c>: <c>type base64 [comment]</c>, with single spaces.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, [NotNullWhen(true)] out SshPublicKey? key)
    {
        key = null;
        var space = text.IndexOf(' ');
        if (space < 0)
            return false;
        var name = text[..space];
        var rest = text[(space + 1)..];
        var base64 = rest.IndexOf(' ') is var end and >= 0 ? rest[..end] : rest;
        if (!StrictBase64.TryDecode(base64, out var blob) || !TryRead(blob, out var read) || !Ascii.Equals(name, SshNames.Key(read.Type)))
            return false;
        key = read;
        return true;
    }

    /// <summary>
    /// Whether the owner of this key signed the message for this name space (PROTOCOL.sshsig, with SHA-512):
    /// <code>
    /// string algorithm             that of this key's type and no other
    /// string signature
    /// byte   flags                 of security keys only; bit 0: somebody was there
    /// uint32 counter               of security keys only
    /// </code>
    /// False for whatever else the signature's bytes are.
    /// </summary>
    /// <exception cref="ArgumentException">The name space is none.</exception>
    public bool Verify(string nameSpace, ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature)
    {
        ArgumentNullException.ThrowIfNull(nameSpace);
        var reader = new SshReader(signature);
        if (!reader.TryExpect(SshNames.Signature(Type)) || !reader.TryString(out var raw))
            return false;
        Span<byte> data = stackalloc byte[SshSig.MaxDataSize];
        data = data[..SshSig.WriteData(nameSpace, message, data)];
        if (SshNames.IsSecurityKey(Type))
            return VerifyTouched(data, raw, ref reader);
        return reader.AtEnd && _verifier.Verify(data, raw);
    }

    /// <summary>Some signers drop the zeros before an RSA signature; here it is as long as the modulus. Whatever else it is given stays as it is.</summary>
    internal byte[] WithWholeNumbers(ReadOnlySpan<byte> signature)
    {
        var reader = new SshReader(signature);
        if (_verifier is RsaVerifier rsa && reader.TryExpect(SshNames.Signature(Type)) && reader.TryString(out var raw) && reader.AtEnd && raw.Length < rsa.Size)
            return new SshWriter().String(SshNames.Signature(Type)).String([.. new byte[rsa.Size - raw.Length], .. raw]).ToArray();
        return signature.ToArray();
    }

    /// <summary>Of a security key's signature: whether it says that somebody was there.</summary>
    internal bool SaysTouched(ReadOnlySpan<byte> signature)
    {
        var reader = new SshReader(signature);
        return reader.TryExpect(SshNames.Signature(Type)) && reader.TryString(out _) && reader.TryByte(out var flags) && (flags & UserPresent) != 0;
    }

    /// <summary><c>type base64</c></summary>
    public override string ToString() => $"{Encoding.ASCII.GetString(SshNames.Key(Type))} {Convert.ToBase64String(_blob)}";

    public bool Equals(SshPublicKey? other) => other is not null && _blob.AsSpan().SequenceEqual(other._blob);

    public override bool Equals(object? obj) => Equals(obj as SshPublicKey);

    public override int GetHashCode() => BinaryPrimitives.ReadInt32LittleEndian(_fingerprint);

    /// <summary>
    /// A security key does not sign the data but what it knows of it (PROTOCOL.u2f):
    /// <code>
    ///  0 32  SHA-256(application)
    /// 32  1  flags
    /// 33  4  counter
    /// 37 32  SHA-256(data)
    /// </code>
    /// Its counter is not looked at: many devices do not count.
    /// </summary>
    private bool VerifyTouched(scoped ReadOnlySpan<byte> data, ReadOnlySpan<byte> raw, ref SshReader rest)
    {
        if (!rest.TryBytes(1 + 4, out var flagsAndCounter) || !rest.AtEnd || (flagsAndCounter[0] & UserPresent) == 0)
            return false;
        Span<byte> signed = stackalloc byte[SHA256.HashSizeInBytes + 1 + 4 + SHA256.HashSizeInBytes];
        _application.CopyTo(signed);
        flagsAndCounter.CopyTo(signed[SHA256.HashSizeInBytes..]);
        SHA256.HashData(data, signed[^SHA256.HashSizeInBytes..]);
        return _verifier.Verify(signed, raw);
    }
}
