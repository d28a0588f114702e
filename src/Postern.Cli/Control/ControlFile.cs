using System.Buffers.Binary;
using System.Net.Sockets;
using System.Runtime.Versioning;
using Microsoft.Extensions.Logging;
using Postern.Cli.CommandLine;
using Postern.Cli.Gate;
using Postern.Keys;

namespace Postern.Cli.Control;

/// <summary>
/// The name by which the control socket is found, and its rights. Without readers it is 0600. With them anybody may connect, 0666: a file has one group, readers may be of
/// many, and the right to connect is no right to be heard; the kernel's word of who connected decides that in either case.
/// </summary>
/// <remarks>
/// Beside it lies a lock that the gate holds, and in that which file was its socket: so it is known for its own when a gate was killed, without asking whoever listens there.
/// The warden may connect to nobody (its filter of calls forbids it), since much that listens in the file system trusts root.
/// </remarks>
[SupportedOSPlatform("linux")]
internal sealed class ControlFile(string path, ILogger log) : IDisposable
{
    private const UnixFileMode ForOurselves = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const UnixFileMode ForAll = ForOurselves | UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.OtherRead | UnixFileMode.OtherWrite;
    private const UnixFileMode Passable = UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;

    /// <summary>For a gate that was killed to end.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    private readonly string? _folder = System.IO.Path.GetDirectoryName(path);
    private FileStream? _lock;
    private UInt128 _ours;
    private bool _closedTold;

    public string Path => path;

    /// <summary>The name leads to our socket, and not to nothing or another.</summary>
    public bool IsThere => FileFacts.Of(path)?.Identity == _ours;

    /// <exception cref="CommandFailure">Another gate answers there, or the socket cannot be made.</exception>
    public Socket Listen(int backlog, bool withReaders)
    {
        var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            MakeFolder(withReaders);
            MakeWay();
            listener.Bind(new UnixDomainSocketEndPoint(path));
            _ours = FileFacts.Of(path)?.Identity ?? 0;
            Note(_ours);
            SetRights(withReaders); // before anybody can connect
            listener.Listen(backlog);
            return listener;
        }
        catch (Exception e)
        {
            listener.Dispose();
            if (e is SocketException or IOException or UnauthorizedAccessException or ArgumentException)
                throw new CommandFailure(ExitCode.Usage, $"cannot make the control socket {path}: {e.Message}", "set gate.control_socket to a path that this user may create");
            throw;
        }
    }

    public void SetRights(bool withReaders)
    {
        var mode = withReaders ? ForAll : ForOurselves;
        if (FileFacts.Of(path) is { } facts && facts.Identity == _ours && facts.Mode != mode)
            File.SetUnixFileMode(path, mode);
        if (withReaders)
            OpenFolder();
    }

    public void Dispose() => _lock?.Dispose();

    /// <summary>Removes what a gate that was killed left there, and nothing that is another's.</summary>
    /// <exception cref="CommandFailure">A gate has that socket, or something that is not one.</exception>
    /// <exception cref="IOException">It is no socket.</exception>
    public void MakeWay()
    {
        _lock ??= Claim();
        if (FileFacts.Of(path) is not { } facts)
            return;
        if (facts.IsRegular || facts.Size > 0)
            throw new IOException("a file has that name, and it is no socket");
        if (facts.Identity != Noted())
            throw new CommandFailure(ExitCode.Usage, $"something else listens at {path}, or did", "give the gate a gate.control_socket of its own; if nothing uses that file any more, remove it");
        File.Delete(path);
    }

    private FileStream Claim()
    {
        for (var started = GateClock.Now().Uptime; ; Thread.Sleep(20))
        {
            try
            {
                return new FileStream(path + ".lock", new FileStreamOptions { Mode = FileMode.OpenOrCreate, Access = FileAccess.ReadWrite, Share = FileShare.None, UnixCreateMode = ForOurselves, BufferSize = 0 });
            }
            catch (IOException e) when (e is not (FileNotFoundException or DirectoryNotFoundException))
            {
                if (GateClock.Now().Uptime - started >= Patience)
                    throw new CommandFailure(ExitCode.Usage, $"another gate answers at {path}", "stop it first ('systemctl stop postern'), or give this one a gate.control_socket of its own");
            }
        }
    }

    private UInt128 Noted()
    {
        Span<byte> bytes = stackalloc byte[16];
        _lock!.Position = 0;
        return _lock.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false) == bytes.Length ? BinaryPrimitives.ReadUInt128LittleEndian(bytes) : 0;
    }

    private void Note(UInt128 identity)
    {
        Span<byte> bytes = stackalloc byte[16];
        BinaryPrimitives.WriteUInt128LittleEndian(bytes, identity);
        _lock!.Position = 0;
        _lock.Write(bytes);
    }

    private void MakeFolder(bool withReaders)
    {
        if (_folder is not { Length: > 0 } || Directory.Exists(_folder))
            return;
        const UnixFileMode own = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
        Directory.CreateDirectory(_folder, own);
        if (withReaders)
            File.SetUnixFileMode(_folder, own | Passable | UnixFileMode.GroupRead | UnixFileMode.OtherRead); // whatever the umask is
    }

    /// <summary>The gate's own folder is let through; of another it is only said, once.</summary>
    private void OpenFolder()
    {
        if (_folder is not { Length: > 0 } || FileFacts.Of(_folder) is not { } facts || (facts.Mode & Passable) == Passable)
            return;
        if (string.Equals(_folder, OnlyGate.Folder, StringComparison.Ordinal))
        {
            File.SetUnixFileMode(_folder, facts.Mode | Passable);
        }
        else if (!_closedTold)
        {
            GateLog.ControlFolderClosed(log, _folder);
            _closedTold = true;
        }
    }
}
