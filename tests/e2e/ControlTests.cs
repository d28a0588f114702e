using System.Diagnostics;
using System.Net.Sockets;
using System.Text;
using Postern.Tests;

namespace Postern.EndToEnd.Tests;

/// <summary>Who may ask the running gate what, and how little whoever may not can do to it; with real users of the host.</summary>
public sealed class ControlTests
{
    /// <summary>A user that every Debian has, in no group but his own unless a test puts him into one.</summary>
    private const string User = "games";

    private const string Group = "adm";

    private const string Readers = $"  control_readers: [{Group}]\n";

    private static readonly string[] Stranger = ["--regid", User, "--clear-groups"];

    private static readonly string[] Reader = ["--regid", User, "--groups", Group];

    [Theory]
    [InlineData(Group, "--regid", User, "--groups", "daemon,adm")]
    [InlineData(Group, "--regid", Group, "--clear-groups")]
    [InlineData(User, "--regid", "daemon", "--clear-groups")]
    public void A_reader_looks_and_changes_nothing(string named, params string[] rights)
    {
        using var house = Open($"  control_readers: [{named}]\n");
        Assert.Equal(0, house.Command("grant", "ssh", GateHouse.Client4, "--for", "10m").Code);
        var (code, output) = As(house, rights, "status");
        Assert.True(code == 0, output);
        Assert.Contains("grants         1 in force", output, StringComparison.Ordinal);
        (code, output) = As(house, rights, "grants");
        Assert.True(code == 0, output);
        Assert.Contains(GateHouse.Client4, output, StringComparison.Ordinal);

        string[][] changes = [["grant", "ssh", "10.77.0.9"], ["revoke", "ssh", GateHouse.Client4], ["reload"], ["apply"], ["apply", "--confirm"]];
        foreach (var change in changes)
        {
            (code, output) = As(house, rights, change);
            Assert.True(code == 3, output);
            Assert.Equal(2, output.TrimEnd().Split('\n').Length);
            Assert.Contains("gate.control_readers lets you look", output, StringComparison.Ordinal);
        }

        Assert.Equal(1, house.GrantCount);
        Assert.DoesNotContain("reloaded", house.Log, StringComparison.Ordinal);
    }

    /// <summary>What happens at the gate is told to readers as it is to root; to nobody else, and to no reader longer than he is one.</summary>
    [Fact]
    public void A_reader_watches_until_he_is_none_any_more_and_a_stranger_does_not()
    {
        using var house = Open(Readers);
        var (code, output) = As(house, Stranger, "watch");
        Assert.True(code == 3, output);
        Assert.Contains("may not speak to it", output, StringComparison.Ordinal);
        Assert.DoesNotContain("packets", output, StringComparison.Ordinal);

        using var watch = house.Gate.Start("setpriv", [.. Dropped(Reader)[1..], GateHouse.Postern, "watch", "--json", "--socket", house.Socket]);
        var told = new StringBuilder();
        watch.OutputDataReceived += (_, line) =>
        {
            lock (told)
                told.AppendLine(line.Data);
        };
        watch.BeginOutputReadLine();
        GateHouse.Until(() => Told().Contains("counters", StringComparison.Ordinal), "the watch to begin");
        house.Knock("knock", GateHouse.Gate4, "7000", "8000:udp", "9000");
        GateHouse.Until(() => Told().Contains("\"opened\"", StringComparison.Ordinal), "the grant");
        Assert.Contains("tcp/7000", Told(), StringComparison.Ordinal);

        house.Write(GateHouse.Configuration);
        Assert.Equal(0, house.Command("reload").Code);
        GateHouse.Until(() => watch.HasExited, "the watch to end with the right to it");

        string Told()
        {
            lock (told)
                return told.ToString();
        }
    }

