using System.Runtime.Versioning;
using Microsoft.Extensions.Logging;
using Postern.Cli.CommandLine;
using Postern.Cli.Configuration;
using Postern.Confinement;
using Postern.Steward;

namespace Postern.Cli.Gate.Household;

/// <summary>
/// The steward: the process that people and service managers start, and the only one that may execute anything. It starts the warden and, when the warden
/// asks, sentries; puts another in the place of a warden that died or hangs; and passes on signals. It reads no packet and decides nothing.
/// </summary>
[SupportedOSPlatform("linux")]
internal sealed class StewardProcess(string path, bool verbose, ILogger log) : IDisposable
{
    /// <summary>A warden that has given no sign of life for so long does nothing any more. It gives one every five seconds.</summary>
    private static readonly TimeSpan WardenPatience = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan StopPatience = TimeSpan.FromSeconds(5);

    private readonly StewardInbox _inbox = new();
    private readonly Pace _pace = new(TimeSpan.FromMilliseconds(50), longest: TimeSpan.FromSeconds(2), longLife: TimeSpan.FromSeconds(10));
    private GateConfiguration _configuration = new(new([], []), []);
    private readonly PacketSockets _packetSockets = new();
    private Recruits? _recruits;
    private WardenChild? _warden;
    private int _lives;
    private bool _wasReady;
    private TimeSpan? _dueAt;
    private TimeSpan _lastAlive;
    private TimeSpan _lastWatchdog;
    private TimeSpan? _stopBy;
    private Errands? _errands;

    public void AskReload() => _inbox.Add(new(StewardEventKind.Reload));

    public void AskStop() => _inbox.Add(new(StewardEventKind.Stop));

    /// <summary>Until it is told to stop, or the warden cannot even begin. Its exit code.</summary>
    /// <exception cref="CommandFailure">The configuration has faults; nothing was started.</exception>
    public int Run()
    {
        var sentryRights = Rights.OfSentry();
        _recruits = new(sentryRights, WardenChild.Error);
        _recruits.Prepare(); // its runtime starts while we read, and while the warden does
        _configuration = ConfigurationLoading.ReadOrFail(path);
        Rights.Require(_configuration);
        if (sentryRights.As is null)
            GateLog.SentryAsOurselves(log, Account.CurrentUser);
        if (!FileView.IsSupported)
            GateLog.NoFileView(log);
        MakeFolders();
        if (!_configuration.Actions.IsEmpty || Errands.AreLeft(path))
            _errands = Errands.Open(path, _inbox, bytes => _warden?.Note(bytes.Span), log);
        StartWarden();
        while (true)
        {
            if (_inbox.TryTake(out var item, Wait(GateClock.Now().Uptime)) && Do(item) is { } code)
                return code;
            SeeToWhatIsDue(GateClock.Now().Uptime);
        }
    }

    public void Dispose()
    {
        _warden?.Dispose();
        _recruits?.Dispose();
        _packetSockets.Dispose();
        _errands?.Dispose();
    }

    private int Wait(TimeSpan now)
    {
        var soonest = Soonest([_dueAt, _stopBy, _errands?.Due, _warden is null ? null : _lastAlive + WardenPatience]);
        return soonest is { } time ? (int)Math.Clamp(Math.Ceiling((time - now).TotalMilliseconds), 0, int.MaxValue) : Timeout.Infinite;
    }

    private static TimeSpan? Soonest(ReadOnlySpan<TimeSpan?> times)
    {
        TimeSpan? soonest = null;
        foreach (var time in times)
            soonest = time is null || soonest <= time ? soonest : time;
        return soonest;
    }

    private void SeeToWhatIsDue(TimeSpan now)
    {
        if (_errands?.Due <= now)
            _errands.Tick();
        if (_dueAt <= now)
            StartWarden();
        if (_warden is null)
            return;
        if (_stopBy <= now)
            _warden.Kill();
        if (now - _lastAlive >= WardenPatience)
        {
            GateLog.WardenHung(log, WardenPatience.TotalSeconds);
            _warden.Kill();
            _lastAlive = now;
        }
    }

    private void StartWarden()
    {
        _dueAt = null;
        _lastAlive = GateClock.Now().Uptime;
        MakeFolders();
        if (_configuration.Capture.Way == CaptureWay.Packet)
            _packetSockets.Prepare(_configuration.KeepsWholePackets); // while its runtime starts
        try
        {
            _warden = new(++_lives, path, verbose, Rights.OfWarden(path, _configuration), _recruits!, _packetSockets, _inbox.Add, () => _inbox.Count, log);
            _recruits!.Prepare(); // it will ask for one
        }
        catch (Exception e) when (_wasReady && e is CommandFailure or OutOfMemoryException or ThreadStartException or IOException)
        {
            GateLog.WardenNotStarted(log, e.Message);
            _dueAt = GateClock.Now().Uptime + _pace.After(TimeSpan.Zero);
        }
    }

