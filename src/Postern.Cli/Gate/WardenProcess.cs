using System.Net.Sockets;
using System.Runtime.Versioning;
using Microsoft.Extensions.Logging;
using Postern.Cli.CommandLine;
using Postern.Cli.Configuration;
using Postern.Cli.Control;
using Postern.Cli.Gate.Watch;
using Postern.Confinement;
using Postern.Firewall;
using Postern.Packets;
using Postern.Reports;
using Postern.Steward;
using Postern.Warden;
using Postern.Warden.Ledger;

namespace Postern.Cli.Gate;

/// <summary>
/// The warden: hears reports, operators and the steward in one inbox, decides, and alone changes the firewall.
/// <code>
/// sentry (a process) ─► channel ─► inbox ─► warden ─► kernel          control socket, steward ─► inbox
/// </code>
/// </summary>
[SupportedOSPlatform("linux")]
internal sealed class WardenProcess : IDisposable
{
    private static readonly TimeSpan DropsTold = TimeSpan.FromSeconds(1);

    /// <summary>Of a one-time knock: time to write new ones.</summary>
    private const int FewSequences = 5;

    /// <summary>A sign of life to the steward so often, and no oftener than need be.</summary>
    private static readonly TimeSpan Beat = TimeSpan.FromSeconds(5);

    private readonly ILogger _log;
    private readonly GateInbox _inbox = new();
    private readonly StewardLink _steward;
    private readonly WatchDesk _watch;
    private readonly InForce _inForce;
    private readonly OnlyGate _alone;
    private readonly LedgerFile? _ledger;
    private readonly SentryPost _post;
    private readonly HostLosses _unseen = new();
    private readonly NftablesFirewall _firewall;
    private readonly Warden.Warden _warden;
    private readonly RulesKeeper _rules;
    private readonly Reloader _reloader;
    private readonly KeysReader _keys;
    private readonly OperatorDesk _desk;
    private readonly ControlServer _control;
    private readonly Report[] _reports = new Report[GateInbox.MostInTurn];
    private readonly Verdict[] _verdicts = new Verdict[GateInbox.MostInTurn];
    private readonly string? _fault;
    private long _reportsDropped;
    private TimeSpan _droppedTold;
    private TimeSpan _nextBeat;

    /// <summary>
    /// The order is what keeps people from being locked out and strangers from being let in: all that can fail without a trace comes
    /// before the first change of the firewall, and from that change on everything is closed.
    /// </summary>
    /// <param name="path">Of the configuration.</param>
    /// <param name="again">Another warden of the same gate was there before; it was not the operator who starts this one.</param>
    /// <param name="log">Where it says what it does.</param>
    /// <exception cref="CommandFailure">Something is missing: what, and the mend. Nothing was changed.</exception>
    public WardenProcess(string path, bool again, ILogger log)
    {
        _log = log;
        _steward = StewardLink.Join(Hear, note => _inbox.Put(new(GateEventKind.Errand, Note: note)));
        Turns.Shorten();
        Walls.ForbidDumps();
        Walls.Limit();
        Walls.Enter(SystemCallProfile.Warden);
        var (configuration, fault) = ConfigurationLoading.ReadOrKept(path, again, log);
        _watch = new(() => _inForce!.Configuration, () => StatusText.PacketsOf(_post!.Counters(), _inbox.DroppedReports, _inForce!.Configuration.Capture, [], unseen: null));
        _post = new(_steward, _inbox, _watch, log);
        try
        {
            _alone = OnlyGate.Claim();
            _ledger = GateLedger.Open(configuration);
            _keys = new(_inbox);
            _inForce = new(configuration, configuration.Spa is { } spa ? SpaKeeper.Open(spa, () => _keys.Ask(spa), [.. _steward.ReceiptSockets.Select(ToSocket)]) : null, _ledger);
            ReadKeysOnceWatched();
            var first = _post.Begin(_inForce.Configuration, _inForce.ForSentry(_inForce.Configuration, configuration.ChooseTraps(), _post.NextGeneration()));
            _firewall = new NftablesFirewall();
            _warden = new(_firewall, new WatchedAudit(new LogAudit(log, TimeProvider.System), _watch), _ledger, _steward);
            _reloader = new(path, _inForce, _warden, _post, _steward, _inbox, AskKeys, log);
            _desk = new(_warden, _reloader, Describe, () => StatusText.KeyNamesOf(_inForce.Configuration));
            _control = ControlServer.Listen(configuration.ControlSocket, configuration.ControlReaders, Take, log, _watch);
            _rules = new(_firewall, now => Apply(_warden.Generation, now), _inbox, log);
            if (!first.Stands())
                throw new CommandFailure(ExitCode.Unsupported, $"the sentry, which reads packets in a process of its own, could not start ({first.End})", "POSTERN_DEBUG=1 shows what it says itself");
            _inForce.Watched = first.Options;
            Apply(first.Options.Generation, GateClock.Now());
            _post.Post(first, _inForce.Configuration);
            _fault = fault;
        }
        catch (Exception e)
        {
            _rules?.Dispose();
            _control?.Dispose();
            _firewall?.Dispose();
            _post.Dispose();
            _watch.Dispose();
            _inForce?.Spa?.Dispose();
            _ledger?.Dispose();
            _alone?.Dispose();
            throw e switch
            {
                CaptureException c => new CommandFailure(c.MissingPrivilege ? ExitCode.MissingPrivilege : ExitCode.Unsupported, c.Message, c.Hint, c),
                FirewallException f => new CommandFailure(f.MissingPrivilege ? ExitCode.MissingPrivilege : ExitCode.Unsupported, f.Message, f.Hint, f),
                _ => e,
            };
        }
    }

