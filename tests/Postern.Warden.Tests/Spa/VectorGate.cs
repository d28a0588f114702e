using System.Collections.Immutable;
using System.Globalization;
using System.Net;
using Postern.Keys;
using Postern.Keys.Ssh;
using Postern.Knocks.Spa;
using Postern.Reports;
using Postern.Reports.Spa;
using Postern.Tests;
using Postern.Warden.Ledger;

namespace Postern.Warden.Tests.Spa;

/// <summary>A gate as a vector describes it (spec/spa.md §12): a sentry's reader, the codec between, and a warden.</summary>
internal sealed class VectorGate : IDisposable
{
    private readonly GateSecret _secret;
    private readonly OuterKey _outerKey;
    private readonly BoxKeyPair _gateKey;
    private readonly SpaReader _reader;
    private readonly Address _source;
    private readonly ushort _sourcePort;
    private readonly DirectoryInfo? _folder;
    private readonly LedgerFile? _ledgerFile;

    public VectorGate(SpaVector vector)
    {
        _secret = GateSecret.From(vector.Bytes("gate-secret"));
        _outerKey = _secret.DeriveOuterKey();
        _gateKey = BoxKeyPair.From(vector.Bytes("gate-private"));
        _reader = new(_outerKey, _gateKey);
        var source = vector.One("source").Split(' ');
        (_source, _sourcePort) = (AddressOf(source[0]), ushort.Parse(source[1], CultureInfo.InvariantCulture));
        Now = new(TimeSpan.FromHours(1), TimeOf(vector.Number("now")));

        var identities = Identities(vector);
        var options = Options(vector, _gateKey.Public.GateId, [.. identities.Values]);
        ILedger ledger;
        if (vector.Has("ledger-lost"))
        {
            _folder = Directory.CreateTempSubdirectory("postern-ledger-");
            File.Create(Path.Combine(_folder.FullName, "ledger.lock")).Dispose(); // what is left of the one that was lost
            ledger = _ledgerFile = LedgerFile.Open(Path.Combine(_folder.FullName, "ledger"), TimeOf(vector.Number("ledger-lost")), options.Spa!.ClockSkew);
        }
        else
        {
            ledger = new InMemory(Past(vector, identities));
        }

        Warden = new(Firewall, Audit, ledger);
        Warden.Apply(options, new([], []), Now);
    }

    public NotePad Firewall { get; } = new();

    public Lines Audit { get; } = new();

    public Warden Warden { get; }

    public Moment Now { get; }

    /// <summary>Through the sentry's reader, and through the bytes of a report, to the warden.</summary>
    public Refusal Judge(ReadOnlySpan<byte> packet)
    {
        if (_reader.OpenOuter(packet, out var box) is var outer and not Refusal.None)
            return outer;
        if (_reader.Open(box, out var request) is var inner and not Refusal.None)
            return inner;
        var message = new byte[Report.SignedSize];
        new Report(ReportKind.SignedRequest, Warden.Generation, 0, _sourcePort, _source, Address.FromV4(0xc6336401), 1) { Request = request }.Write(message);
        return Report.TryRead(message, out var report) ? Warden.Handle(report, Now).Refusal : Refusal.BadReport;
    }

    public void Dispose()
    {
        _ledgerFile?.Dispose();
        _folder?.Delete(recursive: true);
        _gateKey.Dispose();
        _outerKey.Dispose();
        _secret.Dispose();
    }

    private static WardenOptions Options(SpaVector vector, ulong gateId, ImmutableArray<Identity> identities)
    {
        var required = vector.All("require");
        return new([.. vector.All("service").Select(line => line.Split(' ')).Select(s => new Service(s[0], [new(Transport.Tcp, 22)]) { OpenFor = Seconds(s[1]) })], [])
        {
            Policy = new()
            {
                Allow = [.. vector.All("allow").Select(n => IPNetwork.Parse(n))],
                Deny = [.. vector.All("deny").Select(n => IPNetwork.Parse(n))],
                Hours = [.. vector.All("hours").Select(HoursOf)],
            },
            Spa = new(gateId, identities)
            {
                ClockSkew = Seconds(vector.One("clock-skew")),
                RequireAddress = required.Contains("address"),
                RequireSourcePort = required.Contains("source-port"),
            },
        };
    }

    private static Dictionary<string, Identity> Identities(SpaVector vector)
    {
        var identities = new Dictionary<string, Identity>(StringComparer.Ordinal);
        foreach (var line in vector.All("key"))
        {
            var space = line.IndexOf(' ');
            Assert.True(SshPublicKey.TryParse(line.AsSpan(space + 1), out var key), line);
            identities.Add(line[..space], new(key, line[..space]));
        }

        foreach (var line in vector.All("option"))
        {
            var space = line.IndexOf(' ');
            identities[line[..space]] = With(identities[line[..space]], line[(space + 1)..]);
        }

        return identities;
    }

    private static Identity With(Identity identity, string option)
    {
        var equals = option.IndexOf('=');
        var (name, value) = equals < 0 ? (option, "") : (option[..equals], option[(equals + 1)..]);
        return name switch
        {
            "services" when value is "*" => identity with { AnyService = true },
            "services" => identity with { Services = [.. value.Split(',')] },
            "from" => identity with { From = [.. value.Split(',').Select(n => IPNetwork.Parse(n))] },
            "max" => identity with { Max = Seconds(value) },
            "hours" => identity with { Hours = [HoursOf(value)] },
            "expires" => identity with { Expires = TimeOf(ulong.Parse(value, CultureInfo.InvariantCulture)) },
            "systems" => identity with { Systems = [.. value.Split(',').Select(s => Enum.Parse<ClientSystem>(s, ignoreCase: true))] },
            "require-address" => identity with { RequireAddress = true },
            "require-source-port" => identity with { RequireSourcePort = true },
            "revoked" => identity with { Revoked = true },
            _ => throw new InvalidDataException(option),
        };
    }

    private static ReplayLedger Past(SpaVector vector, Dictionary<string, Identity> identities)
    {
        var ledger = new ReplayLedger(0);
        foreach (var entry in vector.All("ledger").Select(line => line.Split(' ')))
            ledger.Accept(KeyFingerprint.Of(identities[entry[0]].Key), Convert.ToUInt32(entry[1], 16), ulong.Parse(entry[2], CultureInfo.InvariantCulture));
        return ledger;
    }

    private static Address AddressOf(string text) => Address.TryParse(text, out var address) ? address : throw new FormatException(text);

    private static TimeSpan Seconds(string text) => TimeSpan.FromSeconds(int.Parse(text, CultureInfo.InvariantCulture));

    private static DateTimeOffset TimeOf(ulong nanoseconds) => DateTimeOffset.UnixEpoch.AddTicks((long)(nanoseconds / 100));

    private static WeeklyHours HoursOf(string text) => WeeklyHours.TryParse(text, out var hours) ? hours : throw new FormatException(text);

    private sealed class InMemory(ReplayLedger past) : ILedger
    {
        public ulong LastOf(KeyFingerprint key, uint device, DateTimeOffset now) => past.LastOf(key, device);

        public bool TryRemember(KeyFingerprint key, uint device, ulong time)
        {
            past.Accept(key, device, time);
            return true;
        }

        public bool IsMarked(LedgerMark mark, DateTimeOffset now) => false;

        public bool TryMark(LedgerMark mark, DateTimeOffset now) => false;
    }
}
