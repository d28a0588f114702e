using System.Globalization;
using System.Runtime.Versioning;
using System.Text;
using Postern.Cli.CommandLine;
using Postern.Confinement;

namespace Postern.Cli.Gate;

/// <summary>
/// One gate for each network namespace: two would write the same table in turn. Whoever holds the lock of the namespace is it; the
/// kernel gives the lock back however the process ends.
/// </summary>
[SupportedOSPlatform("linux")]
internal sealed class OnlyGate : IDisposable
{
    public const string Folder = "/run/postern";

    /// <summary>For a warden whose steward was killed to notice and end.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    private const UnixFileMode ForOurselves = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private readonly FileStream? _lock;

    private OnlyGate(FileStream? file) => _lock = file;

    /// <exception cref="CommandFailure">Another gate guards this network namespace, or we may not say that we do.</exception>
    public static OnlyGate Claim()
    {
        var name = Path.Combine(Folder, $"gate-{Namespace()}.lock");
        try
        {
            Directory.CreateDirectory(Folder);
            return new(Lock(name));
        }
        catch (UnauthorizedAccessException)
        {
            throw new CommandFailure(ExitCode.MissingPrivilege, $"may not write {name}", "run the gate as root, or give its user CAP_NET_ADMIN, CAP_NET_RAW and the folder /run/postern");
        }
        catch (IOException)
        {
            throw CommandFailure.Usage($"another gate guards this network namespace{Holder(name)}", "stop it first ('systemctl stop postern'); one gate can hold all services and knocks");
        }
    }

    /// <summary>Keeps gates from starting meanwhile; null where one runs. Where no file can be, or none may be written, there is no gate of ours either, or nothing that we could do to it.</summary>
    public static OnlyGate? TryClaim()
    {
        var name = Path.Combine(Folder, $"gate-{Namespace()}.lock");
        try
        {
            return new(File.Exists(name) ? Open(name) : null);
        }
        catch (UnauthorizedAccessException)
        {
            return new(null);
        }
        catch (IOException)
        {
            return null;
        }
    }

    public void Dispose() => _lock?.Dispose();

    private static FileStream Lock(string name)
    {
        for (var started = GateClock.Now().Uptime; ; Thread.Sleep(20))
        {
            try
            {
                var file = Open(name);
                File.SetUnixFileMode(file.SafeFileHandle, ForOurselves); // one that lay there: whoever may read it could hold the lock
                var holder = Encoding.ASCII.GetBytes(Environment.ProcessId.ToString(CultureInfo.InvariantCulture));
                file.Write(holder);
                file.Flush();
                if (file.Length > holder.Length)
                    file.SetLength(holder.Length);
                return file;
            }
            catch (IOException) when (GateClock.Now().Uptime - started < Patience)
            {
                // One that ends may still hold it.
            }
        }
    }

    private static FileStream Open(string name) =>
        new(name, new FileStreamOptions { Mode = FileMode.OpenOrCreate, Access = FileAccess.ReadWrite, Share = FileShare.None, UnixCreateMode = ForOurselves });

    /// <summary>A warden that was stopped (SIGSTOP) and outlived its steward is found by this alone.</summary>
    private static string Holder(string name)
    {
        try
        {
            return int.TryParse(Unlocked.ReadText(name), CultureInfo.InvariantCulture, out var pid) ? string.Create(CultureInfo.InvariantCulture, $", process {pid}") : "";
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }

    /// <summary>The number in <c>net:[4026531840]</c> (namespaces(7)).</summary>
    public static string Namespace() =>
        string.Concat((File.ResolveLinkTarget("/proc/self/ns/net", returnFinalTarget: false)?.Name ?? "").Where(char.IsAsciiDigit));
}
