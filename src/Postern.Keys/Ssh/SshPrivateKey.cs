using System.Security.Cryptography;
using System.Text;
using Postern.Keys.Ssh.Algorithms;
using Postern.Keys.Ssh.PrivateKeys;
using Postern.Keys.Ssh.Wire;

namespace Postern.Keys.Ssh;

/// <summary>A private key from a file of OpenSSH's own kind, with or without a passphrase. It is in memory until it is disposed of.</summary>
public sealed class SshPrivateKey : ISshSigner
{
    // As OpenSSH bounds it.
    private const int MaxFileSize = 1 << 20;

    private const UnixFileMode Others = UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.GroupExecute
        | UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.OtherExecute;

    private readonly Signer _signer;
    private readonly Lock _lock = new();

    private SshPrivateKey(SshPublicKey publicKey, string comment, Signer signer)
    {
        PublicKey = publicKey;
        Comment = comment;
        _signer = signer;
    }

    public SshPublicKey PublicKey { get; }

    public string Comment { get; }

    /// <param name="path">Of a file that nobody else may read, or it is refused, as ssh refuses it.</param>
    /// <param name="askPassphrase">Called once, and only where the file has a passphrase; null: nobody can be asked.</param>
    /// <exception cref="SshKeyException">What is wrong, and the mend. <see cref="SshKeyException.WrongPassphrase"/> says that asking again makes sense.</exception>
    public static SshPrivateKey ReadFile(string path, Func<string?> askPassphrase)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        using var file = ReadAll(path, new KeyFileFaults(path));
        return Read(file.Span, askPassphrase, path);
    }

    /// <param name="file">Its bytes.</param>
    /// <param name="askPassphrase">Called once, and only where the file has a passphrase; null: nobody can be asked.</param>
    /// <param name="name">What messages call the file.</param>
    /// <exception cref="SshKeyException">What is wrong, and the mend. <see cref="SshKeyException.WrongPassphrase"/> says that asking again makes sense.</exception>
    public static SshPrivateKey Read(ReadOnlySpan<byte> file, Func<string?> askPassphrase, string name = "the key")
    {
        ArgumentNullException.ThrowIfNull(askPassphrase);
        var faults = new KeyFileFaults(name);
        using var bytes = KeyFile.Unwrap(file, faults);
        var key = KeyFile.Read(bytes.Span, faults);
        if (SshNames.IsSecurityKey(key.PublicKey.Type))
            throw faults.InDevice();
        using var passphrase = Encode(key.Encrypted ? askPassphrase() ?? throw faults.NobodyToAsk() : "");
        var signer = key.Open(passphrase.Span, out var comment);
        return new(key.PublicKey, comment, signer);
    }

    public byte[] Sign(string nameSpace, ReadOnlySpan<byte> message)
    {
        var data = SshSig.Data(nameSpace, message);
        try
        {
            byte[] raw;
            lock (_lock)
                raw = _signer.Sign(data);
            var signature = new SshWriter().String(SshNames.Signature(PublicKey.Type)).String(raw).ToArray();
            // A wrong signature is of no use, and of an RSA key whose numbers do not fit together it would give the key away.
            if (PublicKey.Verify(nameSpace, message, signature))
                return signature;
        }
        catch (CryptographicException)
        {
            // The same: a key whose numbers do not fit together.
        }

        throw new SshKeyException("the key does not sign: its file is damaged", "take it from a backup, or make a new key: ssh-keygen -t ed25519");
    }

    public void Dispose()
    {
        lock (_lock)
            _signer.Dispose();
    }

    private static SecretBuffer ReadAll(string path, KeyFileFaults faults)
    {
        try
        {
            using var file = File.OpenHandle(path);
            if (!OperatingSystem.IsWindows() && File.GetUnixFileMode(file) is var mode && (mode & Others) != UnixFileMode.None)
                throw faults.ReadableByOthers(mode);
            var size = RandomAccess.GetLength(file);
            if (size > MaxFileSize)
                throw faults.TooLarge();
            // A file that shrinks while it is read ends in zeros, and is found damaged.
            var bytes = new SecretBuffer((int)size);
            var length = 0;
            while (length < size && RandomAccess.Read(file, bytes.Span[length..], length) is var read and > 0)
                length += read;
            return bytes;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NotSupportedException or ArgumentException)
        {
            throw faults.NotReadable(e);
        }
    }

    private static SecretBuffer Encode(string passphrase)
    {
        var bytes = new SecretBuffer(Encoding.UTF8.GetByteCount(passphrase));
        Encoding.UTF8.GetBytes(passphrase, bytes.Span);
        return bytes;
    }
}