    [Fact]
    public void A_stranger_learns_nothing_and_fills_no_log()
    {
        using var house = Open(Readers);
        foreach (var verb in new[] { "status", "grants", "reload" })
        {
            var (code, output) = As(house, Stranger, verb);
            Assert.True(code == 3, output);
            Assert.Contains("may not speak to it", output, StringComparison.Ordinal);
        }

        Hostile(house, Stranger, "for i in range(300):\n  c=connect()\n  try: c.sendall(ask('status'))\n  except OSError: pass\n  try: assert c.recv(9)==b''\n  except ConnectionResetError: pass\n").WaitForExit();
        GateHouse.Until(() => house.Log.Contains("may not speak to the gate", StringComparison.Ordinal), "the strangers to be told of");
        Assert.InRange(house.Log.Split("may not speak to the gate").Length - 1, 1, 2);
        Assert.Equal(0, house.Command("status").Code);
    }

    [Fact]
    public void Readers_come_and_go_with_a_reload()
    {
        using var house = Open("");
        Assert.Equal("600", Mode(house));
        Assert.Equal(3, As(house, Reader, "status").Code);

        house.Write(GateHouse.Configuration, Readers);
        Assert.Equal(0, house.Command("reload").Code);
        GateHouse.Until(() => Mode(house) == "666", "the file to be let be seen");
        Assert.Equal(0, As(house, Reader, "status").Code);
        Assert.Equal(3, As(house, Stranger, "status").Code);

        house.Write(GateHouse.Configuration);
        Assert.Equal(0, house.Command("reload").Code);
        GateHouse.Until(() => Mode(house) == "600", "the file to be ours alone");
        Assert.Equal(3, As(house, Reader, "status").Code);
    }

    [Theory]
    [InlineData("a thousand that say nothing", "cs=[c for c in (quiet() for i in range(1000)) if c]")]
    [InlineData("a thousand that begin and stop", "cs=[c for c in (quiet(b'{\"verb\":') for i in range(1000)) if c]")]
    [InlineData("a list that is never read, over and over", "cs=[c for c in (quiet(ask('grants')) for i in range(200)) if c]")]
    [InlineData("one after another, without end", "while True:\n  c=quiet(ask('grants'))\n  c and c.close()")]
    [InlineData("too much, half closed, and nonsense", "while True:\n  for b in (b'x'*100000, b'', b'\\n', b'{}\\n', b'[[[[[[\\n', b'\\xff\\xfe\\n', ask('grants')):\n    c=quiet(b)\n    if c:\n      try: c.shutdown(socket.SHUT_WR)\n      except OSError: pass\n      c.close()")]
    public void However_hostile_readers_and_strangers_are_root_is_answered_and_knocks_open(string what, string script)
    {
        using var house = Open(Readers);
        GrantMany(house, 4_000);
        using var reader = Hostile(house, Reader, script + "\ntime.sleep(60)\n");
        using var stranger = Hostile(house, Stranger, script + "\ntime.sleep(60)\n");
        house.ServeTcp(22);
        for (var i = 0; i < 3; i++)
        {
            var started = Stopwatch.GetTimestamp();
            var (code, output) = house.Command("status");
            Assert.True(code == 0, $"{what}: {output}");
            house.Knock("knock", GateHouse.Gate4, "7000", "8000:udp", "9000");
            GateHouse.Until(() => house.IsOpen(GateHouse.Gate4), $"the knock to open in spite of {what}");
            Assert.True(Stopwatch.GetElapsedTime(started) < TimeSpan.FromSeconds(15), what);
        }

        Assert.Equal(0, house.Command("revoke", "ssh", GateHouse.Client4).Code);
        Assert.False(reader.HasExited && stranger.HasExited, "the attack was over before its end");
        reader.Kill();
        stranger.Kill();
        reader.WaitForExit();
        stranger.WaitForExit();
        GateHouse.Until(() => As(house, Reader, "status").Code == 0, "a reader to get a place when the others are gone");
    }

    [Fact]
    public void A_reader_gets_every_one_of_many_grants_in_the_order_of_their_ends()
    {
        using var house = Open(Readers);
        GrantMany(house, 4_000);
        var (code, output) = As(house, Reader, "grants");
        Assert.True(code == 0, output[..Math.Min(500, output.Length)]);
        Assert.Equal(4_001, output.TrimEnd().Split('\n').Length);
        var ends = house.Ask("grants").EnumerateArray().Select(g => g.GetProperty("until").GetString()!).ToArray();
        Assert.Equal(ends.Order(StringComparer.Ordinal), ends);
    }

