using System.Collections.Immutable;
using Microsoft.Extensions.Logging.Abstractions;
using Postern.Firewall;
using Postern.Keys.Ssh;
using Postern.Reports;
using Postern.Warden;
using Postern.Warden.Ledger;

namespace Postern.Cli.Gate;

/// <summary>
/// Walks the way of a decision once, before the first knock has to: code that was never run is read from the disk, bound and compiled when it first is, which
/// takes longer than a decision. It is another warden, with a kernel, a ledger and a log that are none, so nothing of it can
/// reach the real ones.
/// </summary>
internal static class WarmUp
{
    private const string Service = "none";

    /// <summary>Signed once, for a gate whose id is zero and a service of no gate's, by a key that nobody has any more; it opens nothing but this.</summary>
    private const string Key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFpARMaBfBklxphh2mEkx42w9xUvZElIgUwtm8vHjZnn";

    private const string Signed = "AQAY+uJ2k7QAAAAAAAAAAAAAOymWSK1BrRkAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAQRub25lAABTAAAAC3NzaC1lZDI1NTE5AAAAQN+fDdJNdZvJxWv7xdEN6aG5L075AlzCUHY5NVgvkNGGQQTUzrKqKVRf05gc5yE6i0r+wkdCY3cGp2L/K0xntAY=";

    // Of the networks for documentation (RFC 5737).
    private static readonly Address Someone = Address.FromV4(0xc0000201);
    private static readonly Address Other = Address.FromV4(0xc0000202);

    private static readonly Moment Then = new(TimeSpan.FromHours(1), DateTimeOffset.FromUnixTimeSeconds(1_800_000_000));

    /// <param name="firewall">Writes the batch of a grant, and sends it to nobody.</param>
    /// <param name="signed">Signed requests may come as well.</param>
    /// <returns>What became of a sequence, and of a request where they may come: granted, unless something is wrong with this.</returns>
    public static ImmutableArray<Refusal> Walk(NftablesFirewall firewall, bool signed)
    {
        firewall.WriteForNobody(new("none", [new(Transport.Tcp, 1)], Appearance.Silent), new(Someone));
        var warden = new Warden.Warden(new NoKernel(), new LogAudit(NullLogger.Instance, TimeProvider.System), new NoDisk());
        var options = new WardenOptions([new(Service, [new(Transport.Tcp, 1)])], [new(Service, [Service], [])]);
        if (signed && SshPublicKey.TryParse(Key, out var key))
            options = options with { Spa = new(0, [new(key, Service) { AnyService = true }]) };
        warden.Apply(options, new([], []), Then, generation: 1);

        var bytes = new byte[Report.MaxRequest];
        Convert.FromBase64String(Signed).CopyTo(bytes, 0);
        Report[] reports =
        [
            Heard(new(ReportKind.SequenceCompleted, 1, 0, 0, Someone, Someone, 1)),
            .. signed ? [Heard(new(ReportKind.SignedRequest, 1, 0, 1, Other, Someone, 1) { Request = bytes })] : Array.Empty<Report>(),
        ];
        var verdicts = new Verdict[reports.Length];
        warden.Handle(reports, Then, verdicts);
        warden.EndGrants(Then with { Uptime = Then.Uptime * 2 });
        return [.. verdicts.Select(verdict => verdict.Refusal)];
    }

    /// <summary>As it comes by the channel, and through the queue.</summary>
    private static Report Heard(in Report said)
    {
        var message = new byte[Report.SizeOf(said.Kind)];
        said.Write(message);
        using var inbox = new GateInbox();
        if (Report.TryRead(message, out var heard))
            inbox.Put(heard);
        inbox.Wait(TimeSpan.Zero);
        var taken = new Report[GateInbox.MostInTurn];
        _ = inbox.Take(taken);
        return taken[0];
    }

    private sealed class NoKernel : IFirewall
    {
        public ImmutableArray<StandingGrant> Apply(Protection protection) => [];

        public FirewallResult Open(ProtectedService service, Grantee to, TimeSpan time) => FirewallResult.Ok;

        public FirewallResult Open(ProtectedService service, Grantee to, PortForward chosen, TimeSpan time) => FirewallResult.Ok;

        public FirewallResult Close(ProtectedService service, Grantee to) => FirewallResult.Ok;

        public FirewallResult Close(ProtectedService service, Grantee to, PortForward chosen) => FirewallResult.Ok;

        public void TearDown()
        {
        }

        public FirewallState Inspect() => default;

        public void Dispose()
        {
        }
    }

    private sealed class NoDisk : ILedger
    {
        public ulong LastOf(KeyFingerprint key, uint device, DateTimeOffset now) => 0;

        public bool TryRemember(KeyFingerprint key, uint device, ulong time) => true;

        public bool IsMarked(LedgerMark mark, DateTimeOffset now) => true;

        public bool TryMark(LedgerMark mark, DateTimeOffset now) => false;
    }
}
