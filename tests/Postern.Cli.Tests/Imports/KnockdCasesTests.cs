using System.Collections.Immutable;
using System.Diagnostics;
using Postern.Cli.Configuration;
using Postern.Cli.Imports.Knockd;
using Postern.Firewall;
using Postern.Knocks.Sequences;
using Postern.Packets;
using Postern.Reports;
using Postern.Reports.Errands;
using Postern.Warden;
using Postern.Warden.Ledger;

namespace Postern.Cli.Tests.Imports;

/// <summary>
/// Each case that was recorded from the real knockd: its configuration carried over and read as a gate reads it, its packets shown to the detector, the reports to the warden, and what the warden
/// orders run by a real shell. Where we do otherwise it stands here, and in docs/from-knockd.md.
/// </summary>
public sealed class KnockdCasesTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("postern-knockd-");

    private static readonly string[] A = ["start A @CLI@"];

    private static readonly string[] Nothing = [];

    /// <summary>Opened whichever way it was carried over, where knockd has a defect: one client's attempt ends with another's, addresses are read once, seconds are cut.</summary>
    internal static readonly Dictionary<string, string[]> Always = new(StringComparer.Ordinal)
    {
        ["two-sources-interleaved"] = ["start A @CLI@", "start A @NET@.50"],
        ["stranger-fails-victim"] = A,
        ["stranger-timeout-victim"] = A,
        ["doors-same-first-second"] = ["start B @CLI@"],
        ["doors-prefix-short-first"] = ["start A @CLI@", "start B @CLI@"],
        ["timeout-truncates-fails"] = A,
        ["timeout-1-boundary"] = A,
        ["address-added-later"] = A,
        ["reload-no-iface-readdress"] = A,
        ["iface-any"] = A,
        ["v6-ext-header"] = ["start A @CLI6@"],
        ["ots-exhausted"] = ["start A @CLI@", "start B @CLI@"],
        ["ots-v6-stale-filter"] = ["start A @CLI6@", "start A @CLI6@"],

        // Knocking again puts off the end, instead of stacking rules and timers.
        ["cmd-reknock-not-extended"] = ["start A @CLI@", "stop A @CLI@"],

        // A gate that is stopped leaves what stands in its journal: the next one undoes it.
        ["term-waits-one-child"] = A,
        ["term-two-children"] = A,
    };

    /// <summary>Opened unless <c>--strict</c> was said: duplicates, a step of another door, and what was left of an attempt that failed.</summary>
    internal static readonly Dictionary<string, string[]> Tolerant = new(StringComparer.Ordinal)
    {
        ["dup-knock-kills"] = A,
        ["dup-middle-kills"] = A,
        ["lost-then-retry-fails"] = A,
        ["lost-then-second-retry-opens"] = [.. A, .. A],
        ["reversed-then-right-fails"] = A,
        ["other-door-port-resets"] = A,
        ["mixed-wrong-proto-resets"] = A,
        ["doors-overlap-suffix"] = ["start A @CLI@", "start B @CLI@"],
        ["doors-open-close-stale"] = ["start open @CLI@"],
        ["spoof-kills-victim"] = A,
        ["noflags-retransmit-kills"] = A,
        ["established-connection-noise"] = A,
    };

    /// <summary>knockd ends where its interface is not there; a gate waits for it.</summary>
    private static readonly string[] StartsAllTheSame = ["iface-missing"];

    public static TheoryData<string> Ids => [.. KnockdCase.All.Select(c => c.Id)];

    [Fact]
    public void All_are_there() => Assert.Equal(107, KnockdCase.All.Length);

    [Theory]
    [MemberData(nameof(Ids))]
    public void Carried_over_it_opens_what_knockd_opens(string id) => Check(id, strict: false);

    [Theory]
    [MemberData(nameof(Ids))]
    public void Carried_over_strictly_it_refuses_what_knockd_refuses(string id) => Check(id, strict: true);

    public void Dispose() => _folder.Delete(recursive: true);

    private void Check(string id, bool strict)
    {
        var one = KnockdCase.Find(id);
        foreach (var (name, text) in one.Files)
        {
            File.WriteAllText(Path.Combine(_folder.FullName, name), text);
            File.SetUnixFileMode(Path.Combine(_folder.FullName, name), UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }

        if (!one.Starts && !StartsAllTheSame.Contains(id))
        {
            Assert.Null(KnockdImport.Read(Fill(one.Configuration), Options(one, strict), out var faults));
            Assert.All(faults, f => Assert.True(f.Line > 0, f.Text));
            Assert.NotEmpty(faults);
            return;
        }

        var expected = Always.GetValueOrDefault(id) ?? (strict ? null : Tolerant.GetValueOrDefault(id)) ?? one.Lines;
        Assert.Equal(expected.Order(StringComparer.Ordinal), Play(one, strict).Order(StringComparer.Ordinal));
    }

    private string[] Play(KnockdCase one, bool strict)
    {
        var text = one.Configuration;
        var gate = new Gate(CarryOver(Fill(text), one, strict));
        var last = 0L;
        foreach (var step in one.Steps)
        {
            last = step.At;
            if (step.Ends)
                break;
            if (step.Change is { } change)
                text = text.Replace(change.Old, change.New, StringComparison.Ordinal);
            if (step.Reloads)
                gate.Take(CarryOver(Fill(text), one, strict), step.At);
            else if (step.Protocol is not "icmp")
                gate.See(PacketOf(step), step.At);
        }

        var isEnded = one.Steps.Any(s => s.Ends);
        return [.. gate.RunUntil(isEnded ? last : last + one.Settle).Select(Unfill)];
    }

    private GateConfiguration CarryOver(string text, KnockdCase one, bool strict)
    {
        var import = KnockdImport.Read(text, Options(one, strict), out var faults);
        Assert.True(import is not null, string.Join('\n', faults));
        var read = ConfigurationReader.ReadText("carried over", KnockdYaml.Write(import, "knockd.conf"));
        Assert.Empty(read.Faults);
        Assert.Empty(read.KeyFaults);
        return read.Configuration!;
    }

    private static KnockdImportOptions Options(KnockdCase one, bool strict) => new("knockd.conf")
    {
        Strict = strict,
        Interface = one.Interface,
        OnlyV4 = one.OnlyV4,
        ReadOneTime = path => File.Exists(path) ? File.ReadAllText(path) : null,
    };

    private string Fill(string text) => text.Replace("@DIR@", _folder.FullName, StringComparison.Ordinal).Replace("@OUT@", "/dev/stdout", StringComparison.Ordinal);

    private static string Unfill(string line) => line
        .Replace("10.0.0.2", "@CLI@", StringComparison.Ordinal).Replace("fd00::2", "@CLI6@", StringComparison.Ordinal).Replace("10.0.0.", "@NET@.", StringComparison.Ordinal);

    private static PacketView PacketOf(KnockdStep step) => new()
    {
        Source = AddressOf(step.Source),
        Destination = AddressOf(step.Destination),
        Protocol = step.Protocol is "udp" ? IpProtocol.Udp : IpProtocol.Tcp,
        DestinationPort = (ushort)step.Port,
        Flags = step.Protocol is "udp" ? TcpFlags.None : step.Flags.Aggregate(TcpFlags.None, (flags, letter) => flags | FlagOf(letter)),
        Distinction = (ulong)step.At + 1,
    };

    private static TcpFlags FlagOf(char letter) => letter switch { 'S' => TcpFlags.Syn, 'A' => TcpFlags.Ack, 'F' => TcpFlags.Fin, 'R' => TcpFlags.Rst, 'P' => TcpFlags.Psh, _ => TcpFlags.Urg };

    private static UInt128 AddressOf(string placeholder)
    {
        var text = placeholder.Replace("@CLI@", "10.0.0.2", StringComparison.Ordinal).Replace("@SRV@", "10.0.0.1", StringComparison.Ordinal).Replace("@SRV2@", "10.0.0.3", StringComparison.Ordinal)
            .Replace("@NET@", "10.0.0", StringComparison.Ordinal).Replace("@CLI6@", "fd00::2", StringComparison.Ordinal).Replace("@SRV6@", "fd00::1", StringComparison.Ordinal).Replace("@NET6@", "fd00", StringComparison.Ordinal);
        return Address.TryParse(text, out var address) ? address.Value : throw new FormatException(placeholder);
    }

    /// <summary>The pure parts of a gate: no kernel, and no clock but the case's.</summary>
    private sealed class Gate : IErrands, IAudit, IFirewall, ILedger
    {
        private readonly HashSet<KeyFingerprint> _marks = [];
        private readonly List<(long At, string Line)> _runs = [];
        private readonly Dictionary<(string, Address), long> _undos = [];
        private readonly Warden.Warden _warden;
        private ImmutableArray<Steward.Errands.Errand> _actions;
        private SequenceDetector _detector;
        private long _now;

        public Gate(GateConfiguration configuration)
        {
            _warden = new(this, this, this, this);
            _detector = null!;
            Take(configuration, 0);
        }

        public void Take(GateConfiguration configuration, long at)
        {
            _now = at;
            _actions = configuration.Actions;
            _detector = new(configuration.Sequences, TrapPorts.None);
            _warden.Apply(configuration.Warden, configuration.Protection, Now);
        }

        public void See(PacketView packet, long at)
        {
            _now = at;
            foreach (var door in _detector.Observe(packet, at * 1_000_000).ToArray())
                _warden.Handle(new(ReportKind.SequenceCompleted, _warden.Generation, door, 1, new(packet.Source), new(packet.Destination), at), Now);
        }

        public IEnumerable<string> RunUntil(long end)
        {
            foreach (var ((service, address), at) in _undos)
                _runs.Add((at, Command(_actions.First(a => a.Service == service).Undo, address)));
            return _runs.Where(r => r.At <= end).SelectMany(r => r.Line.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        }

        private Moment Now => new(TimeSpan.FromMilliseconds(_now), DateTimeOffset.UnixEpoch.AddYears(50).AddMilliseconds(_now));

        public bool TrySend(in ErrandOrder order)
        {
            var (service, address) = (order.Service, order.Address);
            var action = _actions.First(a => a.Service == service);
            if (order.Kind == ErrandOrderKind.Run)
                _runs.Add((_now, Command(action.Run, address)));
            if (!action.Undo.IsEmpty)
                _undos[(service, address)] = (long)order.Until.TotalMilliseconds;
            return true;
        }

        private static string Command(ImmutableArray<string> words, Address address)
        {
            var arguments = words.Select(w => w.Replace("{address}", address.ToString(), StringComparison.Ordinal).Replace("{{", "{", StringComparison.Ordinal).Replace("}}", "}", StringComparison.Ordinal)).ToArray();
            if (arguments.Any(a => a.Contains("sleep", StringComparison.Ordinal)))
                return ""; // it is not done by the time that is looked at
            using var process = Process.Start(new ProcessStartInfo(arguments[0], arguments[1..]) { RedirectStandardOutput = true, UseShellExecute = false })!;
            var said = process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            return said;
        }

        public void Write(in AuditEntry entry) { }

        public ImmutableArray<StandingGrant> Apply(Protection protection) => [];

        public FirewallResult Open(ProtectedService service, Grantee to, TimeSpan time) => FirewallResult.Ok;

        public FirewallResult Close(ProtectedService service, Grantee to) => FirewallResult.Ok;

        public FirewallResult Open(ProtectedService service, Grantee to, PortForward chosen, TimeSpan time) => throw new NotSupportedException();

        public FirewallResult Close(ProtectedService service, Grantee to, PortForward chosen) => throw new NotSupportedException();

        public void TearDown() { }

        public FirewallState Inspect() => new(true, null);

        public void Dispose() { }

        public ulong LastOf(KeyFingerprint key, uint device, DateTimeOffset now) => 0;

        public bool TryRemember(KeyFingerprint key, uint device, ulong time) => true;

        public bool IsMarked(LedgerMark mark, DateTimeOffset now) => _marks.Contains(mark.Digest);

        public bool TryMark(LedgerMark mark, DateTimeOffset now) => _marks.Add(mark.Digest);
    }
}
