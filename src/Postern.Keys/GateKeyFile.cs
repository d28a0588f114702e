using System.Globalization;
using Microsoft.Win32.SafeHandles;

namespace Postern.Keys;

/// <summary>
/// <c>/etc/postern/gate.key</c>: text, of two lines in any order, and comments:
/// <code>
/// private: base64 of the 32 bytes of <see cref="BoxKeyPair"/>
/// secret: base64 of the 32 bytes of <see cref="GateSecret"/>
/// </code>
/// </summary>
public static class GateKeyFile
{
    private const int MaxSize = 4096;

    private const UnixFileMode Owner = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private const UnixFileMode Others = UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.GroupExecute
        | UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.OtherExecute;

    private static ReadOnlySpan<byte> Head => """
        # The key of this gate. Whoever reads it can read what clients ask for; nobody can knock with it.
        # It is made once: with another, every client must be enrolled again. Keep a copy where only you can read it.

        """u8;

    private static ReadOnlySpan<byte> PrivateName => "private: "u8;

    private static ReadOnlySpan<byte> SecretName => "secret: "u8;

    /// <exception cref="GateKeyException">It is not there, is not one, or others may read or write it.</exception>
    public static GateKey Read(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        using var text = ReadAll(path);
        using var privateKey = new SecretBuffer(BoxKeyPair.PrivateKeySize);
        using var secret = new SecretBuffer(GateSecret.Size);
        var (hasPrivate, hasSecret) = (false, false);
        var rest = (ReadOnlySpan<byte>)text.Span;
        for (var number = 1; !rest.IsEmpty; number++)
        {
            var end = rest.IndexOf((byte)'\n');
            var line = (end < 0 ? rest : rest[..end]).TrimEnd((byte)'\r');
            rest = end < 0 ? default : rest[(end + 1)..];
            if (line.IsEmpty || line[0] == '#')
                continue;
            var isRight = line.StartsWith(PrivateName) ? !hasPrivate && (hasPrivate = StrictBase64.TryDecode(line[PrivateName.Length..], privateKey.Span))
                : line.StartsWith(SecretName) && !hasSecret && (hasSecret = StrictBase64.TryDecode(line[SecretName.Length..], secret.Span));
            if (!isRight)
                throw Damaged(string.Create(CultureInfo.InvariantCulture, $"{path}, line {number}: not what a gate's key consists of"));
        }

        if (!hasPrivate || !hasSecret)
            throw Damaged($"{path}: there is no line '{(hasPrivate ? "secret" : "private")}:'");
        return new(BoxKeyPair.From(privateKey.Span), GateSecret.From(secret.Span));
    }

    /// <summary>A new file that only its owner may read, on the disk when this returns. One that is there already stays as it is.</summary>
    /// <exception cref="GateKeyException">There is a file already, or it cannot be written.</exception>
    public static void Create(string path, GateKey key)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(key);
        using var text = Write(key);
        try
        {
            var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, Share = FileShare.None, BufferSize = 0 };
            if (!OperatingSystem.IsWindows())
                options.UnixCreateMode = Owner;
            using var file = new FileStream(path, options);
            WriteOrRemove(file, text.Span);
            if (!OperatingSystem.IsWindows())
                Posix.SyncFolderOf(path);
        }
        catch (IOException e) when (File.Exists(path))
        {
            throw new GateKeyException($"{path} is there already", "it is not overwritten: with another key every client must be enrolled again. Move it away if that is meant", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new GateKeyException($"{path} cannot be written: {e.Message}", "make its folder, and write it as root", e);
        }
    }

    private static void WriteOrRemove(FileStream file, ReadOnlySpan<byte> text)
    {
        try
        {
            file.Write(text);
            file.Flush(flushToDisk: true);
        }
        catch
        {
            File.Delete(file.Name);
            throw;
        }
    }

    private static SecretBuffer Write(GateKey key)
    {
        Span<byte> ends = [(byte)'\n'];
        var text = new SecretBuffer(Head.Length + PrivateName.Length + SecretName.Length + (2 * (StrictBase64.LengthOf(BoxKeyPair.PrivateKeySize) + ends.Length)));
        var at = text.Span;
        Append(Head, ref at);
        Append(PrivateName, ref at);
        at = at[StrictBase64.Encode(key.Pair.Bytes, at)..];
        Append(ends, ref at);
        Append(SecretName, ref at);
        at = at[StrictBase64.Encode(key.Secret.Bytes, at)..];
        Append(ends, ref at);
        return text;
    }

    private static void Append(scoped ReadOnlySpan<byte> piece, ref Span<byte> at)
    {
        piece.CopyTo(at);
        at = at[piece.Length..];
    }

    private static SecretBuffer ReadAll(string path)
    {
        try
        {
            using var file = File.OpenHandle(path);
            CheckOwner(path, file);
            var size = RandomAccess.GetLength(file);
            if (size > MaxSize)
                throw Damaged($"{path} is too large for a gate's key");
            var text = new SecretBuffer((int)size);
            var length = 0;
            while (length < size && RandomAccess.Read(file, text.Span[length..], length) is var read and > 0)
                length += read;
            return text;
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new GateKeyException($"{path}: no such file", "make it: postern init", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            throw new GateKeyException($"{path} cannot be read: {e.Message}", "read it as root", e);
        }
    }

    private static void CheckOwner(string path, SafeFileHandle file)
    {
        if (OperatingSystem.IsWindows())
            return;
        var mode = File.GetUnixFileMode(file);
        if ((mode & Others) != UnixFileMode.None)
            throw new GateKeyException($"others may read or write {path} (mode 0{Convert.ToString((int)mode, 8)})", $"chmod 600 {path}; if somebody may have read it, make another");
        if (OperatingSystem.IsLinux() && !Posix.IsOwnedByRootOrUs(file))
            throw new GateKeyException($"{path} is not root's", $"chown root {path}; if its owner may have read it, make another");
    }

    private static GateKeyException Damaged(string what) => new(what, "take it from a backup, or make another with postern init (every client must then be enrolled again)");
}