    /// <summary>Guards until the steward says stop. The rules stay in the kernel afterwards: a gate that is not running is a closed one.</summary>
    public void Run()
    {
        SayReady();
        _ = WarmUp.Walk(_firewall, signed: _inForce.Configuration.Spa is not null);
        while (DoAllThatWasAsked())
        {
            if (_inbox.Take(_reports) is > 0 and var count)
                Decide(_reports.AsSpan(0, count));
            TellOfDrops();
            Wait();
        }

        GateLog.Stopping(_log);
        _reloader.End();
    }

    public void Dispose()
    {
        _control.Dispose();
        _rules.Dispose();
        _post.Dispose();
        _watch.Dispose();
        _inForce.Spa?.Dispose();
        _ledger?.Dispose();
        _firewall.Dispose();
        _alone.Dispose();
        _inbox.Dispose();
    }

    /// <summary>What the steward says, on its link's thread.</summary>
    private void Hear(StewardMessage message)
    {
        if (message.Word == StewardWord.SentryEnded)
            _post?.HearEnd(message.Id, message.Text);
        if (message.Word == StewardWord.Stop)
            _inbox.Put(new(GateEventKind.Stop));
        else
            _inbox.Put(new(GateEventKind.Steward, Said: message));
    }

    /// <summary>What an operator asks, on a thread of the control socket.</summary>
    private void Take(ControlCall call)
    {
        if (call.Request.Verb is ControlRequest.Reload or ControlRequest.Apply)
            _reloader.Ask(call);
        else
            _inbox.Put(new(GateEventKind.Call, Call: call));
    }

    /// <summary>False: to stop.</summary>
    private bool DoAllThatWasAsked()
    {
        while (_inbox.TryTake(out var item))
        {
            if (item.Kind == GateEventKind.Stop)
                return false;
            Do(item);
            SeeToWhatIsDue(GateClock.Uptime());
        }

        return true;
    }

    /// <summary>Until there is something to do, when what is due has been seen to.</summary>
    private void Wait()
    {
        var now = GateClock.Uptime();
        SeeToWhatIsDue(now);
        var wait = Soonest(_warden.NextEnd, _post.Due, _rules.Due, _reloader.Due, _nextBeat) - now;
        _inbox.Wait(wait < TimeSpan.Zero ? TimeSpan.Zero : wait);
    }

    /// <summary>Whatever else waits.</summary>
    private void SeeToWhatIsDue(TimeSpan now)
    {
        if (_warden.NextEnd <= now)
            _warden.EndGrants(GateClock.Now());
        if (_rules.Due <= now)
            _rules.Restore(GateClock.Now());
        _post.Catch(now);
        _reloader.Catch(now);
        if (now < _nextBeat)
            return;
        _steward.Say(new(StewardWord.Alive));
        _control.Tend(_inForce.Configuration.ControlReaders, now);
        _nextBeat = now + Beat;
    }

