using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using Postern.Tests;

namespace Postern.EndToEnd.Tests;

/// <summary>Each of the three processes dies or hangs, and the gate goes on.</summary>
public sealed class SupervisionTests
{
    private const string Services = """
        services:
          ssh: {ports: [tcp/22], open_for: 1h}
          web: {ports: [tcp/80], open_for: 1h}
          bell:
            run: [/bin/true]
            undo: [/bin/true]
            open_for: 1h
        knocks:
          office: {method: sequence, sequence: [tcp/7000, udp/8000, tcp/9000], opens: [ssh]}
        """;

    [Fact]
    public void A_killed_sentry_is_replaced_and_what_was_knocked_meanwhile_counts()
    {
        using var house = new GateHouse(Services);
        Knock(house, GateHouse.Client4);
        GateHouse.Until(() => house.GrantCount == 1, "the first grant");
        GateHouse.Until(() => Reports(house) == 1, "its being counted");
        var rounds = 3; // wherever in the ring the last one had come to
        for (var i = 1; i <= rounds; i++)
        {
            var before = GateProcess.Find(house, GateProcess.Sentry);
            var from = $"10.77.0.{100 + i}";
            house.Client.Run("ip", "address", "add", from + "/24", "dev", NetworkNamespace.Interface);
            GateHouse.Send(before.Pid, Signal.Kill);
            Knock(house, from); // into the ring, which nobody reads
            GateHouse.Until(() => house.Log.Contains($"opened service=ssh address={from} ", StringComparison.Ordinal), "the knock that came between two sentries");
            _ = GateProcess.Next(house, GateProcess.Sentry, before);
            GateHouse.Until(() => Reports(house) == 1 + i, "what all sentries have counted"); // told every two seconds; what was not yet told dies with it
        }

        Assert.Equal(1 + rounds, house.GrantCount);
        Assert.Contains("the sentry ended (signal 9)", house.Log, StringComparison.Ordinal);
    }

    [Fact]
    public void A_sentry_that_hangs_is_replaced()
    {
        using var house = new GateHouse(Services);
        var before = GateProcess.Find(house, GateProcess.Sentry);
        GateHouse.Send(before.Pid, Signal.Stop);
        Knock(house, GateHouse.Client4);
        GateHouse.Until(() => house.GrantCount == 1, "the knock that it never looked at");
        Assert.Contains("the sentry was ended for giving no sign of life", house.Log, StringComparison.Ordinal);
        Assert.NotEqual(before.Pid, GateProcess.Next(house, GateProcess.Sentry, before).Pid);
        GateHouse.Until(() => before.IsGone, "its end");
    }

    /// <summary>The sentry told all the while; it was the warden who did not listen.</summary>
    [Fact]
    public void A_warden_that_was_held_up_blames_no_sentry_for_it()
    {
        using var house = new GateHouse(Services);
        var (warden, sentry) = (GateProcess.Find(house, GateProcess.Warden), GateProcess.Find(house, GateProcess.Sentry));
        GateHouse.Send(warden.Pid, Signal.Stop);
        Knock(house, GateHouse.Client4);
        Thread.Sleep(TimeSpan.FromSeconds(7));
        GateHouse.Send(warden.Pid, Signal.Continue);
        GateHouse.Until(() => house.GrantCount == 1, "the knock that came meanwhile");
        Thread.Sleep(300);
        Assert.Equal(sentry.Pid, GateProcess.Find(house, GateProcess.Sentry).Pid);
        Assert.DoesNotContain("another takes its place", house.Log, StringComparison.Ordinal);
    }

    [Fact]
    public void A_warden_without_a_descriptor_to_spare_waits_for_one()
    {
        using var house = new GateHouse(Services);
        var (warden, sentry) = (GateProcess.Find(house, GateProcess.Warden), GateProcess.Find(house, GateProcess.Sentry));
        var (soft, hard) = warden.Limit("Max open files");
        Limit("3", hard);
        GateHouse.Send(sentry.Pid, Signal.Kill);
        GateHouse.Until(() => house.Log.Contains("no sentry can be started", StringComparison.Ordinal), "its being told");
        Limit(soft, hard);
        _ = GateProcess.Next(house, GateProcess.Sentry, sentry);
        Assert.Equal(warden.Pid, GateProcess.Find(house, GateProcess.Warden).Pid);
        Knock(house, GateHouse.Client4);
        GateHouse.Until(() => house.GrantCount == 1, "a knock");

        void Limit(string to, string most) => Assert.Equal(0, house.RunToEnd("prlimit", "--pid", warden.Pid.ToString(CultureInfo.InvariantCulture), $"--nofile={to}:{most}").Code);
    }

    [Fact]
    public void Sentries_that_die_one_after_another_are_replaced_ever_more_slowly_and_the_last_one_works()
    {
        using var house = new GateHouse(Services);
        var began = Stopwatch.GetTimestamp();
        var sentry = GateProcess.Find(house, GateProcess.Sentry);
        for (var i = 0; i < 10; i++)
        {
            GateHouse.Send(sentry.Pid, Signal.Kill);
            sentry = GateProcess.Next(house, GateProcess.Sentry, sentry);
        }

        Assert.True(Stopwatch.GetElapsedTime(began) > TimeSpan.FromSeconds(3), "ten deaths were answered at once: nothing holds back a storm of them");
        Knock(house, GateHouse.Client4);
        GateHouse.Until(() => house.GrantCount == 1, "a knock");
        Assert.Equal(10, house.Ask("status").GetProperty("processes").EnumerateArray().Single(p => p.GetProperty("name").GetString() == "sentry").GetProperty("replaced").GetInt32());
    }

