using System.Diagnostics;
using System.Globalization;
using Postern.Tests;

namespace Postern.EndToEnd.Tests;

/// <summary>
/// <c>capture: log</c>: the gate opens no packet socket, and knows of a knock by the lines that a firewall's rule LOG wrote. These are written by the test in the kernel's form;
/// <c>KernelLogTests</c> holds that form against the kernel's own, and <see cref="MethodSourceTests"/> has lines that the kernel wrote.
/// </summary>
public sealed class LogTests : IDisposable
{
    private const string Knock = """
        services:
          ssh:
            ports: [tcp/22]
            open_for: 4s
        knocks:
          office:
            sequence: [tcp/7000, udp/8000, tcp/9000]
            opens: [ssh]
        """;

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("postern-log-");
    private readonly GateHouse _house;
    private readonly string _log;

    public LogTests()
    {
        Needs.Root();
        _log = Path.Combine(_folder.FullName, "kern.log");
        File.WriteAllText(_log, "");
        // As rsyslog has it: neither root's, nor for all.
        Chown(65534, 4);
        File.SetUnixFileMode(_log, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead);
        File.SetUnixFileMode(_folder.FullName, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.OtherExecute | UnixFileMode.OtherRead);
        _house = new(start: false);
        _house.ServeTcp(22);
        _house.Write(Knock, $"  capture: log:{_log}\n");
    }

    [Fact]
    public void Lines_open_a_port_over_IPv4_and_IPv6_until_the_time_is_over()
    {
        Append([.. Steps(GateHouse.Client4)]); // from before the gate: nobody's knock
        Start();
        Assert.False(_house.IsOpen(GateHouse.Gate4));
        Append([.. Steps(GateHouse.Client4)]);
        GateHouse.Until(() => _house.IsOpen(GateHouse.Gate4), "the port to open");
        Assert.False(_house.IsOpen(GateHouse.Gate6));
        Append([.. Steps(GateHouse.Client6)]);
        GateHouse.Until(() => _house.IsOpen(GateHouse.Gate6), "the port to open over IPv6");
        GateHouse.Until(() => !_house.IsOpen(GateHouse.Gate4), "the port to close");
        Assert.Equal($"log:{_log}", _house.Ask("status").GetProperty("capture").GetString());
        Assert.DoesNotContain("packet", GateProcess.Find(_house, GateProcess.Sentry).SocketKinds());
    }

    [Fact]
    public void Lines_that_were_cut_or_are_not_the_kernel_s_open_nothing_and_are_counted()
    {
        Start();
        var steps = Steps(GateHouse.Client4).ToArray();
        Append(steps[0], steps[1], steps[2].Replace("kernel:", "logger:", StringComparison.Ordinal), steps[2][..steps[2].IndexOf(" WINDOW", StringComparison.Ordinal)]);
        GateHouse.Until(() => Count("forged_lines") == 1 && Count("dropped_by_ring") == 1, "both to be counted");
        Assert.False(_house.IsOpen(GateHouse.Gate4));
        Assert.Contains("1 line of the log: something else writes there", _house.Command("status").Output, StringComparison.Ordinal);
        Append(steps[2]);
        GateHouse.Until(() => _house.IsOpen(GateHouse.Gate4), "the port to open");
    }

    [Theory]
    [InlineData("renamed")]
    [InlineData("truncated")]
    [InlineData("late")]
    public void It_is_followed_over_rotation(string how)
    {
        if (how is "late")
            File.Delete(_log);
        Start();
        switch (how)
        {
            case "renamed":
                Append(Steps(GateHouse.Client4).First());
                File.Move(_log, _log + ".1");
                Thread.Sleep(500);
                File.WriteAllText(_log, "");
                Chown(65534, 4);
                break;
            case "truncated":
                Append([.. Enumerable.Repeat("Nov 22 11:23:43 gate kernel: something to cut away", 50), Steps(GateHouse.Client4).First()]); // longer than what comes after: tail knows a cut by that
                GateHouse.Until(() => Read() == 1, "the first line to be read");
                File.WriteAllText(_log, "");
                break;
            default:
                Assert.Contains("is not there yet", _house.Log, StringComparison.Ordinal);
                File.WriteAllText(_log, "");
                break;
        }

        var steps = Steps(GateHouse.Client4).ToArray();
        Append(how is "late" ? steps : steps[1..]);
        GateHouse.Until(() => _house.IsOpen(GateHouse.Gate4), "the port to open");
    }

