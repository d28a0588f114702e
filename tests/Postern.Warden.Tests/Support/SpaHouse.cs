using Postern.Firewall;
using Postern.Keys.Ssh;
using Postern.Reports;
using Postern.Reports.Spa;
using Postern.Warden.Ledger;

namespace Postern.Warden.Tests;

/// <summary>A warden with two services and two keys, and people who send it requests that they really signed.</summary>
internal sealed class SpaHouse
{
    public const ulong GateId = 0x1122334455667788;

    public static readonly Address Home = Ip("192.0.2.1");
    public static readonly Address Elsewhere = Ip("2001:db8::e");

    public SpaHouse(ILedger? ledger = null, IErrands? errands = null)
    {
        Warden = new(Kernel, Audit, ledger ?? Ledger, errands);
        Apply();
    }

    public NotePad Kernel { get; } = new();

    public Lines Audit { get; } = new();

    public MemoryLedger Ledger { get; } = new();

    public Warden Warden { get; }

    public Moment Now { get; private set; } = new(TimeSpan.FromHours(1), new(2026, 11, 20, 12, 0, 0, TimeSpan.Zero)); // a Friday

    public WardenOptions Options { get; set; } = new(
        [new("ssh", [new(Transport.Tcp, 22)]) { OpenFor = TimeSpan.FromSeconds(30) }, new("web", [new(Transport.Tcp, 80), new(Transport.Tcp, 443)]) { OpenFor = TimeSpan.FromSeconds(60) }],
        [new("office", ["ssh"], []), new("leave", [], ["ssh"])]);

    public SpaOptions Spa { get; set; } = new(GateId, [Alice, Bob]);

    public static Identity Alice { get; } = new(TestKeys.Alice.PublicKey, "alice") { AnyService = true };

    public static Identity Bob { get; } = new(TestKeys.Bob.PublicKey, "bob") { Services = ["ssh"] };

    public ulong Time => UnixTime.Of(Now.Wall);

    public void Apply() => Warden.Apply(Options with { Spa = Spa }, new([], []), Now);

    public void Pass(double seconds)
    {
        var time = TimeSpan.FromSeconds(seconds);
        Now = new(Now.Uptime + time, Now.Wall + time);
    }

    /// <summary>Somebody sets the clock of the machine; its uptime goes on as before.</summary>
    public void SetClock(double hours) => Now = Now with { Wall = Now.Wall + TimeSpan.FromHours(hours) };

    /// <summary>What alice asks for by default: ssh, now, from home.</summary>
    public SpaRequest Request(params string[] services) => new(Time, GateId, TestKeys.Alice.PublicKey.Hint, services.Length == 0 ? ["ssh"] : [.. services]);

    public static byte[] Sign(SpaRequest request, ISshSigner? key = null)
    {
        var unsigned = SpaRequestWriter.WriteUnsigned(request);
        var whole = new byte[Report.MaxRequest];
        Assert.True(SpaRequestWriter.TryWrite(unsigned, (key ?? TestKeys.Alice).Sign("spa@postern", unsigned), whole));
        return whole;
    }

    public Report ReportOf(byte[] request, Address? packet = null) =>
        new(ReportKind.SignedRequest, Warden.Generation, 0, 50_000, packet ?? Home, Ip("198.51.100.1"), 1) { Request = request };

    public Verdict Send(byte[] request, Address? packet = null) => Warden.Handle(ReportOf(request, packet), Now);

    /// <summary>Signs it by the key that it names, and sends it.</summary>
    public Refusal Ask(SpaRequest request, Address? packet = null) => AskFor(request, packet).Refusal;

    public Verdict AskFor(SpaRequest request, Address? packet = null) =>
        Send(Sign(request, request.KeyHint == TestKeys.Bob.PublicKey.Hint ? TestKeys.Bob : TestKeys.Alice), packet);

    /// <summary>A knock by sequence, beside the signed ones.</summary>
    public Refusal Knock(int door, Address source) =>
        Warden.Handle(new(ReportKind.SequenceCompleted, Warden.Generation, door, 1234, source, source, 1), Now).Refusal;

    public static Address Ip(string text) => Address.TryParse(text, out var address) ? address : throw new FormatException(text);
}
