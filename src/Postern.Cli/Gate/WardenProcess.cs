using System.Net.Sockets;
using System.Runtime.Versioning;
using Microsoft.Extensions.Logging;
using Postern.Cli.CommandLine;
using Postern.Cli.Configuration;
using Postern.Cli.Control;
using Postern.Cli.Gate.Watch;
using Postern.Confinement;
using Postern.Firewall;
using Postern.Knocks.Sequences;
using Postern.Packets;
using Postern.Reports;
using Postern.Sentry;
using Postern.Steward;
using Postern.Warden;

namespace Postern.Cli.Gate;

/// <summary>
/// The warden: hears reports, operators and the steward in one inbox, decides, and alone changes the firewall.
/// <code>
/// sentry (a process) ─► reports ─► inbox ─► warden ─► kernel          control socket, steward ─► inbox
/// </code>
/// </summary>
[SupportedOSPlatform("linux")]
internal sealed class WardenProcess : IDisposable
{
    private static readonly TimeSpan Moment = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Writing = TimeSpan.FromMilliseconds(50);

    /// <summary>A sign of life to the steward so often, and no oftener than need be.</summary>
    private static readonly TimeSpan Beat = TimeSpan.FromSeconds(5);

    private readonly string _path;
    private readonly ILogger _log;
    private readonly GateInbox _inbox = new();
    private readonly StewardLink _steward;
    private readonly NftablesFirewall _firewall;
    private readonly Warden.Warden _warden;
    private readonly SpaKeeper? _spa;
    private readonly SentryPost _post;
    private readonly RulesWatch _rules;
    private readonly ControlServer _control;
    private readonly OnlyGate _alone;
    private readonly OperatorDesk _desk;
    private volatile GateConfiguration _configuration;
    private long _reportsDropped;
    private TimeSpan _droppedTold;
    private int _rulesNoted;
    private int _reloadAsked;
    private readonly Lock _keysOrder = new();
    private int _keysAsked;
    private bool _rulesLost;
    private TimeSpan _rulesAgain;
    private TimeSpan _nextBeat;

    /// <summary>
    /// The order is what keeps people from being locked out and strangers from being let in: all that can fail without a trace comes
    /// before the first change of the firewall, and from that change on everything is closed.
    /// </summary>
    /// <exception cref="CommandFailure">Something is missing: what, and the mend. Nothing was changed.</exception>
    public WardenProcess(string path, ILogger log)
    {
        _path = path;
        _log = log;
        _steward = StewardLink.Join(Hear, _ => { });
        Walls.ForbidDumps();
        Walls.Enter(SystemCallProfile.Warden);
        _configuration = ConfigurationLoading.ReadOrFail(path, WarnOf);
        _post = new(_steward, _inbox, log);
        RunningSentry? first = null;
        try
        {
            _alone = OnlyGate.Claim();
            if (_configuration.Spa is { } spa)
            {
                _spa = SpaKeeper.Open(spa, AskKeys, [.. _steward.ReceiptSockets.Select(ToSocket)]);
                spa = spa with { Identities = NextKeys.Load(spa.AuthorizedKeysFile).Identities }; // as it is now that it is watched
                _configuration = _configuration with { Spa = spa };
            }

            first = _post.Begin(_configuration, SentryOptions(_configuration, _configuration.ChooseTraps()));
            _firewall = new NftablesFirewall();
            _warden = new(_firewall, new LogAudit(log, TimeProvider.System), _spa?.Ledger);
            _desk = new(_warden, Describe, () => StatusText.KeyNamesOf(_configuration));
            _control = ControlServer.Listen(_configuration.ControlSocket, Take);
            _rules = new(NoteRules);
            if (!first.Stands())
                throw new CommandFailure(ExitCode.Unsupported, $"the sentry, which reads packets in a process of its own, could not start ({first.End})", "POSTERN_DEBUG=1 shows what it says itself");
            _warden.Apply(WardenOptions(_configuration), _configuration.Protection, GateClock.Now(), first.Options.Generation);
            _post.Post(first, _configuration);
        }
        catch (Exception e)
        {
            _rules?.Dispose();
            _control?.Dispose();
            _firewall?.Dispose();
            _post.Dispose();
            _spa?.Dispose();
            _alone?.Dispose();
            throw e switch
            {
                CaptureException c => new CommandFailure(c.MissingPrivilege ? ExitCode.MissingPrivilege : ExitCode.Unsupported, c.Message, c.Hint, c),
                FirewallException f => new CommandFailure(f.MissingPrivilege ? ExitCode.MissingPrivilege : ExitCode.Unsupported, f.Message, f.Hint, f),
                _ => e,
            };
        }
    }

