using System.Runtime.Versioning;
using Microsoft.Extensions.Logging;
using Postern.Cli.CommandLine;
using Postern.Cli.Configuration;
using Postern.Cli.Control;
using Postern.Firewall;
using Postern.Knocks.Sequences;
using Postern.Packets;
using Postern.Reports;
using Postern.Sentry;
using Postern.Warden;

namespace Postern.Cli.Gate;

/// <summary>
/// The running gate: the sentry on its thread, the warden on the caller's, one inbox between them.
/// <code>
/// ring ─► sentry ─► inbox ─► warden ─► kernel          control socket, signals ─► inbox
/// </code>
/// </summary>
[SupportedOSPlatform("linux")]
internal sealed class GateProcess : IDisposable
{
    private static readonly TimeSpan Moment = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Writing = TimeSpan.FromMilliseconds(50);

    private readonly string _path;
    private readonly ILogger _log;
    private readonly GateInbox _inbox = new();
    private readonly SentryCounters _counters = new();
    private readonly NftablesFirewall _firewall;
    private readonly Warden.Warden _warden;
    private readonly IPacketSource _source;
    private readonly SpaKeeper? _spa;
    private readonly SentryPost _post;
    private readonly RulesWatch _rules;
    private readonly ControlServer _control;
    private readonly OnlyGate _alone;
    private readonly OperatorDesk _desk;
    private GateConfiguration _configuration;
    private TrapPorts _traps;
    private long _reportsDropped;
    private TimeSpan _droppedTold;
    private int _rulesNoted;
    private int _reloadAsked;
    private readonly Lock _keysOrder = new();
    private int _keysAsked;
    private bool _rulesLost;
    private TimeSpan _rulesAgain;

    /// <summary>
    /// The order is what keeps people from being locked out and strangers from being let in: all that can fail without a trace comes
    /// before the first change of the firewall, and from that change on everything is closed.
    /// </summary>
    /// <exception cref="CommandFailure">Something is missing: what, and the mend. Nothing was changed.</exception>
    public GateProcess(string path, ILogger log)
    {
        _path = path;
        _log = log;
        _configuration = ReadOrFail(path);
        _traps = _configuration.ChooseTraps();
        try
        {
            _alone = OnlyGate.Claim();
            if (_configuration.Spa is { } spa)
            {
                _spa = SpaKeeper.Open(spa, AskKeys);
                spa = spa with { Identities = NextKeys.Load(spa.AuthorizedKeysFile).Identities }; // as it is now that it is watched
                _configuration = _configuration with { Spa = spa };
            }

            _source = OpenSource();
            _firewall = new NftablesFirewall();
            _warden = new(_firewall, new LogAudit(log, TimeProvider.System), _spa?.Ledger);
            _desk = new(_warden, Describe, () => StatusText.KeyNamesOf(_configuration));
            _control = ControlServer.Listen(_configuration.ControlSocket, Take);
            _rules = new(NoteRules);
            _warden.Apply(WardenOptions(_configuration), _configuration.Protection, GateClock.Now());
        }
        catch (Exception e)
        {
            _rules?.Dispose();
            _control?.Dispose();
            _firewall?.Dispose();
            _source?.Dispose();
            _spa?.Dispose();
            _alone?.Dispose();
            throw e switch
            {
                CaptureException c => new CommandFailure(c.MissingPrivilege ? ExitCode.MissingPrivilege : ExitCode.Unsupported, c.Message, c.Hint, c),
                FirewallException f => new CommandFailure(f.MissingPrivilege ? ExitCode.MissingPrivilege : ExitCode.Unsupported, f.Message, f.Hint, f),
                _ => e,
            };
        }

        _post = new(_source, new(SentryOptions(_warden.Generation), _counters), _inbox);
    }

    public DateTimeOffset Started { get; } = DateTimeOffset.Now;

    /// <summary>Guards until <see cref="Stop"/>. The rules stay in the kernel afterwards: a gate that is not running is a closed one.</summary>
    public void Run()
    {
        _post.Start();
        SayReady();
        for (var item = Next(); item.Kind != GateEventKind.Stop; item = Next())
            Do(item);
        GateLog.Stopping(_log);
        ServiceManager.Stopping();
    }

    public void Stop() => _inbox.Put(new(GateEventKind.Stop));