    private static TimeSpan Soonest(TimeSpan? one, TimeSpan? two, TimeSpan? three, TimeSpan? four, TimeSpan last)
    {
        foreach (var time in (ReadOnlySpan<TimeSpan?>)[one, two, three, four])
            last = time < last ? time.Value : last;
        return last;
    }

    private void Do(in GateEvent item)
    {
        var now = GateClock.Now();
        switch (item.Kind)
        {
            case GateEventKind.Call:
                item.Call!.Answer(_desk.Answer(item.Call.Request, now));
                break;
            case GateEventKind.Reload:
                _reloader.Take(item.Next!, item.Call, now.Uptime);
                WarnOfEachThatRunsOut(now);
                _control.Tend(_inForce.Configuration.ControlReaders, now.Uptime);
                break;
            case GateEventKind.Keys:
                Renew(item.Keys!, now);
                break;
            case GateEventKind.Rules:
                _rules.Restore(now);
                break;
            case GateEventKind.Misconduct:
                _post.NoteMisconduct(item.Sentry!, item.Misconduct, now.Uptime);
                break;
            case GateEventKind.Errand:
                _warden.Hear(item.Note, now);
                break;
            case GateEventKind.Steward:
                HearOut(item.Said, now);
                break;
            default:
                throw new InvalidOperationException($"{item.Kind} is not for here");
        }
    }

    private void TellOfDrops()
    {
        if (_inbox.DroppedReports is var dropped && dropped > _reportsDropped && GateClock.Uptime() is var now && now - _droppedTold >= DropsTold)
        {
            GateLog.ReportsDropped(_log, dropped - _reportsDropped);
            (_reportsDropped, _droppedTold) = (dropped, now);
        }
    }

    private void HearOut(in StewardMessage said, Moment now)
    {
        switch (said.Word)
        {
            case StewardWord.Reload:
                _reloader.Ask();
                break;
            case StewardWord.SentryStarted:
                _post.NoteStart(said.Id, said.Number);
                break;
            case StewardWord.SentryEnded:
                _post.NoteEnd(said.Id, said.Text, now.Uptime);
                break;
            default:
                break; // no word of a steward's
        }
    }

    private void Decide(ReadOnlySpan<Report> reports)
    {
        var now = GateClock.Now();
        _warden.Handle(reports, now, _verdicts);
        for (var i = 0; i < reports.Length; i++)
            FollowUp(reports[i], _verdicts[i], now);
        Array.Clear(_reports, 0, reports.Length); // their bytes
    }

    private void FollowUp(in Report report, in Verdict verdict, Moment now)
    {
        if (verdict.Refusal == Refusal.FirewallFailed)
            _rules.Note(); // perhaps because they are gone
        if (verdict.UsedUp is { } name)
            WarnIfFewAreLeft(name, now);
        if (verdict.ReceiptDue && _inForce.Configuration.Spa is { Receipt: true })
            _inForce.Spa!.Receipts.TrySend(report, verdict, now);
    }

    /// <exception cref="FirewallException">The kernel refused; nothing was changed.</exception>
    private int Apply(uint generation, Moment now)
    {
        var configuration = _inForce.Configuration;
        return _warden.Apply(_inForce.ForWarden(configuration), InForce.Protect(configuration, _inForce.Watched!), now, generation);
    }

    private void AskKeys()
    {
        if (_inForce.Configuration.Spa is { } spa)
            _keys.Ask(spa);
    }

    /// <summary>As they are now that they are watched.</summary>
    private void ReadKeysOnceWatched()
    {
        if (_inForce.Configuration is { Spa: { } spa } configuration)
            _inForce.Configuration = configuration with { Spa = spa with { Identities = NextKeys.Load(spa.AuthorizedKeysFile).Identities } };
    }

