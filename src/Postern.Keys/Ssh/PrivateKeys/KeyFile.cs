using System.Buffers;
using System.Buffers.Text;
using Postern.Keys.Ssh.Algorithms;
using Postern.Keys.Ssh.Wire;

namespace Postern.Keys.Ssh.PrivateKeys;

/// <summary>
/// A private key as OpenSSH keeps it (PROTOCOL.key): base64 between two lines of dashes, of
/// <code>
/// 15      "openssh-key-v1\0"
/// string  cipher                 "none", or of <see cref="KeyFileCipher"/>
/// string  kdf                    "none", or "bcrypt"
/// string  kdf options            "", or string salt | uint32 rounds
/// uint32  number of keys = 1
/// string  public key
/// string  section                encrypted; whole blocks
/// n       tag                    where the cipher makes one
///
/// section:
/// uint32  check
/// uint32  check                  the same: else the passphrase is wrong
/// string  type
/// …       the algorithm's fields, at its <see cref="Signer"/>
/// string  comment
/// n       1, 2, 3 …              up to whole blocks
/// </code>
/// </summary>
internal readonly ref struct KeyFile
{
    // Each takes some 10 ms (ssh-keygen makes 16 or 24, its -a more); a file that takes minutes is a mistake or a trap.
    private const uint MaxRounds = 2000;
    private const int MaxSalt = 64;
    private const int PlainBlock = 8;

    private readonly ReadOnlySpan<byte> _salt;
    private readonly uint _rounds;
    private readonly ReadOnlySpan<byte> _section;
    private readonly ReadOnlySpan<byte> _tag;
    private readonly KeyFileFaults _faults;

    /// <summary>Null where the file is not encrypted.</summary>
    private readonly KeyFileCipher? _cipher;

    private KeyFile(ReadOnlySpan<byte> bytes, KeyFileFaults faults)
    {
        _faults = faults;
        var reader = new SshReader(bytes);
        if (!reader.TryBytes(Magic.Length, out var magic) || !magic.SequenceEqual(Magic)
            || !reader.TryString(out var cipher) || !reader.TryString(out var kdf) || !reader.TryString(out var options)
            || !reader.TryUInt32(out var count) || !reader.TryString(out var publicKey) || !reader.TryString(out _section))
            throw faults.Damaged();
        if (count != 1)
            throw faults.NotOneKey();
        PublicKey = SshPublicKey.TryRead(publicKey, out var key) ? key : throw faults.UnknownType(publicKey);
        _tag = reader.Rest;

        var encrypted = !cipher.SequenceEqual("none"u8);
        if (encrypted)
        {
            _cipher = KeyFileCipher.Find(cipher) ?? throw faults.UnknownCipher(cipher);
            if (!kdf.SequenceEqual("bcrypt"u8))
                throw faults.UnknownKdf(kdf);
            var kdfReader = new SshReader(options);
            if (!kdfReader.TryString(out _salt) || _salt.Length is 0 or > MaxSalt || !kdfReader.TryUInt32(out _rounds) || _rounds == 0 || !kdfReader.AtEnd)
                throw faults.Damaged();
            if (_rounds > MaxRounds)
                throw faults.TooManyRounds(_rounds, MaxRounds);
        }
        else if (!kdf.SequenceEqual("none"u8) || !options.IsEmpty)
        {
            throw faults.Damaged();
        }

        if (_section.IsEmpty || _section.Length % Block != 0 || _tag.Length != (_cipher?.TagSize ?? 0))
            throw faults.Damaged();
    }

    public SshPublicKey PublicKey { get; }

    public bool Encrypted => _cipher is not null;

    private static ReadOnlySpan<byte> Magic => "openssh-key-v1\0"u8;

    private int Block => _cipher is null ? PlainBlock : KeyFileCipher.Block;

    /// <summary>Reads all that is readable without the passphrase. The bytes must live as long as what is returned.</summary>
    /// <exception cref="SshKeyException"/>
    public static KeyFile Read(ReadOnlySpan<byte> bytes, KeyFileFaults faults) => new(bytes, faults);

    /// <summary>What is between the lines of dashes.</summary>
    /// <exception cref="SshKeyException">It is another kind of file.</exception>
    public static SecretBuffer Unwrap(ReadOnlySpan<byte> file, KeyFileFaults faults)
    {
        var first = "-----BEGIN OPENSSH PRIVATE KEY-----"u8;
        var last = "-----END OPENSSH PRIVATE KEY-----"u8;
        if (!file.StartsWith(first))
            throw faults.NotOpenSsh(file);
        var body = file[first.Length..];
        var end = body.IndexOf(last);
        if (end < 0)
            throw faults.Damaged();
        using var base64 = new SecretBuffer(end);
        body[..end].CopyTo(base64.Span);
        if (Base64.DecodeFromUtf8InPlace(base64.Span, out var length) != OperationStatus.Done)
            throw faults.Damaged();
        var bytes = new SecretBuffer(length);
        base64.Span[..length].CopyTo(bytes.Span);
        return bytes;
    }

    /// <summary>The private key, which belongs to the public one.</summary>
    /// <exception cref="SshKeyException">The passphrase is wrong, or the file is damaged.</exception>
    public Signer Open(ReadOnlySpan<byte> passphrase, out string comment)
    {
        using var plain = new SecretBuffer(_section.Length);
        if (_cipher is null)
            _section.CopyTo(plain.Span);
        else
            Decrypt(_cipher, passphrase, plain.Span);

        var reader = new SshReader(plain.Span);
        if (!reader.TryUInt32(out var check) || !reader.TryUInt32(out var again))
            throw _faults.Damaged();
        if (check != again)
            throw Encrypted ? _faults.WrongPassphrase() : _faults.Damaged();
        if (!reader.TryExpect(SshNames.Key(PublicKey.Type)))
            throw _faults.Damaged();
        var signer = Signer.Read(PublicKey, ref reader) ?? throw _faults.Damaged();
        if (reader.TryString(out var said) && IsPadding(reader.Rest))
        {
            comment = SshComment.Read(said);
            return signer;
        }

        signer.Dispose();
        throw _faults.Damaged();
    }

    private void Decrypt(KeyFileCipher cipher, ReadOnlySpan<byte> passphrase, Span<byte> plain)
    {
        using var keyAndIv = new SecretBuffer(cipher.KeySize + cipher.IvSize);
        BcryptPbkdf.Derive(passphrase, _salt, _rounds, keyAndIv.Span);
        if (!cipher.TryDecrypt(keyAndIv.Span, _section, _tag, plain))
            throw _faults.WrongPassphrase();
    }

    private bool IsPadding(ReadOnlySpan<byte> rest)
    {
        for (var i = 0; i < rest.Length; i++)
        {
            if (rest[i] != i + 1)
                return false;
        }

        return rest.Length < Block;
    }
}