    public DateTimeOffset Started { get; } = DateTimeOffset.Now;

    /// <summary>Guards until the steward says stop. The rules stay in the kernel afterwards: a gate that is not running is a closed one.</summary>
    public void Run()
    {
        SayReady();
        for (var item = Next(); item.Kind != GateEventKind.Stop; item = Next())
            Do(item);
        GateLog.Stopping(_log);
    }

    /// <summary>What the steward says, on its link's thread.</summary>
    private void Hear(StewardMessage message)
    {
        if (message.Word == StewardWord.Stop)
            _inbox.Put(new(GateEventKind.Stop));
        else if (message.Word == StewardWord.Reload)
            AskReload();
        else
            _inbox.Put(new(GateEventKind.Steward, Said: message));
    }

    /// <summary>Reads the file on a thread that may wait; asked again while one is under way, that one is enough.</summary>
    private void AskReload()
    {
        if (Interlocked.Exchange(ref _reloadAsked, 1) == 0)
            LoadBeside(call: null);
    }

    /// <summary>The same for the file of keys. It is read when whoever writes it has had a moment to end.</summary>
    private void AskKeys()
    {
        if (Interlocked.Exchange(ref _keysAsked, 1) != 0 || _configuration.Spa is not { } spa)
            return;
        new Thread(() =>
        {
            Thread.Sleep(Writing);
            Volatile.Write(ref _keysAsked, 0);
            lock (_keysOrder) // what was read later is put in later
                _inbox.Put(new(GateEventKind.Keys, Keys: NextKeys.Load(spa.AuthorizedKeysFile)));
        }) { Name = "keys", IsBackground = true }.Start();
    }

    private void LoadBeside(ControlCall? call) => new Thread(() =>
    {
        var next = WithSentry(NextConfiguration.Load(_path));
        if (call is null)
            Volatile.Write(ref _reloadAsked, 0);
        _inbox.Put(new(GateEventKind.Reload, Call: call, Next: next));
    }) { Name = "reload", IsBackground = true }.Start();

    /// <summary>A configuration by which no sentry can watch is not taken.</summary>
    private NextConfiguration WithSentry(NextConfiguration next)
    {
        if (next.Read.Configuration is not { } configuration || FixedSettings.ChangedIn(_configuration, configuration) is not null)
            return next;
        try
        {
            var capture = configuration.Capture == CaptureSetting.Udp ? _post.Current?.Capture : null; // those ports are taken already: by us
            var sentry = _post.Begin(configuration, SentryOptions(configuration, next.Traps), capture);
            if (sentry.Stands())
                return next with { Sentry = sentry };
            _post.Dismiss(sentry);
            return next with { Failure = new(null, $"a sentry for the new configuration did not start ({sentry.End})", "the configuration before is still in force") };
        }
        catch (Exception e) when (e is CaptureException or ConfinementException)
        {
            return next with { Failure = new(null, e.Message, (e as CaptureException)?.Hint ?? ((ConfinementException)e).Hint) };
        }
    }

    private void Take(ControlCall call)
    {
        if (call.Request.Verb is ControlRequest.Reload)
            LoadBeside(call);
        else
            _inbox.Put(new(GateEventKind.Call, Call: call));
    }

    public void Dispose()
    {
        _control.Dispose();
        _rules.Dispose();
        _post.Dispose();
        _spa?.Dispose();
        _firewall.Dispose();
        _alone.Dispose();
        _inbox.Dispose();
    }

    /// <summary>Waits for the next thing to do, and sees to what is due meanwhile.</summary>
    private GateEvent Next()
    {
        while (true)
        {
            var now = GateClock.Now();
            SeeToWhatIsDue(now);
            var wait = (Soonest(_warden.NextEnd, _post.Due, _nextBeat, _rulesLost ? _rulesAgain : null) - now.Uptime)!.Value;
            if (_inbox.TryTake(wait < TimeSpan.Zero ? TimeSpan.Zero : wait, out var item))
                return item;
            _warden.EndGrants(GateClock.Now());
        }
    }

    /// <summary>Whatever else waits.</summary>
    private void SeeToWhatIsDue(Moment now)
    {
        if (_rulesLost && now.Uptime >= _rulesAgain)
            RestoreRules();
        _post.Catch(now.Uptime);
        if (now.Uptime < _nextBeat)
            return;
        _steward.Say(new(StewardWord.Alive));
        _nextBeat = now.Uptime + Beat;
    }