    /// <summary>Whoever is no longer in the file loses what he holds now; a line with a fault keeps out nobody but its own key.</summary>
    private void Renew(NextKeys keys, Moment now)
    {
        if (_inForce.Configuration is not { Spa: { } spa } configuration)
            return;
        foreach (var fault in keys.Faults)
            GateLog.KeyFault(_log, fault.ToString());
        spa = spa with { Identities = keys.Identities };
        _inForce.Configuration = configuration with { Spa = spa };
        _warden.Renew(_inForce.ForWarden(_inForce.Configuration).Spa!, now);
        GateLog.KeysRenewed(_log, PortText.Count(keys.Identities.Length, "key"), PortText.Count(keys.Faults.Length, "fault"));
    }

    private static Socket ToSocket(Descriptor raw)
    {
        var socket = new Socket(new SafeSocketHandle(raw.Number, ownsHandle: true));
        raw.SetHandleAsInvalid(); // it has changed hands
        return socket;
    }

    private void SayReady()
    {
        var configuration = _inForce.Configuration;
        foreach (var missing in configuration.Interfaces.Where(name => !Directory.Exists($"/sys/class/net/{name}")))
            GateLog.InterfaceMissing(_log, missing);
        foreach (var port in configuration.Interfaces.Where(name => Directory.Exists($"/sys/class/net/{name}/master")))
            GateLog.InterfaceEnslaved(_log, port);
        GateLog.Ready(
            _log,
            configuration.Interfaces.IsEmpty ? "every interface" : string.Join(", ", configuration.Interfaces),
            StatusText.WatchedFor(configuration),
            PortText.Count(configuration.Warden.Services.Length, "service"),
            string.Join(", ", configuration.Files));
        _reloader.Begin(_fault);
        WarnOfEachThatRunsOut(GateClock.Now());
        foreach (var obstacle in ForwardText.Of(Inspect().Obstacles))
            GateLog.ForwardsBlocked(_log, obstacle);
        Rubbish.GiveBack();
    }

    private void WarnOfEachThatRunsOut(Moment now)
    {
        foreach (var knock in _inForce.Configuration.OneTime)
            WarnIfFewAreLeft(knock.Door.Name, now);
    }

    private void WarnIfFewAreLeft(string knock, Moment now)
    {
        if (_warden.SequencesLeft(knock, now) is <= FewSequences and var left && _inForce.Configuration.OneTime.FirstOrDefault(k => string.Equals(k.Door.Name, knock, StringComparison.Ordinal)) is { } which)
            GateLog.FewSequencesLeft(_log, left, knock, which.Settings.File);
    }

    private Dictionary<string, int> SequencesLeft()
    {
        var now = GateClock.Now();
        return _inForce.Configuration.OneTime.ToDictionary(k => k.Door.Name, k => _warden.SequencesLeft(k.Door.Name, now), StringComparer.Ordinal);
    }

    /// <summary>A kernel that does not answer is no reason to end.</summary>
    private FirewallState Inspect()
    {
        try
        {
            return _firewall.Inspect();
        }
        catch (FirewallException)
        {
            return new(InPlace: false, HostDrops: null);
        }
    }

    private GateStatus Describe(GateStatus bare)
    {
        var (firewall, configuration) = (Inspect(), _inForce.Configuration);
        return bare with
        {
            Pid = _steward.Steward,
            Started = _steward.Started,
            Files = configuration.Files,
            Interfaces = configuration.Interfaces,
            Capture = configuration.Capture.ToString(),
            MissingInterfaces = [.. configuration.Interfaces.Where(name => !Directory.Exists($"/sys/class/net/{name}"))],
            RulesInPlace = firewall.InPlace,
            BlendsIn = firewall.HostDrops switch { true => "silent", false => "closed", null => null },
            ForwardsBlocked = ForwardText.Of(firewall.Obstacles) is { IsEmpty: false } obstacles ? obstacles : null,
            Services = StatusText.ServicesOf(configuration.Warden, _warden.Grants),
            Knocks = StatusText.KnocksOf(configuration, SequencesLeft()),
            Spa = StatusText.SpaOf(configuration),
            Fwknop = StatusText.FwknopOf(configuration),
            Packets = StatusText.PacketsOf(_post.Counters(), _inbox.DroppedReports, configuration.Capture, _warden.Refusals(), _unseen.Count()),
            Processes = StatusText.ProcessesOf(_steward.Steward, _steward.Life - 1, _post),
        };
    }
}
