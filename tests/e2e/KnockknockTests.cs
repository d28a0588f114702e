using Postern.Tests;

namespace Postern.EndToEnd.Tests;

/// <summary>What the client of knockknock sends, to a port that opens; and what else is sent there, which does not.</summary>
[Collection(KernelLog.Collection)]
public sealed class KnockknockTests : IDisposable
{
    private const int KnockPort = 1200;
    private const string Thief = "10.77.0.9";

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("postern-test-");
    private readonly GateHouse _house;

    public KnockknockTests()
    {
        Make("gate", counter: 0);
        Make("client", counter: 0);
        _house = new(
            $"""
            services:
              ssh:
                ports: [tcp/22]
                open_for: 20s
              web:
                ports: [tcp/80]
                open_for: 20s
            knocks:
              laptop:
                method: knockknock
                profile: {PathOf("gate")}
                opens: [ssh]
            """, start: false);
        _house.Write(File.ReadAllText(_house.ConfigurationFile).Split("\n", 3)[2], $"  ledger: {PathOf("ledger")}\n");
        _house.Start();
        _house.ServeTcp(22);
        _house.ServeTcp(80);
    }

    public void Dispose()
    {
        _house.Dispose();
        _folder.Delete(recursive: true);
    }

    private string PathOf(string name) => Path.Combine(_folder.FullName, name);

    /// <summary>The profile of the vectors (spec/vectors/knocks/knockknock.txt), as knockknock-genprofile writes one.</summary>
    private void Make(string name, uint counter, string mac = "EBESExQVFhcYGRobHB0eHw==")
    {
        Directory.CreateDirectory(PathOf(name));
        foreach (var (file, text) in (ReadOnlySpan<(string, string)>)[("cipher.key", "AAECAwQFBgcICQoLDA0ODw==\n"), ("mac.key", mac + "\n"), ("counter", $"{counter}\n"), ("config", $"[main]\nknock_port = {KnockPort}\n\n")])
        {
            var path = Path.Combine(PathOf(name), file);
            File.WriteAllText(path, text);
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }
    }

    private void Knock(int port = 22)
    {
        Needs.Program("python3");
        Needs.Program("openssl");
        var (code, output) = _house.FromClient("python3", Path.Combine(GateHouse.Root, "docs", "clients", "knock-knockknock.py"), PathOf("client"), GateHouse.Gate4, $"{port}");
        Assert.True(code == 0, output);
    }

    private void Hear(string line) => GateHouse.Until(() => _house.Log.Contains(line, StringComparison.Ordinal), $"'{line}': {_house.Log}");

    private void SendFirstVector(RawPackets packets, string source) => packets.Send(source, GateHouse.Gate4, KnockPort, 50_871, 242_583_973, 3_096_526_092, 31_572);

    [Fact]
    public void What_knockknock_has_hping3_send_opens()
    {
        Needs.Program("hping3");
        Assert.False(_house.IsOpen(GateHouse.Gate4));
        _house.Client.TryRun("hping3", "-S", "-c", "1", "-p", $"{KnockPort}", "-N", "50871", "-w", "31572", "-M", "242583973", "-L", "3096526092", GateHouse.Gate4);
        Hear($"opened service=ssh address={GateHouse.Client4}");
        Assert.True(_house.IsOpen(GateHouse.Gate4));
        Assert.False(_house.IsOpen(GateHouse.Gate4, 80));
    }

    [Fact]
    public void By_nflog_it_opens_too()
    {
        _house.Kill(Signal.Kill);
        File.WriteAllText(_house.ConfigurationFile, File.ReadAllText(_house.ConfigurationFile).Replace("gate:\n", "gate:\n  capture: nflog\n", StringComparison.Ordinal));
        _house.Start();
        Assert.DoesNotContain("packet", GateProcess.Find(_house, GateProcess.Sentry).SocketKinds());
        Knock();
        Hear($"opened service=ssh address={GateHouse.Client4}");
        Assert.True(_house.IsOpen(GateHouse.Gate4));
    }

    [Fact]
    public void By_the_kernels_own_log_lines_it_opens_too()
    {
        using var kernel = KernelLog.OfAllNamespaces();
        var file = PathOf("kern.log");
        using var logger = new SystemLogger(file, _folder);
        _house.Kill(Signal.Kill);
        File.WriteAllText(_house.ConfigurationFile, File.ReadAllText(_house.ConfigurationFile).Replace("gate:\n", $"gate:\n  capture: log:{file}\n", StringComparison.Ordinal));
        KernelLog.AddRule(_house);
        _house.Start();
        GateHouse.Until(
            () =>
            {
                Knock(); // each with a counter of its own; tail may begin to follow a moment after the gate is ready
                return _house.Log.Contains($"opened service=ssh address={GateHouse.Client4}", StringComparison.Ordinal);
            },
            "the port to open: " + _house.Log);
        Assert.True(_house.IsOpen(GateHouse.Gate4));
    }

