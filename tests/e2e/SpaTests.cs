using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using Postern.Tests;

namespace Postern.EndToEnd.Tests;

/// <summary>Single packets from the command of the client to the kernel of the gate, and back where nothing may come back.</summary>
public sealed class SpaTests
{
    [Theory]
    [InlineData("udp/62201")]
    [InlineData("icmp")]
    [InlineData("tcp/4433")]
    public void One_packet_opens_what_it_asks_for_and_nothing_else(string carrier)
    {
        using var house = new SpaHouse(ports: carrier);
        house.House.ServeTcp(22);
        house.House.ServeTcp(80);
        Assert.False(house.House.IsOpen(GateHouse.Gate4));
        var (code, output) = house.Client("knock", "gate", "ssh", "tcp/22");
        Assert.True(code == 0, output + house.House.Log);
        Assert.True(house.House.IsOpen(GateHouse.Gate4));
        Assert.False(house.House.IsOpen(GateHouse.Gate4, 80));
        Assert.Matches("opened service=ssh address=10.77.0.2 key=id_ed25519", string.Join('\n', house.Audit));
        GateHouse.Until(() => !house.House.IsOpen(GateHouse.Gate4), "the end of the grant");
    }

    [Theory]
    [InlineData("udp/62201")]
    [InlineData("icmp")]
    [InlineData("tcp/4433")]
    public void It_is_the_same_over_ipv6(string carrier)
    {
        using var house = new SpaHouse(ports: carrier);
        house.Enroll(GateHouse.Gate6, "six");
        house.House.ServeTcp(22);
        var (code, output) = house.Client("knock", "six", "ssh", "tcp/22");
        Assert.True(code == 0, output + house.House.Log);
        Assert.True(house.House.IsOpen(GateHouse.Gate6));
        Assert.False(house.House.IsOpen(GateHouse.Gate4));
    }

    [Fact]
    public void Ten_thousand_copies_are_one_grant_before_and_after_the_gate_is_killed()
    {
        using var house = new SpaHouse();
        foreach (var last in Enumerable.Range(10, 4))
            house.House.Client.Run("ip", "address", "add", $"10.77.0.{last}/24", "dev", NetworkNamespace.Interface);
        var packet = house.Packet("knock", "gate", "ssh");
        Send(packet, "10.77.0.2", 1);
        GateHouse.Until(() => house.Opened == 1, "the grant");
        Send(packet, "10.77.0.2", 2_000);
        Send(packet, "10.77.0.10", 2_000);
        house.House.Kill(Signal.Kill);
        house.Start();
        Send(packet, "10.77.0.2", 1_500);
        Send(packet, "10.77.0.11", 1_500);
        house.House.Kill(Signal.Terminate);
        house.Start();
        Send(packet, "10.77.0.12", 1_500);
        Send(packet, "10.77.0.13", 1_499);
        Settled(house);
        Assert.Equal(1, house.Opened);
        Assert.DoesNotContain(house.Audit, line => line.StartsWith("extended", StringComparison.Ordinal));
        Assert.Contains(house.Audit, line => line.Contains("refusal=replayed", StringComparison.Ordinal));

        void Send(byte[] bytes, string from, int times) => house.SendUdp(bytes, from, times);
    }

