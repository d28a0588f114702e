using System.Runtime.Versioning;
using System.Globalization;
using Microsoft.Extensions.Logging;
using Postern.Cli.Configuration;
using Postern.Cli.Control;
using Postern.Cli.Gate.Watch;
using Postern.Confinement;
using Postern.Firewall;
using Postern.Packets;
using Postern.Steward;

namespace Postern.Cli.Gate;

/// <summary>
/// Changes what the gate guards by. A configuration is read, and a sentry for it started, beside the warden; the warden's thread only takes over what stands. One that
/// is taken on trial gives way to the one before, unless somebody confirms it in time.
/// </summary>
[SupportedOSPlatform("linux")]
internal sealed class Reloader(
    string path, InForce inForce, Warden.Warden warden, SentryPost post, StewardLink steward, GateInbox inbox, Action keysMayHaveChanged, ILogger log)
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan UsualTrial = TimeSpan.FromSeconds(60);

    private readonly KeptConfiguration _kept = new(path);
    private Trial? _trial;
    private int _asked;

    /// <summary>Until when somebody has to confirm it, and what is gone back to.</summary>
    private sealed record Trial(GateConfiguration Before, DateTimeOffset LoadedBefore, TimeSpan Until)
    {
        /// <summary>Time is up, and the sentry for the configuration before is being started.</summary>
        public bool IsEnding { get; init; }
    }

    public DateTimeOffset Loaded { get; private set; } = DateTimeOffset.Now;

    /// <summary>Why the configuration on the disk is not the one in force; null: it is.</summary>
    public string? Fault { get; private set; }

    /// <summary>When <see cref="Catch"/> has something to do.</summary>
    public TimeSpan? Due => _trial is { IsEnding: false } trial ? trial.Until : null;

    /// <summary>How long the configuration in force is still on trial; null: it is not.</summary>
    public TimeSpan? TrialLeft(TimeSpan now) => _trial is { } trial ? trial.Until - now : null;

    /// <summary>Once at the start: what is in force now is good, or stands in for what is on the disk.</summary>
    public void Begin(string? fault)
    {
        Fault = fault;
        SayReady();
        if (fault is null)
            Attempt(() => _kept.Keep(inForce.Configuration)); // else it is the kept one that is in force, and what made it so is still true of the disk
    }

    private void SayReady() => steward.Say(new(StewardWord.Ready, Text: Fault is null ? "guarding" : "guarding, but not by the configuration on the disk"));

    /// <summary>A clean end: whoever starts the gate anew means the configuration on the disk.</summary>
    public void End()
    {
        if (_trial is null)
            Attempt(_kept.Forget);
    }

    /// <summary>By a signal: asked again while one is under way, that one is enough.</summary>
    public void Ask()
    {
        if (Interlocked.Exchange(ref _asked, 1) == 0)
            Beside(call: null, NextFromDisk);
    }

    /// <summary>By an operator: reload, or apply, which is a reload on trial.</summary>
    public void Ask(ControlCall call) => Beside(call, NextFromDisk);

    /// <summary>The operator is still there: what was tried stays.</summary>
    public ControlReply Confirm()
    {
        if (_trial is null)
            return new() { Failure = new(null, "no configuration is on trial", "'postern apply' takes the one on the disk on trial; if its time is over, the gate has gone back") };
        _trial = null;
        Attempt(() => _kept.Keep(inForce.Configuration));
        GateLog.Confirmed(log);
        return new() { Done = "confirmed: the configuration stays" };
    }

    /// <summary>Goes back where the time of a trial is up.</summary>
    public void Catch(TimeSpan now)
    {
        if (_trial is not { IsEnding: false } trial || now < trial.Until)
            return;
        _trial = trial with { IsEnding = true };
        Beside(call: null, () => new(new(trial.Before, [], []), trial.Before.ChooseTraps()) { GoesBack = true });
    }

    /// <summary>With a fault anywhere nothing changes: the gate goes on as it was, and says so.</summary>
    public void Take(NextConfiguration loaded, ControlCall? call, TimeSpan now)
    {
        if (loaded.GoesBack && _trial is not { IsEnding: true })
        {
            if (loaded.Sentry is { } needless)
                post.Dismiss(needless);
            return; // somebody confirmed it at the last moment
        }

        steward.Say(new(StewardWord.Reloading));
        var before = inForce.Configuration;
        var failure = Refuse(loaded) ?? BeginTrial(loaded, call) ?? PutInForce(loaded);
        if (failure is not null && loaded.Sentry is { } sentry)
            post.Dismiss(sentry);
        if (loaded.GoesBack)
            NoteWayBack(failure, now);
        else
            NoteReload(failure, before, call, now);
        SayReady();
    }

    private void NoteReload(ControlFailure? failure, GateConfiguration before, ControlCall? call, TimeSpan now)
    {
        var loadedBefore = Loaded;
        if (failure is not null)
        {
            if (_trial is null)
                Fault = failure.Message;
            call?.Answer(new() { Failure = failure });
            return;
        }

        (Fault, Loaded) = (null, DateTimeOffset.Now);
        GateLog.Reloaded(log, PortText.Count(inForce.Configuration.KnockCount, "knock"), PortText.Count(inForce.Configuration.Warden.Services.Length, "service"), PortText.Count(warden.GrantCount, "grant"));
        if (call?.Request is not { Verb: ControlRequest.Apply } request)
        {
            Attempt(() => _kept.Keep(inForce.Configuration));
            call?.Answer(new() { Done = "reloaded" });
            return;
        }

        var time = request.Seconds is { } seconds ? TimeSpan.FromSeconds(seconds) : UsualTrial;
        _trial = new(before, loadedBefore, now + time);
        GateLog.OnTrial(log, time.TotalSeconds);
        call.Answer(new() { Done = string.Create(CultureInfo.InvariantCulture, $"applied, and in force for {time.TotalSeconds:0} s: 'postern apply --confirm' keeps it, otherwise the one before comes back") });
    }

    private void NoteWayBack(ControlFailure? failure, TimeSpan now)
    {
        if (failure is not null)
        {
            GateLog.NotGoneBack(log, failure.Message);
            _trial = _trial! with { Until = now + Pause, IsEnding = false };
            return;
        }

        (Loaded, _trial) = (_trial!.LoadedBefore, null);
        Fault = KeptConfiguration.Unconfirmed; // and so it is to the next warden: the mark of the trial stays
        GateLog.GoneBack(log);
    }

    /// <summary>Why a configuration cannot be taken; null where it can.</summary>
    private ControlFailure? Refuse(NextConfiguration loaded)
    {
        if (_trial is not null && !loaded.GoesBack)
            return Refused(new(null, "a configuration is on trial", "'postern apply --confirm' keeps it; or wait until the gate has gone back"));
        if (loaded.Read.Configuration is not { } next)
        {
            var faults = loaded.Read.Faults;
            GateLog.ReloadRefused(log, PortText.Count(faults.Length, "fault"), faults[0].ToString());
            return new(null, $"{faults[0]}{(faults.Length > 1 ? $" (and {faults.Length - 1} more)" : "")}", $"'postern check --config {path}' lists all faults; the configuration before is still in force");
        }

        var failure = FixedSettings.ChangedIn(inForce.Configuration, next) is { } what ? new(null, what, "restart the gate; grants in force are kept") : loaded.Failure ?? Overtaken(loaded, next);
        return failure is null ? null : Refused(failure);
    }

    /// <summary>What it was made for is not what is there now: while it was being made, the gate went back, or had to watch by other sockets.</summary>
    private ControlFailure? Overtaken(NextConfiguration loaded, GateConfiguration next)
    {
        var isOvertaken = loaded.Sentry is not { } sentry || (next.Capture.IsHandedOn && !ReferenceEquals(sentry.Capture, post.Capture));
        return isOvertaken ? new(null, "what the gate watches by has changed meanwhile", "ask again") : null;
    }

    /// <summary>The mark first: if we die from here on, the one before comes back.</summary>
    private ControlFailure? BeginTrial(NextConfiguration loaded, ControlCall? call)
    {
        if (loaded.GoesBack || call?.Request.Verb is not ControlRequest.Apply)
            return null;
        try
        {
            _kept.BeginTrial();
            return null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return Refused(new(null, $"cannot note that a trial begins: {e.Message}", "make room in /run, or 'postern reload', which goes back for nobody"));
        }
    }

    /// <summary>The firewall first, and only then the change of guard.</summary>
    private ControlFailure? PutInForce(NextConfiguration loaded)
    {
        var next = loaded.Read.Configuration!;
        if (next.Spa is { } renewed && inForce.Configuration.Spa is { } known)
            next = next with { Spa = renewed with { Identities = known.Identities } }; // who may come in is the file of keys' to say, and that may have been read since; it is asked again below
        try
        {
            warden.Apply(inForce.ForWarden(next), InForce.Protect(next, loaded.Sentry!.Options), GateClock.Now(), loaded.Sentry.Options.Generation);
        }
        catch (FirewallException e)
        {
            return Refused(new(null, e.Message, e.Hint));
        }

        (inForce.Configuration, inForce.Watched) = (next, loaded.Sentry.Options);
        post.Post(loaded.Sentry, next);
        foreach (var warning in loaded.Read.Warnings)
            GateLog.ConfigurationWarning(log, warning.ToString());
        foreach (var fault in loaded.Read.KeyFaults)
            GateLog.KeyFault(log, fault.ToString());
        keysMayHaveChanged();
        return null;
    }

    private ControlFailure Refused(ControlFailure failure)
    {
        GateLog.ReloadRefused(log, "1 fault", failure.Message);
        return failure;
    }

    private NextConfiguration NextFromDisk() => NextConfiguration.Load(path);

    /// <summary>On a thread that may wait.</summary>
    private void Beside(ControlCall? call, Func<NextConfiguration> load) => new Thread(() =>
    {
        var next = WithSentry(load());
        if (call is null)
            Volatile.Write(ref _asked, 0);
        inbox.Put(new(GateEventKind.Reload, Call: call, Next: next));
    }) { Name = "reload", IsBackground = true }.Start();

    /// <summary>A configuration by which no sentry can watch is not taken.</summary>
    private NextConfiguration WithSentry(NextConfiguration next)
    {
        if (next.Read.Configuration is not { } configuration || FixedSettings.ChangedIn(inForce.Configuration, configuration) is not null)
            return next;
        try
        {
            var capture = configuration.Capture.IsHandedOn ? post.Capture : null; // those ports are taken already: by us
            if (configuration.Capture.IsHandedOn && capture is null)
                return next with { Failure = new(null, "no sentry stands now", "ask again when 'postern status' shows one; the log says why") };
            var sentry = post.Begin(configuration, inForce.ForSentry(configuration, next.Traps, post.NextGeneration()), capture);
            if (sentry.Stands())
                return next with { Sentry = sentry };
            post.Dismiss(sentry);
            return next with { Failure = new(null, $"a sentry for the new configuration did not start ({sentry.End})", "the configuration before is still in force") };
        }
        catch (CaptureException e)
        {
            return next with { Failure = new(null, e.Message, e.Hint) };
        }
        catch (ConfinementException e)
        {
            return next with { Failure = new(null, e.Message, e.Hint) };
        }
        catch (Exception e) when (SentryPost.IsWantOfRoom(e))
        {
            return next with { Failure = new(null, $"no sentry can be started: {e.Message}", "the configuration before is still in force") };
        }
    }

    /// <summary>Without its copy the gate guards all the same; only a crash would find nothing to go back to.</summary>
    private void Attempt(Action keep)
    {
        try
        {
            keep();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            GateLog.NotKept(log, e.Message);
        }
    }
}