    /// <summary>An exit code where this was the last thing to do.</summary>
    private int? Do(in StewardEvent item)
    {
        switch (item.Kind)
        {
            case StewardEventKind.Work:
                item.Work!();
                return null;
            case StewardEventKind.Reload:
                _warden?.Say(new(StewardWord.Reload));
                return null;
            case StewardEventKind.Stop:
                return Stop();
            case StewardEventKind.Ended when item.Sentry == 0:
                return item.Life == _lives && _warden is not null ? NoteWardenEnd(item.Status) : null;
            case StewardEventKind.Ended:
                if (item.Life == _lives)
                    _warden?.NoteSentryEnd(item.Sentry, item.Status);
                return null;
            default:
                if (item.Life == _lives && _warden is not null) // what the dead have left is nobody's
                    Hear(item);
                foreach (var descriptor in item.Descriptors)
                    descriptor.Dispose();
                return null;
        }
    }

    private int? Stop()
    {
        ServiceManager.Stopping();
        if (_warden is null)
            return ExitCode.Done;
        _stopBy ??= GateClock.Now().Uptime + StopPatience;
        _warden.Say(new(StewardWord.Stop));
        return null;
    }

    private int? NoteWardenEnd(ExitStatus status)
    {
        var life = GateClock.Now().Uptime - _warden!.Began;
        _warden.Dispose();
        _warden = null;
        if (_stopBy is not null)
            return ExitCode.Done;
        if (!_wasReady)
            return status.Signal == 0 ? status.Code : throw new CommandFailure(ExitCode.Defect, $"the warden ended by {status} before it was ready", "please report it, with the configuration; 'nft list tables' shows whether its rules stand");
        GateLog.WardenEnded(log, status.ToString());
        _dueAt = GateClock.Now().Uptime + _pace.After(life);
        return null;
    }

    private void Hear(in StewardEvent item)
    {
        if (!StewardMessage.TryRead(item.Message.Span, out var message))
        {
            Order(item.Message.Span);
            return;
        }

        switch (message.Word)
        {
            case StewardWord.WantPacketSocket or StewardWord.WantUdpSocket:
                _warden!.HandSocket(message);
                break;
            case StewardWord.WantLog:
                _warden!.HandLog(message, _configuration.Capture);
                break;
            case StewardWord.StartSentry:
                _warden!.StartSentry(message.Id, item.Descriptors);
                break;
            case StewardWord.EndSentry:
                _warden!.EndSentry(message.Id);
                break;
            case StewardWord.Ready:
                _wasReady = true;
                ServiceManager.Ready(message.Text);
                _errands?.ConfigurationRead(_lives);
                NoteAlive();
                Rubbish.GiveBack();
                break;
            case StewardWord.Reloading:
                ServiceManager.Reloading();
                break;
            case StewardWord.Alive:
                NoteAlive();
                KeepFolders();
                break;
            default:
                break; // no word of a warden's
        }
    }

    /// <summary>The first action of a configuration may have come with a reload.</summary>
    private void Order(ReadOnlySpan<byte> order)
    {
        try
        {
            _errands ??= Errands.Open(path, _inbox, bytes => _warden?.Note(bytes.Span), log);
            _errands.Take(order);
        }
        catch (CommandFailure e)
        {
            GateLog.ErrandWarning(log, $"{e.Message}; {e.Hint}");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            GateLog.ErrandWarning(log, $"no action can be run: {e.Message}");
        }
    }

    /// <summary>The service manager hears that the gate lives when its warden does.</summary>
    private void NoteAlive()
    {
        _lastAlive = GateClock.Now().Uptime;
        if (ServiceManager.Watchdog is not { } limit || _lastAlive - _lastWatchdog < limit / 4)
            return;
        ServiceManager.Alive();
        _lastWatchdog = _lastAlive;
    }

    /// <summary>
    /// A warden's rights are to the folders that there were when it began. Where that of its lock and its kept configuration, or that of its socket, was deleted, only
    /// another warden can use the new one; but not unless there is a new one, for without it none would start.
    /// </summary>
    private void KeepFolders()
    {
        foreach (var folder in new[] { OnlyGate.Folder, ControlFolder }.Where(f => !Directory.Exists(f)))
        {
            MakeFolder(folder);
            if (!Directory.Exists(folder))
                continue;
            GateLog.FolderRestored(log, folder);
            _warden?.Kill();
        }
    }

    private void MakeFolders()
    {
        foreach (var folder in Rights.WrittenTo(_configuration))
            MakeFolder(folder);
    }

    private string ControlFolder => Path.GetDirectoryName(Path.GetFullPath(_configuration.ControlSocket))!;

    private void MakeFolder(string folder) => MakeFolder(folder, openToAll: !_configuration.ControlReaders.IsEmpty && string.Equals(folder, ControlFolder, StringComparison.Ordinal));

    /// <param name="folder">Made only where there is none.</param>
    /// <param name="openToAll">The control socket is in it, and others than us may read there.</param>
    private static void MakeFolder(string folder, bool openToAll)
    {
        try
        {
            if (Directory.Exists(folder))
                return;
            const UnixFileMode own = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
            Directory.CreateDirectory(folder, own);
            if (openToAll)
                File.SetUnixFileMode(folder, own | UnixFileMode.GroupRead | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute); // whatever the umask is
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The warden says what it lacks when it needs it.
        }
    }
}