    [Fact]
    public void A_packet_is_refused_by_name_and_in_silence()
    {
        using var house = new SpaHouse(options: "services=\"web\",max=\"2s\"", spa: "  clock_skew: 1s");
        house.House.Gate.Run("nft", "table inet host { chain in { type filter hook input priority filter; udp dport 62201 drop; }; }");
        house.MakeKey("stranger", "ed25519");
        house.MakeKey("revoked", "ecdsa");
        house.Authorize("revoked", "revoked");
        house.MakeKey("expired", "rsa");
        house.Authorize("expired", "expiry-time=\"20250101\"");
        house.MakeKey("elsewhere", "ed25519");
        house.Authorize("elsewhere", "from=\"192.0.2.0/24\"");
        house.MakeKey("bound", "ed25519");
        house.Authorize("bound", "source-port");
        Thread.Sleep(500);

        var late = house.Packet("knock", "gate", "web");
        // The kernel itself speaks of neighbours and of multicast groups (MLD, behind a hop-by-hop header).
        using var sniffer = house.House.Gate.Start("tcpdump", "-n", "-l", "-i", NetworkNamespace.Interface, "-Q", "out", "not arp and not icmp6 and not ip6[6] = 0");
        sniffer.StandardError.ReadLine();
        sniffer.StandardError.ReadLine();
        house.SendUdp(house.Packet("knock", "gate", "ssh"));
        foreach (var key in new[] { "stranger", "revoked", "expired", "elsewhere", "bound" })
            house.SendUdp(house.Packet("knock", "gate", "web", "--key", house.InClient(key)));
        GateHouse.Until(() => house.Audit.Length >= 6, "six refusals: " + house.House.Log);
        Thread.Sleep(1200);
        house.SendUdp(late);
        var broken = house.Packet("knock", "gate", "web");
        broken[100] ^= 1;
        house.SendUdp(broken);
        house.SendUdp(broken[..^1]);
        house.SendUdp(house.Packet("knock", "gate", "web", "--for", "1h"));
        GateHouse.Until(() => house.Opened == 1, "the one that is good");

        var audit = string.Join('\n', house.Audit);
        foreach (var refusal in new[] { "service-not-allowed", "unknown-key", "key-revoked", "key-expired", "address-not-allowed", "source-port-required", "too-late" })
            Assert.Matches($"refused .*refusal={refusal}", audit);
        Assert.Matches(@"clock=-\d.* refusal=too-late", audit);
        Assert.Matches("opened service=web address=10.77.0.2 .*capped=", audit);
        GateHouse.Until(() => Refused().GetProperty("junk").GetInt64() == 1, "the sentry to tell what it has counted");
        var refused = Refused();
        Assert.True(refused.GetProperty("wrong-size").GetInt64() <= 1); // the kernel's filter may keep it from us
        sniffer.Kill();
        Assert.Equal("", sniffer.StandardOutput.ReadToEnd());

        System.Text.Json.JsonElement Refused() => house.House.Ask("status").GetProperty("packets").GetProperty("refused");
    }

    [Fact]
    public void A_key_that_is_taken_out_loses_what_it_holds_at_once_and_one_that_is_put_in_enters()
    {
        using var house = new SpaHouse();
        house.House.ServeTcp(22);
        house.SendUdp(house.Packet("knock", "gate", "ssh"));
        GateHouse.Until(() => house.Opened == 1, "the grant");
        house.MakeKey("other", "ed25519");
        File.WriteAllText(house.AuthorizedKeys, "");
        GateHouse.Until(() => house.House.GrantCount == 0, "the revocation");
        Assert.False(house.House.IsOpen(GateHouse.Gate4));
        house.SendUdp(house.Packet("knock", "gate", "ssh"));
        GateHouse.Until(() => house.Audit.Any(l => l.Contains("refusal=unknown-key")), "the refusal");

        house.Authorize("other", "services=\"ssh\"");
        File.AppendAllText(house.AuthorizedKeys, "this is no key\n");
        GateHouse.Until(() => house.House.Log.Contains("authorized_keys:2:"), "the fault to be told");
        house.SendUdp(house.Packet("knock", "gate", "ssh", "--key", house.InClient("other")));
        GateHouse.Until(() => house.Opened == 2, "the other key's grant");
        Assert.True(house.House.IsOpen(GateHouse.Gate4));
        var (code, output) = house.House.RunToEnd(GateHouse.Postern, "check", "--config", house.House.ConfigurationFile);
        Assert.Equal(1, code);
        Assert.Contains("authorized_keys:2:", output, StringComparison.Ordinal);

        house.House.Gate.Run("chmod", "644", house.GateKey);
        (code, output) = house.House.RunToEnd(GateHouse.Postern, "check", "--config", house.House.ConfigurationFile);
        Assert.Equal(2, code);
        Assert.Contains($"{house.GateKey}: others may", output, StringComparison.Ordinal); // a gate would not start with it
    }