    [Theory]
    [InlineData("{\"verb\":\"teardown\"}")]
    [InlineData("{\"verb\":\"status\",\"service\":\"ssh\"}")]
    [InlineData("{\"verb\":\"apply\",\"seconds\":1e300}")]
    [InlineData("{\"verb\":\"grant\",\"service\":\"ssh\",\"address\":\"10.77.0.2\",\"seconds\":-1}")]
    [InlineData("nonsense")]
    public void What_is_no_request_is_refused_even_to_root(string line)
    {
        using var house = Open("");
        Assert.StartsWith("{\"failure\":", Say(house, line + "\n"), StringComparison.Ordinal);
        Assert.Equal(0, house.Command("status").Code);
        Assert.Equal(0, house.GrantCount);
    }

    [Fact]
    public void A_control_socket_that_was_removed_comes_back()
    {
        using var house = Open(Readers);
        File.Delete(house.Socket);
        GateHouse.Until(() => house.Command("status").Code == 0, "the socket to come back");
        Assert.Equal("666", Mode(house));
        Assert.Equal(0, As(house, Reader, "status").Code);
        Assert.Contains("was gone; it is back", house.Log, StringComparison.Ordinal);
    }

    private static GateHouse Open(string gate)
    {
        Needs.Program("setpriv");
        var house = new GateHouse(start: false);
        File.SetUnixFileMode(Path.GetDirectoryName(house.Socket)!, (UnixFileMode)0b111_101_101); // readers must pass
        house.Write(GateHouse.Configuration, gate);
        house.Start();
        return house;
    }

    private static (int Code, string Output) As(GateHouse house, string[] rights, params string[] command) =>
        house.RunToEnd([.. Dropped(rights), GateHouse.Postern, .. command, "--socket", house.Socket]);

    private static string[] Dropped(string[] rights) => ["setpriv", "--reuid", User, .. rights];

    private static string Mode(GateHouse house) => Convert.ToString((int)File.GetUnixFileMode(house.Socket), 8);

    /// <summary>A program of the attacker's; it says when it has begun.</summary>
    private static Process Hostile(GateHouse house, string[] rights, string script)
    {
        Needs.Program("python3");
        var whole = $$"""
            import json, socket, time
            def connect():
              c=socket.socket(socket.AF_UNIX); c.settimeout(3); c.connect('{{house.Socket}}'); return c
            def ask(verb): return json.dumps({'verb': verb}).encode()+b'\n'
            def quiet(text=b''):
              try:
                c=connect()
                if text: c.sendall(text)
                return c
              except OSError: return None
            print('begun', flush=True)

            """ + script;
        var process = house.Gate.Start("setpriv", [.. Dropped(rights)[1..], Needs.Find("python3")!, "-c", whole]);
        Assert.True(process.StandardOutput.ReadLine() is "begun", "it did not begin");
        return process;
    }

    private static void GrantMany(GateHouse house, int count)
    {
        for (var i = 0; i < count; i++)
        {
            var answer = Say(house, $"{{\"verb\":\"grant\",\"service\":\"ssh\",\"address\":\"10.{100 + (i >> 16)}.{(i >> 8) & 255}.{i & 255}\",\"seconds\":{3600 + (i * 7 % 1000)}}}\n");
            Assert.StartsWith("{\"done\":", answer, StringComparison.Ordinal);
        }
    }

    private static string Say(GateHouse house, string line)
    {
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Connect(new UnixDomainSocketEndPoint(house.Socket));
        socket.Send(Encoding.UTF8.GetBytes(line));
        var (buffer, length) = (new byte[4096], 0);
        for (int read; (read = socket.Receive(buffer.AsSpan(length))) > 0;)
            length += read;
        return Encoding.UTF8.GetString(buffer, 0, length);
    }
}