    [Fact]
    public void A_killed_warden_is_replaced_by_one_that_knows_what_it_granted()
    {
        using var spa = new SpaHouse(services: Services);
        var house = spa.House;
        house.ServeTcp(80);
        Assert.Equal(0, spa.Client("knock", "gate", "bell").Code);
        Knock(house, GateHouse.Client4);
        GateHouse.Until(() => house.GrantCount == 2, "both grants");
        var (rules, grants) = (Rules(house), Grants(house));
        GateProcess[] before = [GateProcess.Find(house, GateProcess.Warden), GateProcess.Find(house, GateProcess.Sentry)];

        GateHouse.Send(before[0].Pid, Signal.Kill);
        _ = GateProcess.Next(house, GateProcess.Warden, before[0]);
        GateHouse.Until(() => Grants(house).SequenceEqual(grants), "the grants it is told of");
        Assert.Equal(rules, Rules(house));
        Assert.NotEqual(before[1].Pid, GateProcess.Next(house, GateProcess.Sentry, before[1]).Pid);
        GateHouse.Until(() => before.All(p => p.IsGone), "the end of the ones before");
        var (code, output) = spa.Client("knock", "gate", "web");
        Assert.True(code == 0, output + house.Log);
        GateHouse.Until(() => house.GrantCount == 3, "a grant of the new one's");
        Assert.Equal(0, house.Command("revoke", "ssh", GateHouse.Client4).Code);
        Assert.DoesNotContain(house.Log.Split('\n'), line => line.Contains("refusal=", StringComparison.Ordinal));
    }

    /// <summary>Half a minute long, since so long the steward waits.</summary>
    [Fact]
    public void A_warden_that_hangs_is_replaced()
    {
        using var house = new GateHouse(Services);
        Knock(house, GateHouse.Client4);
        GateHouse.Until(() => house.GrantCount == 1, "the grant");
        var before = GateProcess.Find(house, GateProcess.Warden);
        GateHouse.Send(before.Pid, Signal.Stop);
        for (var i = 0; i < 40 && !before.IsGone; i++)
            Thread.Sleep(1000);
        _ = GateProcess.Next(house, GateProcess.Warden, before);
        Assert.Contains("the warden did no work for 30 s", house.Log, StringComparison.Ordinal);
        Assert.Equal(1, house.GrantCount);
    }

    [Fact]
    public void With_the_steward_the_others_end_and_the_rules_stay_and_another_gate_starts_at_once()
    {
        using var house = new GateHouse(Services);
        house.ServeTcp(22);
        house.ServeTcp(80);
        Knock(house, GateHouse.Client4);
        GateHouse.Until(() => house.GrantCount == 1, "the grant");
        var rules = Rules(house);
        GateProcess[] others = [GateProcess.Find(house, GateProcess.Warden), GateProcess.Find(house, GateProcess.Sentry)];
        house.Kill(Signal.Kill);
        house.Start();
        Assert.Equal(rules, Rules(house));
        Assert.Equal(1, house.GrantCount);
        GateHouse.Until(() => others.All(p => p.IsGone), "the end of both");
        Assert.True(house.IsOpen(GateHouse.Gate4));
        Assert.False(house.IsOpen(GateHouse.Gate4, 80));
    }

    /// <summary>Without a program that first has to start.</summary>
    private static void Knock(GateHouse house, string from) => house.Client.Enter(() =>
    {
        foreach (var (type, port) in ((SocketType, int)[])[(SocketType.Stream, 7000), (SocketType.Dgram, 8000), (SocketType.Stream, 9000)])
        {
            using var socket = new Socket(AddressFamily.InterNetwork, type, type == SocketType.Stream ? ProtocolType.Tcp : ProtocolType.Udp) { Blocking = false };
            socket.Bind(new IPEndPoint(IPAddress.Parse(from), 0));
            try
            {
                socket.Connect(IPAddress.Parse(GateHouse.Gate4), port);
                socket.Send("x"u8);
            }
            catch (SocketException)
            {
                // It is not waited for.
            }
        }
    });

    private static long Reports(GateHouse house) => house.Ask("status").GetProperty("packets").GetProperty("reports").GetInt64();

    private static string[] Grants(GateHouse house) =>
        [.. house.Ask("grants").EnumerateArray().Select(g => $"{g.GetProperty("service")} {g.GetProperty("address")} {g.GetProperty("until")}"[..^6]).Order(StringComparer.Ordinal)];

    /// <summary>Without the counts and the time that is left, which run on.</summary>
    private static string Rules(GateHouse house) => Regex.Replace(house.Gate.Run("nft", "-s", "list", "table", "inet", "postern"), @" expires \w+|packets \d+ bytes \d+", "");
}