    private static TimeSpan? Soonest(params ReadOnlySpan<TimeSpan?> times)
    {
        TimeSpan? soonest = null;
        foreach (var time in times)
            soonest = time is null || soonest <= time ? soonest : time;
        return soonest;
    }

    private void Do(in GateEvent item)
    {
        switch (item.Kind)
        {
            case GateEventKind.Report:
                Decide(item.Report);
                break;
            case GateEventKind.Call:
                item.Call!.Answer(_desk.Answer(item.Call.Request, GateClock.Now()));
                break;
            case GateEventKind.Reload:
                var failure = Reload(item.Next!);
                item.Call?.Answer(failure is null ? new() { Done = "reloaded" } : new() { Failure = failure });
                break;
            case GateEventKind.Keys:
                Renew(item.Keys!);
                break;
            case GateEventKind.Rules:
                RestoreRules();
                break;
            case GateEventKind.Misconduct:
                _post.NoteMisconduct(item.Sentry!, item.Misconduct, GateClock.Now().Uptime);
                break;
            case GateEventKind.Steward when item.Said.Word == StewardWord.SentryStarted:
                _post.NoteStart(item.Said.Id, item.Said.Number);
                break;
            case GateEventKind.Steward when item.Said.Word == StewardWord.SentryEnded:
                _post.NoteEnd(item.Said.Id, item.Said.Text, GateClock.Now().Uptime);
                break;
            case GateEventKind.Steward:
                break; // a word of a steward that knows more than we do
            default:
                throw new InvalidOperationException($"{item.Kind} is not for here");
        }

        var now = GateClock.Now().Uptime;
        if (_inbox.DroppedReports is var dropped && dropped > _reportsDropped && now - _droppedTold >= Moment)
        {
            GateLog.ReportsDropped(_log, dropped - _reportsDropped);
            (_reportsDropped, _droppedTold) = (dropped, now);
        }
    }

    /// <summary>With a fault anywhere nothing changes: the gate goes on as it was, and says so.</summary>
    private ControlFailure? Reload(NextConfiguration loaded)
    {
        _steward.Say(new(StewardWord.Reloading));
        var failure = Refuse(loaded) ?? Take(loaded.Read, loaded.Sentry!);
        if (failure is not null && loaded.Sentry is { } sentry)
            _post.Dismiss(sentry);
        _desk.ReloadFault = failure?.Message;
        if (failure is null)
            GateLog.Reloaded(_log, _configuration.Sequences.Length, _configuration.Warden.Services.Length, _warden.GrantCount);
        _steward.Say(new(StewardWord.Ready, Text: failure is null ? "guarding" : "guarding by the configuration before: the new one has faults"));
        return failure;
    }

    /// <summary>Why a configuration cannot be taken; null where it can.</summary>
    private ControlFailure? Refuse(NextConfiguration loaded)
    {
        var read = loaded.Read;
        if (read.Configuration is not { } next)
        {
            GateLog.ReloadRefused(_log, read.Faults.Length, read.Faults[0].ToString());
            return new(null, $"{read.Faults[0]}{(read.Faults.Length > 1 ? $" (and {read.Faults.Length - 1} more)" : "")}", $"'postern check --config {_path}' lists all faults; the configuration before is still in force");
        }

        var failure = FixedSettings.ChangedIn(_configuration, next) is { } what ? new(null, what, "restart the gate; grants in force are kept") : loaded.Failure;
        if (failure is not null)
            GateLog.ReloadRefused(_log, 1, failure.Message);
        return failure;
    }

    /// <summary>The firewall first, and only then the change of guard.</summary>
    private ControlFailure? Take(ConfigurationResult read, RunningSentry sentry)
    {
        var next = read.Configuration!;
        if (next.Spa is { } renewed && _configuration.Spa is { } known)
            next = next with { Spa = renewed with { Identities = known.Identities } }; // who may come in is the file of keys' to say, and that may have been read since; it is asked again below
        try
        {
            _warden.Apply(WardenOptions(next), next.Protection, GateClock.Now(), sentry.Options.Generation);
        }
        catch (FirewallException e)
        {
            GateLog.ReloadRefused(_log, 1, e.Message);
            return new(null, e.Message, e.Hint);
        }

        _configuration = next;
        _post.Post(sentry, next);
        _desk.Loaded = DateTimeOffset.Now;
        WarnOf(read);
        AskKeys(); // they may have changed while this was read
        return null;
    }

