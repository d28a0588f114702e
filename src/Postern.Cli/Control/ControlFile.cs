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
[SupportedOSPlatform("linux")]
internal sealed class ControlFile(string path, ILogger log)
{
    private const UnixFileMode ForOurselves = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const UnixFileMode ForAll = ForOurselves | UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.OtherRead | UnixFileMode.OtherWrite;
    private const UnixFileMode Passable = UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;

    private readonly string? _folder = System.IO.Path.GetDirectoryName(path);
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

    /// <summary>Removes what a gate that was killed left there.</summary>
    /// <exception cref="CommandFailure">Another gate answers.</exception>
    /// <exception cref="IOException">It is no socket.</exception>
    public void MakeWay()
    {
        if (!File.Exists(path))
            return;
        if (new FileInfo(path).Length > 0)
            throw new IOException("a file has that name, and it is no socket");
        using var probe = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified) { Blocking = false };
        try
        {
            probe.Connect(new UnixDomainSocketEndPoint(path));
        }
        catch (SocketException e) when (e.SocketErrorCode is SocketError.ConnectionRefused)
        {
            File.Delete(path); // left by a gate that was killed
            return;
        }
        catch (SocketException e) when (e.SocketErrorCode is SocketError.WouldBlock)
        {
            // So many wait there that no more may.
        }

        throw new CommandFailure(ExitCode.Usage, $"another gate answers at {path}", "stop it first ('systemctl stop postern'), or give this one a gate.control_socket of its own");
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
