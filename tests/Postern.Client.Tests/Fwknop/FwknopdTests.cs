using System.Diagnostics;
using System.Text;
using Postern.Client.Fwknop;
using Postern.Keys.Fwknop;
using Postern.Reports;
using Postern.Reports.Fwknop;
using Postern.Tests;

namespace Postern.Client.Tests.Fwknop;

/// <summary>The peer that is out there: Debian's fwknopd opens for our client, whatever the digests, the modes and the transports. One server with a stanza for each kind of key.</summary>
public sealed class FwknopdTests(ITestOutputHelper log)
{
    private const int FirstPort = 2001;

    [Fact(Timeout = 120_000)]
    public Task It_opens_for_every_hmac() => Run([.. Enum.GetValues<FwknopDigest>().Select((d, i) => new Case { Key = $"cipher {i}", Hmac = $"hmac {i}", HmacDigest = d })]);

    [Fact(Timeout = 120_000)]
    public Task It_opens_for_every_digest() => Run([.. Enum.GetValues<FwknopInnerDigest>().Select((d, i) => new Case { Key = $"cipher {i}", Hmac = $"hmac {i}", Digest = d })]);

    [Fact(Timeout = 120_000)]
    public Task It_opens_for_every_mode() => Run(
    [
        .. Enum.GetValues<FwknopMode>().Select((m, i) => new Case { Key = $"cipher {i}", Mode = m, Hmac = m == FwknopMode.Legacy ? null : $"hmac {i}" }),
        new() { Key = "a key without hmac", Hmac = null },
    ]);

    [Fact(Timeout = 120_000)]
    public Task It_opens_by_every_transport() => Run(
    [
        .. Enum.GetValues<FwknopTransport>().Select((t, i) => new Case { Key = $"cipher {i}", Hmac = $"hmac {i}", Path = new(t, FwknopPath.UsualPort) }),
        new() { Key = "source port", Hmac = "of ours", Path = FwknopPath.Usual with { SourcePort = 4444 } },
        new() { Key = "timed", Hmac = "access", Seconds = 60 },
        new() { Key = "source", Hmac = "of the packet", Allow = false },
    ]);

    /// <summary>What the others show is worth something only if it can fail.</summary>
    [Fact(Timeout = 120_000)]
    public Task It_stays_closed_for_another_key() => Run([new() { Key = "cipher", Hmac = "hmac", Sent = "another", Expect = KnockOutcome.NotDone }]);

    private async Task Run(Case[] cases)
    {
        Needs.Root();
        Needs.Program("fwknopd");
        Needs.Program("iptables");
        using var street = new Street();
        var folder = Directory.CreateTempSubdirectory("postern-fwknopd-");
        var listeners = Enumerable.Range(0, cases.Length).Select(i => street.Listen(FirstPort + i)).ToList();
        using var spa = street.Listen(FwknopPath.UsualPort); // a whole connection needs somebody at the other end
        try
        {
            street.Gate.Run("iptables", "-A", "INPUT", "-p", "tcp", "--dport", $"{FirstPort}:{FirstPort + 99}", "-j", "DROP");
            using var fwknopd = Start(street, folder.FullName, cases);
            try
            {
                for (var i = 0; i < cases.Length; i++)
                {
                    var (one, port) = (cases[i], (ushort)(FirstPort + i));
                    var result = await street.AtClient(() => KnockAsync(one, port));
                    log.WriteLine($"{one}: {result.Outcome}, {result.SinceKnock.TotalMilliseconds:0} ms, {result.Rounds} rounds");
                    Assert.Equal(one.Expect, result.Outcome);
                }
            }
            finally
            {
                fwknopd.Kill();
                await fwknopd.WaitForExitAsync();
                log.WriteLine(await fwknopd.StandardError.ReadToEndAsync());
            }
        }
        finally
        {
            listeners.ForEach(l => l.Dispose());
            folder.Delete(recursive: true);
        }
    }

    private static async Task<KnockResult> KnockAsync(Case one, ushort port)
    {
        using var cipher = FwknopCipherKey.From(Encoding.ASCII.GetBytes(one.Key));
        using var mac = one.Hmac is null ? null : FwknopMacKey.From(Encoding.ASCII.GetBytes(one.Sent ?? one.Hmac), one.HmacDigest);
        var wish = new FwknopWish { Access = [new(Transport.Tcp, port)], User = "alice", Seconds = one.Seconds, Digest = one.Digest };
        var method = new FwknopKnock(new(wish, cipher, one.Mode, mac), one.Path) { AddressFor = one.Allow ? OwnAddress.TowardsAsync : null };
        return await Knocker.KnockAsync(new([Street.Gate4], method) { Ports = [port], Timeout = TimeSpan.FromSeconds(one.Expect == KnockOutcome.Done ? 20 : 3) }, null, TestContext.Current.CancellationToken);
    }

    private static Process Start(Street street, string folder, Case[] cases)
    {
        File.WriteAllText(Path.Combine(folder, "fwknopd.conf"), $"""
            PCAP_INTF                 {NetworkNamespace.Interface};
            PCAP_FILTER               udp port 62201 or tcp port 62201 or icmp;
            ENABLE_SPA_OVER_HTTP      Y;
            FWKNOP_RUN_DIR            {folder};
            FIREWALL_EXE              {Needs.Find("iptables")};

            """);
        File.WriteAllText(Path.Combine(folder, "access.conf"), string.Concat(cases.Select((c, i) => $"""
            SOURCE              ANY
            KEY                 {c.Key}
            {(c.Hmac is null ? "" : $"HMAC_KEY            {c.Hmac}\nHMAC_DIGEST_TYPE    {c.HmacDigest}")}
            ENCRYPTION_MODE     {c.Mode.Word()}
            OPEN_PORTS          tcp/{FirstPort + i}
            FW_ACCESS_TIMEOUT   60

            """.Replace("\n\n", "\n", StringComparison.Ordinal))));
        foreach (var file in Directory.GetFiles(folder))
            File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        var process = street.Gate.Start("fwknopd", "-f", "-c", Path.Combine(folder, "fwknopd.conf"), "-a", Path.Combine(folder, "access.conf"));
        for (var tries = 0; tries < 200 && !process.HasExited && !File.Exists(Path.Combine(folder, "digest.cache")); tries++)
            Thread.Sleep(50);
        Thread.Sleep(500); // it does not say when it hears
        Assert.False(process.HasExited, process.HasExited ? process.StandardError.ReadToEnd() : "");
        return process;
    }

    private sealed record Case
    {
        public required string Key { get; init; }

        public required string? Hmac { get; init; }

        public FwknopDigest HmacDigest { get; init; } = FwknopDigest.Sha256;

        public FwknopInnerDigest Digest { get; init; } = FwknopInnerDigest.Sha256;

        public FwknopMode Mode { get; init; } = FwknopMode.Cbc;

        public FwknopPath Path { get; init; } = FwknopPath.Usual;

        public int Seconds { get; init; }

        /// <summary>The HMAC key that is used in place of the server's.</summary>
        public string? Sent { get; init; }

        public KnockOutcome Expect { get; init; } = KnockOutcome.Done;

        /// <summary>The packet names who is to come in.</summary>
        public bool Allow { get; init; } = true;
    }
}