    /// <summary>One note in the inbox is enough, however fast others change their rules.</summary>
    private void NoteRules()
    {
        if (Interlocked.Exchange(ref _rulesNoted, 1) == 0)
            _inbox.Put(new(GateEventKind.Rules));
    }

    /// <summary>Somebody changed rules in the kernel. If ours are gone, the services lie open: put them back first, ask afterwards.</summary>
    private void RestoreRules()
    {
        Volatile.Write(ref _rulesNoted, 0);
        try
        {
            if (_firewall.Inspect().InPlace)
                return;
            _warden.Apply(WardenOptions(_configuration), _configuration.Protection, GateClock.Now(), _warden.Generation);
            _rulesLost = false;
            GateLog.RulesRestored(_log);
        }
        catch (FirewallException e)
        {
            _rulesLost = true; // asked again in a moment
            _rulesAgain = GateClock.Now().Uptime + Moment;
            GateLog.RulesLost(_log, e.Message);
        }
    }

    private void WarnOf(ConfigurationResult read)
    {
        foreach (var warning in read.Warnings)
            GateLog.ConfigurationWarning(_log, warning.ToString());
        foreach (var fault in read.KeyFaults)
            GateLog.KeyFault(_log, fault.ToString());
    }

    private SentryOptions SentryOptions(GateConfiguration configuration, TrapPorts traps) => new(_post.NextGeneration(), configuration.Sequences)
    {
        Traps = traps,
        Spa = configuration.Spa is { } spa ? _spa!.ForSentry(spa) : null,
    };

    private WardenOptions WardenOptions(GateConfiguration configuration) =>
        configuration.Warden with { Spa = configuration.Spa is { } spa ? _spa!.ForWarden(spa) : null };

    private static Socket ToSocket(Descriptor raw)
    {
        var socket = new Socket(new SafeSocketHandle(raw.Number, ownsHandle: true));
        raw.SetHandleAsInvalid(); // it has changed hands
        return socket;
    }

    private void Decide(in Report report)
    {
        var now = GateClock.Now();
        var verdict = _warden.Handle(report, now);
        if (verdict.Refusal == Refusal.FirewallFailed)
            NoteRules(); // perhaps because they are gone
        if (verdict.ReceiptDue && _configuration.Spa is { Receipt: true })
            _spa!.Receipts.TrySend(report, verdict, now);
    }

    /// <summary>Whoever is no longer in the file loses what he holds now; a line with a fault keeps out nobody but its own key.</summary>
    private void Renew(NextKeys keys)
    {
        if (_configuration.Spa is not { } spa)
            return;
        foreach (var fault in keys.Faults)
            GateLog.KeyFault(_log, fault.ToString());
        _configuration = _configuration with { Spa = spa with { Identities = keys.Identities } };
        _warden.Renew(_spa!.ForWarden(_configuration.Spa), GateClock.Now());
        GateLog.KeysRenewed(_log, keys.Identities.Length, keys.Faults.Length);
    }

    private void SayReady()
    {
        var interfaces = _configuration.Interfaces;
        foreach (var missing in interfaces.Where(name => !Directory.Exists($"/sys/class/net/{name}")))
            GateLog.InterfaceMissing(_log, missing);
        foreach (var port in interfaces.Where(name => Directory.Exists($"/sys/class/net/{name}/master")))
            GateLog.InterfaceEnslaved(_log, port);
        GateLog.Ready(
            _log,
            interfaces.IsEmpty ? "every interface" : string.Join(", ", interfaces),
            StatusText.WatchedFor(_configuration),
            _configuration.Warden.Services.Length,
            string.Join(", ", _configuration.Files));
        _steward.Say(new(StewardWord.Ready, Text: "guarding"));
    }

    private GateStatus Describe(GateStatus bare)
    {
        var firewall = _firewall.Inspect();
        return bare with
        {
            Pid = _steward.Steward,
            Started = Started,
            Files = _configuration.Files,
            Interfaces = _configuration.Interfaces,
            RulesInPlace = firewall.InPlace,
            BlendsIn = firewall.HostDrops switch { true => "silent", false => "closed", null => null },
            Services = StatusText.ServicesOf(_configuration.Warden, _warden.Grants),
            Knocks = StatusText.KnocksOf(_configuration.Warden),
            Spa = StatusText.SpaOf(_configuration),
            Packets = StatusText.PacketsOf(_post.Counters(), _inbox.DroppedReports),
            Processes = StatusText.ProcessesOf(_steward.Steward, _post),
        };
    }
}