    [Fact]
    public void What_reads_the_log_has_no_rights_and_another_takes_its_place()
    {
        Start();
        var reader = Reader(before: 0);
        Assert.Equal("0000000000000000", GateProcess.StatusOf($"/proc/{reader}", "CapEff"));
        Assert.Equal("0000000000000000", GateProcess.StatusOf($"/proc/{reader}", "CapBnd"));
        Assert.Equal("1", GateProcess.StatusOf($"/proc/{reader}", "NoNewPrivs"));
        Assert.StartsWith("65534", GateProcess.StatusOf($"/proc/{reader}", "Uid"), StringComparison.Ordinal);
        GateHouse.Send(reader, Signal.Kill);
        _ = Reader(before: reader);
        GateHouse.Until(() => _house.Log.Contains("it is started again", StringComparison.Ordinal), "the log to say it");
        Knock4Opens();

        // Nor does a sentry's end lose the pipe.
        var sentry = GateProcess.Find(_house, GateProcess.Sentry);
        GateHouse.Send(sentry.Pid, Signal.Kill);
        _ = GateProcess.Next(_house, GateProcess.Sentry, sentry);
        GateHouse.Until(() => !_house.IsOpen(GateHouse.Gate4), "the port to close");
        Knock4Opens();
        Assert.Equal(0, _house.Command("reload").Code);
        GateHouse.Until(() => !_house.IsOpen(GateHouse.Gate4), "the port to close");
        Knock4Opens();
        _house.Kill(Signal.Terminate);
        GateHouse.Until(() => !Readers().Any(), "the reader to end with the gate");
    }

    public void Dispose()
    {
        _house?.Dispose();
        _folder.Delete(recursive: true);
    }

    /// <summary>It may have begun to follow a moment after the gate was ready.</summary>
    private void Start()
    {
        _house.Start();
        if (File.Exists(_log))
            Follows(Reader(before: 0));
    }

    private void Knock4Opens()
    {
        Follows(Reader(before: 0));
        Append([.. Steps(GateHouse.Client4)]);
        GateHouse.Until(() => _house.IsOpen(GateHouse.Gate4), "the port to open");
    }

    private static void Follows(int reader) =>
        GateHouse.Until(() => new DirectoryInfo($"/proc/{reader}/fd").GetFileSystemInfos().Any(f => f.LinkTarget?.Contains("inotify", StringComparison.Ordinal) == true), "the reader to follow");

    private int Reader(int before)
    {
        var found = 0;
        GateHouse.Until(() => (found = Readers().FirstOrDefault(p => p != before)) != 0, "the reader of the log");
        return found;
    }

    private IEnumerable<int> Readers() => Process.GetProcessesByName("tail").Select(p => p.Id).Where(IsOurs);

    private bool IsOurs(int pid)
    {
        try
        {
            return File.ReadAllText($"/proc/{pid}/cmdline").Contains(_log, StringComparison.Ordinal);
        }
        catch (IOException)
        {
            return false;
        }
    }

    private long Count(string name) => _house.Ask("status").GetProperty("packets").GetProperty(name).GetInt64();

    private long Read() => Count("read");

    private void Append(params string[] lines) => File.AppendAllText(_log, string.Concat(lines.Select(l => l + "\n")));

    private void Chown(int owner, int group)
    {
        using var chown = Process.Start("chown", [string.Create(CultureInfo.InvariantCulture, $"{owner}:{group}"), _log]);
        chown.WaitForExit();
        Assert.Equal(0, chown.ExitCode);
    }

    /// <summary>Lines of the kernel's as a logger writes them, for the sequence of the house.</summary>
    internal static IEnumerable<string> Steps(string source)
    {
        yield return Tcp(source, 7000);
        yield return Udp(source, 8000);
        yield return Tcp(source, 9000);
    }

    private static string Tcp(string source, int port) => Line(source, 60, $"PROTO=TCP SPT=40542 DPT={port} WINDOW=65495 RES=0x00 SYN URGP=0 ");

    private static string Udp(string source, int port) => Line(source, 29, $"PROTO=UDP SPT=60095 DPT={port} LEN=9 ");

    private static string Line(string source, int length, string rest)
    {
        var isV4 = !source.Contains(':', StringComparison.Ordinal);
        var network = isV4
            ? $"SRC={source} DST={GateHouse.Gate4} LEN={length} TOS=0x00 PREC=0x00 TTL=64 ID=57270 DF"
            : $"SRC={Whole(source)} DST={Whole(GateHouse.Gate6)} LEN={length + 20} TC=0 HOPLIMIT=64 FLOWLBL=522027";
        return $"{DateTime.Now.ToString("MMM dd HH:mm:ss", CultureInfo.InvariantCulture)} gate kernel: [46829.188513] [UFW BLOCK] IN=eth0 OUT= MAC=02:00:00:00:00:01:02:00:00:00:00:02:08:00 {network} {rest}";
    }

    /// <summary>All digits, as the kernel writes them.</summary>
    private static string Whole(string address)
    {
        var bytes = System.Net.IPAddress.Parse(address).GetAddressBytes();
        return string.Join(':', bytes.Chunk(2).Select(pair => Convert.ToHexStringLower(pair)));
    }
}