    [Theory]
    [InlineData("link")]
    [InlineData("folder")]
    [InlineData("pipe")]
    public void A_key_is_gone_however_its_file_was_changed(string how)
    {
        using var house = new SpaHouse();
        house.House.Kill(Signal.Terminate);
        var folder = Directory.CreateDirectory(house.InGate("people"));
        var file = Path.Combine(folder.FullName, "authorized_keys");
        File.Move(house.AuthorizedKeys, how == "link" ? house.InGate("real") : file);
        if (how == "link")
            File.CreateSymbolicLink(file, house.InGate("real"));
        house.AuthorizedKeys = file;
        house.WriteConfiguration();
        house.Start();
        house.SendUdp(house.Packet("knock", "gate", "ssh"));
        GateHouse.Until(() => house.House.GrantCount == 1, "the grant");
        switch (how)
        {
            case "link":
                File.WriteAllText(house.InGate("real"), "");
                break;
            case "folder":
                Directory.Move(folder.FullName, folder.FullName + ".old");
                Directory.CreateDirectory(folder.FullName);
                File.WriteAllText(file, "");
                break;
            default:
                File.Delete(file);
                house.House.RunToEnd("mkfifo", file);
                break;
        }

        GateHouse.Until(() => house.House.GrantCount == 0, "the revocation");
        house.SendUdp(house.Packet("knock", "gate", "ssh"));
        GateHouse.Until(() => house.Audit.Any(l => l.Contains("refusal=unknown-key", StringComparison.Ordinal)), "the refusal");
        Assert.Contains(house.Audit, l => l.StartsWith("revoked service=ssh address=10.77.0.2 key=id_ed25519", StringComparison.Ordinal));
    }

    [Fact]
    public void Close_ends_the_own_grant()
    {
        using var house = new SpaHouse();
        house.House.ServeTcp(22);
        Assert.Equal(0, house.Client("knock", "gate", "ssh", "web", "--no-wait").Code);
        GateHouse.Until(() => house.House.GrantCount == 2, "both");
        var (code, output) = house.Client("close", "gate", "ssh", "--no-wait");
        Assert.True(code == 0, output);
        GateHouse.Until(() => house.House.GrantCount == 1, "the closing: " + house.House.Log);
        Assert.False(house.House.IsOpen(GateHouse.Gate4));
    }

    /// <summary>By the kernel's own account of what the warden asks of it.</summary>
    [Fact]
    public void It_is_on_the_disk_before_the_port_is_open()
    {
        Needs.Program("strace");
        using var house = new SpaHouse();
        var warden = GateProcess.Find(house.House, GateProcess.Warden);
        var packet = house.Packet("knock", "gate", "ssh");
        var trace = house.InGate("trace");
        using (var tracer = Process.Start("strace", ["-f", "-qq", "-yy", "-o", trace, "-e", "trace=pwrite64,fdatasync,sendto,sendmsg", "-p", warden.Pid.ToString(CultureInfo.InvariantCulture)]))
        {
            GateHouse.Until(() => warden.StatusOfThreads("TracerPid").All(pid => pid != "0"), "the tracer");
            house.SendUdp(packet);
            GateHouse.Until(() => house.Opened == 1, "the grant");
            GateHouse.Send(tracer.Id, Signal.Interrupt);
            Assert.True(tracer.WaitForExit(TimeSpan.FromSeconds(30)));
        }

        var calls = File.ReadAllLines(trace);
        var written = Array.FindIndex(calls, call => call.Contains("pwrite64(", StringComparison.Ordinal) && call.Contains(house.LedgerFile, StringComparison.Ordinal));
        Assert.True(written >= 0, File.ReadAllText(trace));
        var flushed = Array.FindIndex(calls, written, call => Regex.IsMatch(call, @"fdatasync.*\) += 0$"));
        var told = Array.FindIndex(calls, written, call => call.Contains("<NETLINK:", StringComparison.Ordinal));
        Assert.True(told >= 0 && flushed >= 0 && flushed < told, File.ReadAllText(trace));
    }