    /// <summary>Reads the file on a thread that may wait; asked again while one is under way, that one is enough.</summary>
    public void AskReload()
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
        var next = NextConfiguration.Load(_path);
        if (call is null)
            Volatile.Write(ref _reloadAsked, 0);
        _inbox.Put(new(GateEventKind.Reload, Call: call, Next: next));
    }) { Name = "reload", IsBackground = true }.Start();

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
        _source.Dispose();
        _spa?.Dispose();
        _firewall.Dispose();
        _alone.Dispose();
        _inbox.Dispose();
    }

    /// <summary>Waits for the next thing to do, and notes the grants that end meanwhile.</summary>
    private GateEvent Next()
    {
        while (true)
        {
            var left = _warden.NextEnd - GateClock.Now().Uptime;
            if (_rulesLost && GateClock.Now().Uptime >= _rulesAgain)
                RestoreRules(); // whatever else waits
            if (_rulesLost && (left is null || left > Moment))
                left = Moment;
            if (_inbox.TryTake(left < TimeSpan.Zero ? TimeSpan.Zero : left, out var item))
                return item;
            _warden.EndGrants(GateClock.Now());
        }
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
        ServiceManager.Reloading();
        var failure = TryReload(loaded);
        _desk.ReloadFault = failure?.Message;
        if (failure is null)
            GateLog.Reloaded(_log, _configuration.Sequences.Length, _configuration.Warden.Services.Length, _warden.GrantCount);
        ServiceManager.Ready(failure is null ? "guarding" : "guarding by the configuration before: the new one has faults");
        return failure;
    }

    private ControlFailure? TryReload(NextConfiguration loaded)
    {
        var read = loaded.Read;
        if (read.Configuration is { Spa: { } renewed } && _configuration.Spa is { } known)
        {
            // Who may come in is the file of keys' to say, and that may have been read since; it is asked again below.
            read = read with { Configuration = read.Configuration with { Spa = renewed with { Identities = known.Identities } } };
        }

        if (read.Configuration is not { } next)
        {
            GateLog.ReloadRefused(_log, read.Faults.Length, read.Faults[0].ToString());
            return new(null, $"{read.Faults[0]}{(read.Faults.Length > 1 ? $" (and {read.Faults.Length - 1} more)" : "")}", $"'postern check --config {_path}' lists all faults; the configuration before is still in force");
        }

        if (FixedSettings.ChangedIn(_configuration, next) is { } what)
        {
            GateLog.ReloadRefused(_log, 1, what);
            return new(null, what, "restart the gate; grants in force are kept");
        }

        try
        {
            _warden.Apply(WardenOptions(next), next.Protection, GateClock.Now());
        }
        catch (FirewallException e)
        {
            GateLog.ReloadRefused(_log, 1, e.Message);
            return new(null, e.Message, e.Hint);
        }

        // The new filter passes before the new sentry looks: a packet in between is one that the sentry before did not know, and drops.
        (_configuration, _traps) = (next, loaded.Traps);
        var options = SentryOptions(_warden.Generation);
        (_source as PacketRing)?.Replace(options.Filter());
        _post.Sentry = new(options, _counters);
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
            _warden.Apply(WardenOptions(_configuration), _configuration.Protection, GateClock.Now());
            _post.Sentry = new(SentryOptions(_warden.Generation), _counters);
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

    private GateConfiguration ReadOrFail(string path)
    {
        var read = ConfigurationReader.Read(path);
        WarnOf(read);
        if (read.Configuration is { } configuration)
            return configuration;
        foreach (var fault in read.Faults)
            Console.Error.WriteLine(fault.ToString());
        throw CommandFailure.Usage(
            $"the configuration has {read.Faults.Length} fault{(read.Faults.Length == 1 ? "" : "s")}; nothing was changed",
            "each line above says where, and what to write instead");
    }

    private void WarnOf(ConfigurationResult read)
    {
        foreach (var warning in read.Warnings)
            GateLog.ConfigurationWarning(_log, warning.ToString());
        foreach (var fault in read.KeyFaults)
            GateLog.KeyFault(_log, fault.ToString());
    }

    private SentryOptions SentryOptions(uint generation) => new(generation, _configuration.Sequences)
    {
        Traps = _traps,
        Spa = _configuration.Spa is { } spa ? _spa!.ForSentry(spa) : null,
    };

    private WardenOptions WardenOptions(GateConfiguration configuration) =>
        configuration.Warden with { Spa = configuration.Spa is { } spa ? _spa!.ForWarden(spa) : null };

    private IPacketSource OpenSource() => _configuration.Capture == CaptureSetting.Packet
        ? OpenRing(SentryOptions(generation: 1).Filter())
        : UdpSocketSource.Open([.. _configuration.Spa!.Of(Transport.Udp).SelectMany(p => Enumerable.Range(p.First, p.Count)).Select(p => (ushort)p)]);

    private PacketRing OpenRing(CaptureFilter filter) => PacketRing.Open(filter, _configuration.Interfaces, RingSize.For(filter));

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
        ServiceManager.Ready("guarding");
    }

    private GateStatus Describe(GateStatus bare)
    {
        var firewall = _firewall.Inspect();
        var sentry = _post.Sentry;
        return bare with
        {
            Started = Started,
            Files = _configuration.Files,
            Interfaces = _configuration.Interfaces,
            RulesInPlace = firewall.InPlace,
            BlendsIn = firewall.HostDrops switch { true => "silent", false => "closed", null => null },
            Services = StatusText.ServicesOf(_configuration.Warden, _warden.Grants),
            Knocks = StatusText.KnocksOf(_configuration.Warden),
            Spa = StatusText.SpaOf(_configuration),
            Packets = StatusText.PacketsOf(_counters, _source.Dropped, _inbox.DroppedReports, sentry.AttemptsEvicted),
        };
    }
}