    [Fact]
    public void A_page_of_Python_opens_it_by_the_same_profile()
    {
        Knock();
        Hear($"opened service=ssh address={GateHouse.Client4}");
        Assert.True(_house.IsOpen(GateHouse.Gate4));
        Assert.Equal("1\n", File.ReadAllText(Path.Combine(PathOf("client"), "counter")));
        Assert.Equal("0\n", File.ReadAllText(Path.Combine(PathOf("gate"), "counter"))); // which is read and never written
    }

    [Fact]
    public void A_packet_is_good_once_whatever_becomes_of_the_gate()
    {
        _house.Client.Run("ip", "address", "add", $"{Thief}/24", "dev", NetworkNamespace.Interface);
        using var packets = new RawPackets(_house.Client);
        SendFirstVector(packets, GateHouse.Client4);
        Hear($"opened service=ssh address={GateHouse.Client4}");
        SendFirstVector(packets, Thief);
        Hear($"refused address={Thief} knock=laptop stack=hping3 refusal=replayed");
        _house.Kill(Signal.Kill);
        _house.Start();
        var before = _house.Log.Length;
        SendFirstVector(packets, Thief);
        GateHouse.Until(() => _house.Log[before..].Contains("refusal=replayed", StringComparison.Ordinal), "the refusal: " + _house.Log);
        Assert.False(_house.IsOpen(GateHouse.Gate4, from: Thief));
    }

    /// <summary>More knocks than the window is wide: it must have moved with them, also for a sentry that comes later.</summary>
    [Fact]
    public void The_window_moves_and_another_sentry_begins_where_it_was()
    {
        for (var i = 1; i <= 25; i++)
        {
            Knock();
            GateHouse.Until(() => _house.Log.Split("knock=laptop").Length > i, $"knock {i}: {_house.Log}");
        }

        var sentry = GateProcess.Find(_house, GateProcess.Sentry);
        GateHouse.Send(sentry.Pid, Signal.Kill);
        GateProcess.Next(_house, GateProcess.Sentry, sentry);
        Knock();
        GateHouse.Until(() => _house.Log.Split("knock=laptop").Length > 26, "a knock to the next sentry: " + _house.Log);
        _house.Kill(Signal.HangUp);
        GateHouse.Until(() => _house.Log.Contains("reloaded", StringComparison.OrdinalIgnoreCase), "the reload: " + _house.Log);
        Knock();
        GateHouse.Until(() => _house.Log.Split("knock=laptop").Length > 27, "a knock after a reload: " + _house.Log);
    }

    [Fact]
    public void A_counter_that_is_raised_in_the_profile_counts_from_the_next_reload()
    {
        Make("gate", counter: 500);
        _house.Kill(Signal.HangUp);
        GateHouse.Until(() => _house.Log.Contains("reloaded", StringComparison.OrdinalIgnoreCase), "the reload: " + _house.Log);
        Make("client", counter: 499);
        Knock();
        Hear($"refused address={GateHouse.Client4} knock=laptop stack=hping3 refusal=replayed");
        Knock();
        Hear("opened service=ssh");
    }

    [Fact]
    public void Another_port_is_refused_by_name()
    {
        Knock(port: 80);
        Hear($"refused address={GateHouse.Client4} knock=laptop stack=hping3 refusal=service-not-allowed detail=\"tcp/80\"");
        Assert.Equal(0, _house.GrantCount);
        Assert.False(_house.IsOpen(GateHouse.Gate4, 80));
    }

    [Fact]
    public void A_wrong_MAC_opens_nothing_and_is_counted()
    {
        Make("client", counter: 0, mac: "ABESExQVFhcYGRobHB0eHw==");
        Knock();
        GateHouse.Until(() => _house.Ask("status").GetRawText().Contains("\"bad-token\":1", StringComparison.Ordinal), "the count: " + _house.Ask("status").GetRawText());
        Assert.Equal(0, _house.GrantCount);
        Make("client", counter: 0);
        Knock();
        Hear("opened service=ssh");
    }

    [Fact]
    public void Junk_keeps_nobody_out()
    {
        using var packets = new RawPackets(_house.Client);
        for (var i = 1u; i <= 20_000; i++)
            packets.Send($"10.77.{(i >> 8) & 0xff}.{i & 0xff}", GateHouse.Gate4, KnockPort, (ushort)i, 7919 * i, 104_729 * i, (ushort)(31 * i));
        Knock();
        Hear($"opened service=ssh address={GateHouse.Client4}");
        Assert.Contains("\"over-budget\":", _house.Ask("status").GetRawText(), StringComparison.Ordinal);
        Assert.Equal(1, _house.GrantCount);
    }
}
