using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Postern.Tests;

namespace Postern.EndToEnd.Tests;

/// <summary>Who watches a real gate sees a real knock step by step, under a flood too; and costs nobody else anything.</summary>
public sealed class WatchTests
{
    private const int PerSecond = 200;

    [Fact]
    public void A_knock_is_seen_step_by_step_and_what_came_of_it()
    {
        using var house = new GateHouse();
        using var watching = new Watching(house);
        Knock(house, 7000, -8000, 9000);
        watching.Until(l => l.TryGetProperty("event", out var e) && e.GetProperty("event").GetString() is "opened", "the grant");
        watching.Until(l => l.TryGetProperty("event", out var e) && e.GetProperty("event").GetString() is "ended", "its end");
        Assert.Equal(["step 1/3 tcp/7000", "step 2/3 udp/8000", "completed 3/3 tcp/9000"], watching.Attempts("office"));

        Knock(house, 7000, 7000);
        watching.Until(_ => watching.Attempts("office").Length == 5, "two more");
        Assert.Equal(["step 1/3 tcp/7000", "again 1/3 tcp/7000"], watching.Attempts("office")[3..]);
        var first = watching.Lines().First(l => l.TryGetProperty("attempt", out _)).GetProperty("attempt");
        Assert.Equal((GateHouse.Client4, GateHouse.Gate4), (first.GetProperty("from").GetString(), first.GetProperty("to").GetString()));
    }

    [Fact]
    public void A_flood_is_told_of_in_measure_and_hides_nobody_who_is_watched_by_name()
    {
        using var house = new GateHouse();
        using var raw = new RawPackets(house.Client);
        using var all = new Watching(house);
        using var one = new Watching(house, "--client", GateHouse.Client4);
        var began = Stopwatch.GetTimestamp();
        for (var i = 0; i < 20_000; i++)
        {
            raw.Send($"10.77.{1 + (i / 250 % 250)}.{1 + (i % 250)}", GateHouse.Gate4, "tcp", 7000);
            if (i == 10_000)
                Knock(house, 7000, -8000, 9000);
        }

        one.Until(l => l.TryGetProperty("event", out var e) && e.GetProperty("event").GetString() is "opened", "the grant");
        Assert.Equal(["step 1/3 tcp/7000", "step 2/3 udp/8000", "completed 3/3 tcp/9000"], one.Attempts("office"));
        all.Until(l => l.TryGetProperty("counters", out var c) && c.GetProperty("not_told").GetInt64() > 0, "what was held back to be counted");
        Assert.InRange(all.Lines().Count(l => l.TryGetProperty("attempt", out _)), 1, PerSecond * (Stopwatch.GetElapsedTime(began).TotalSeconds + 3));
        Assert.All(one.Lines().Where(l => l.TryGetProperty("attempt", out _)), l => Assert.Equal(GateHouse.Client4, l.GetProperty("attempt").GetProperty("from").GetString()));
    }

    [Fact]
    public void Whoever_does_not_read_is_left_behind_and_holds_up_nobody()
    {
        using var house = new GateHouse();
        var idle = Enumerable.Range(0, 7).Select(_ => Ask(house)).ToArray();
        try
        {
            using var watching = new Watching(house); // the eighth
            var (code, output) = house.Command("watch");
            Assert.True(code == 1, output);
            Assert.Contains("too many watch at once", output, StringComparison.Ordinal);
            using var raw = new RawPackets(house.Client);
            for (var i = 0; i < 3000; i++)
                raw.Send($"10.77.1.{1 + (i % 250)}", GateHouse.Gate4, "tcp", 7000);
            Knock(house, 7000, -8000, 9000);
            watching.Until(l => l.TryGetProperty("event", out var e) && e.GetProperty("event").GetString() is "opened", "the grant");
            Assert.Equal(0, house.Command("status").Code);
        }
        finally
        {
            foreach (var socket in idle)
                socket.Dispose();
        }

        // Their places are free again once the gate has seen that they are gone.
        GateHouse.Until(() => { using var again = Ask(house); return again.Receive(new byte[16]) > 0 && Read(again).Contains("counters", StringComparison.Ordinal); }, "a place");
    }

    [Fact]
    public void A_reload_and_another_sentry_go_on_being_watched()
    {
        using var house = new GateHouse();
        using var watching = new Watching(house);
        house.Write(GateHouse.Configuration.Replace("office", "desk", StringComparison.Ordinal));
        Assert.Equal(0, house.Command("reload").Code);
        Knock(house, 7000, -8000);
        watching.Until(_ => watching.Attempts("desk").Length == 2, "the new knock's steps");
        var sentry = GateProcess.Find(house, GateProcess.Sentry);
        GateHouse.Send(sentry.Pid, Signal.Kill);
        GateHouse.Until(() => house.Log.Contains("another takes its place", StringComparison.Ordinal), "another sentry");
        GateHouse.Until(
            () =>
            {
                Knock(house, 7000);
                return watching.Attempts("desk").Length > 2;
            },
            "the other sentry to tell");
    }

    /// <summary>Negative: UDP.</summary>
    private static void Knock(GateHouse house, params int[] ports) => house.Client.Enter(() =>
    {
        foreach (var port in ports)
        {
            using var socket = port < 0
                ? new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp)
                : new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            try
            {
                socket.Connect(IPAddress.Parse(GateHouse.Gate4), Math.Abs(port));
                if (port < 0)
                    socket.Send("x"u8);
            }
            catch (SocketException)
            {
                // Nobody listens there.
            }
        }
    });

    /// <summary>Asks to watch, and reads nothing.</summary>
    private static Socket Ask(GateHouse house)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified) { ReceiveTimeout = 20_000 };
        socket.Connect(new UnixDomainSocketEndPoint(house.Socket));
        socket.Send("{\"verb\":\"watch\"}\n"u8);
        return socket;
    }

    private static string Read(Socket socket)
    {
        var buffer = new byte[4096];
        return System.Text.Encoding.UTF8.GetString(buffer, 0, socket.Receive(buffer));
    }

    /// <summary>The command as it is, and what it has printed so far.</summary>
    private sealed class Watching : IDisposable
    {
        private readonly Process _process;
        private readonly List<JsonElement> _lines = [];

        public Watching(GateHouse house, params string[] more)
        {
            _process = house.Gate.Start(GateHouse.Postern, ["watch", "--json", "--socket", house.Socket, .. more]);
            _process.OutputDataReceived += (_, line) =>
            {
                if (line.Data is not { } text)
                    return;
                lock (_lines)
                    _lines.Add(JsonDocument.Parse(text).RootElement);
            };
            _process.BeginOutputReadLine();
            Until(l => l.TryGetProperty("counters", out _), "the watch to begin");
        }

        public JsonElement[] Lines()
        {
            lock (_lines)
                return [.. _lines];
        }

        public string[] Attempts(string door) =>
        [
            .. from line in Lines()
               where line.TryGetProperty("attempt", out _)
               let attempt = line.GetProperty("attempt")
               let thought = attempt.GetProperty("thought")
               where thought.GetProperty("door").GetString() == door
               select $"{thought.GetProperty("finding")} {thought.GetProperty("made")}/{thought.GetProperty("of")} {attempt.GetProperty("what")}",
        ];

        public void Until(Func<JsonElement, bool> condition, string what) => GateHouse.Until(() => Lines().Any(condition), what);

        public void Dispose()
        {
            _process.Kill(entireProcessTree: true);
            _process.WaitForExit();
            _process.Dispose();
        }
    }
}