    [Fact]
    public void What_cannot_be_remembered_is_not_granted()
    {
        using var house = new SpaHouse();
        house.House.Kill(Signal.Terminate);
        house.House.Start();
        var warden = house.House.Ask("status").GetProperty("processes").EnumerateArray().First(p => p.GetProperty("name").GetString() is "warden").GetProperty("pid").GetInt32();
        house.House.RunToEnd("prlimit", "--pid", warden.ToString(CultureInfo.InvariantCulture), "--fsize=64:unlimited");
        house.SendUdp(house.Packet("knock", "gate", "ssh"));
        GateHouse.Until(() => house.Audit.Any(l => l.Contains("refusal=not-remembered", StringComparison.Ordinal)), "the refusal");
        Assert.Equal(0, house.House.GrantCount);

        house.House.RunToEnd("prlimit", "--pid", warden.ToString(CultureInfo.InvariantCulture), "--fsize=unlimited");
        house.SendUdp(house.Packet("knock", "gate", "ssh"));
        GateHouse.Until(() => house.House.GrantCount == 1, "the grant when there is room again");
    }

    [Fact]
    public void It_does_not_start_with_a_secret_that_others_can_read_or_a_ledger_that_is_damaged()
    {
        using var house = new SpaHouse();
        house.House.Kill(Signal.Terminate);
        File.SetUnixFileMode(house.InGate("gate.key"), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead);
        var (code, output) = house.House.RunToEnd(GateHouse.Postern, "gate", "--config", house.House.ConfigurationFile);
        Assert.True(code == 2, output);
        Assert.Contains("gate.key", output, StringComparison.Ordinal);
        Assert.Contains("chmod 600", output, StringComparison.Ordinal);

        File.SetUnixFileMode(house.InGate("gate.key"), UnixFileMode.UserRead | UnixFileMode.UserWrite);
        var ledger = File.ReadAllBytes(house.LedgerFile);
        ledger[9] ^= 1;
        File.WriteAllBytes(house.LedgerFile, ledger);
        (code, output) = house.House.RunToEnd(GateHouse.Postern, "gate", "--config", house.House.ConfigurationFile);
        Assert.True(code == 2, output);
        Assert.Contains(house.LedgerFile, output, StringComparison.Ordinal);
        Assert.Contains("hint", output, StringComparison.Ordinal);
    }

    [Fact]
    public void A_bound_socket_does_where_packet_sockets_are_not_allowed()
    {
        using var house = new SpaHouse(gate: "  capture: udp\n");
        house.House.ServeTcp(22);
        var (code, output) = house.Client("knock", "gate", "ssh", "tcp/22");
        Assert.True(code == 0, output + house.House.Log);
        house.Enroll(GateHouse.Gate6, "six");
        (code, output) = house.Client("knock", "six", "ssh", "tcp/22");
        Assert.True(code == 0, output + house.House.Log);
    }

    [Fact]
    public void A_receipt_says_why_not()
    {
        using var house = new SpaHouse(spa: "  receipt: true", options: "services=\"web\"");
        house.House.ServeTcp(80);
        var (code, output) = house.Client("knock", "gate", "ssh", "tcp/22", "--timeout", "3s");
        Assert.True(code == 1, output);
        Assert.Contains("service-not-allowed", output, StringComparison.Ordinal);
        (code, output) = house.Client("knock", "gate", "web", "tcp/80");
        Assert.True(code == 0, output);
    }

    /// <summary>Until nothing more comes: what was sent is judged.</summary>
    private static void Settled(SpaHouse house)
    {
        for (long last = -1, now; (now = house.House.Ask("status").GetProperty("packets").GetProperty("read").GetInt64()) != last; last = now)
            Thread.Sleep(300);
    }
}
