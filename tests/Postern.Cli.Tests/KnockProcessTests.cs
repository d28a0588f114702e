using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using Postern.Tests;

namespace Postern.Cli.Tests;

/// <summary>The program itself, started as a user starts it: privileges, signals, pipes, the environment.</summary>
public sealed class KnockProcessTests
{
    private static readonly string Program = Path.Combine(AppContext.BaseDirectory, "postern.dll");

    private static (int Code, string Output, string Error) Finish(Process process)
    {
        using (process)
        {
            var output = process.StandardOutput.ReadToEndAsync();
            var error = process.StandardError.ReadToEndAsync();
            if (!process.WaitForExit(TimeSpan.FromSeconds(25)))
                process.Kill(entireProcessTree: true);
            return (process.ExitCode, output.Result, error.Result);
        }
    }

    private static Process Shell(string line, params (string Name, string Value)[] environment)
    {
        var start = new ProcessStartInfo("/bin/sh", ["-c", line.Replace("postern", $"dotnet '{Program}'", StringComparison.Ordinal)])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        start.Environment.Remove("NO_COLOR");
        foreach (var (name, value) in environment)
            start.Environment[name] = value;
        return Process.Start(start)!;
    }

    [Fact(Timeout = 30_000)]
    public async Task It_opens_a_door_and_says_how_long_that_took()
    {
        await Task.Yield();
        var (client, gate) = NetworkNamespace.Pair();
        using (client)
        using (gate)
        {
            gate.Run("nft", "table inet t { set open { type ipv4_addr; flags timeout; size 9; }; chain in { type filter hook input priority 0; udp dport 8000 add @open { ip saddr timeout 20s }; tcp dport 22 ip saddr @open accept; tcp dport 22 drop; }; }");
            using var ssh = gate.Enter(() => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp));
            ssh.Bind(new IPEndPoint(IPAddress.Any, 22));
            ssh.Listen();
            var (code, output, error) = Finish(client.Start("dotnet", Program, "knock", NetworkNamespace.Right4, "22", "--sequence", "tcp/7000,icmp/120,udp/8000"));
            Assert.Equal((0, ""), (code, error));
            Assert.Matches(new Regex(@"^opened tcp/22 on 10\.77\.0\.2 in [\d.]+ m?s, \d+ rounds?\n$", RegexOptions.None, TimeSpan.FromSeconds(1)), output);
        }
    }

    [Fact(Timeout = 30_000)]
    public async Task Whoever_may_not_ping_is_told_the_mend_and_the_mend_works()
    {
        await Task.Yield();
        Needs.Program("setpriv");
        using var alone = NetworkNamespace.Create();
        string[] asNobody = ["--reuid", "65534", "--regid", "65534", "--clear-groups", "--inh-caps", "-all", "--bounding-set", "-all", "dotnet", Program, "knock", "127.0.0.1", "--sequence", "icmp/120"];
        alone.Run("sysctl", "-w", "net.ipv4.ping_group_range=1 0");
        var refused = Finish(alone.Start("setpriv", asNobody));
        Assert.Equal(3, refused.Code);
        CommandLineFrameTests.AssertTwoLines(refused.Error, "may not send ICMP", "net.ipv4.ping_group_range=\"0 2147483647\"");

        alone.Run("sysctl", "-w", "net.ipv4.ping_group_range=0 2147483647");
        Assert.Equal((0, "sent 1 packet to 127.0.0.1\n", ""), Finish(alone.Start("setpriv", asNobody)));
    }

    [Theory(Timeout = 30_000)]
    [InlineData("INT", 130)]
    [InlineData("TERM", 143)]
    public async Task A_signal_ends_it_at_once(string signal, int expected)
    {
        using var process = Shell("exec postern knock 127.0.0.1 1 -s udp/9 -v");
        await process.StandardError.ReadLineAsync(); // the first round is on its way
        var clock = Stopwatch.StartNew();
        Process.Start("/bin/sh", ["-c", $"kill -{signal} {process.Id}"]).WaitForExit();
        var (code, output, _) = Finish(process);
        Assert.Equal((expected, ""), (code, output));
        Assert.InRange(clock.ElapsedMilliseconds, 0, 10_000);
    }

    [Fact(Timeout = 30_000)]
    public async Task A_broken_pipe_is_no_news()
    {
        await Task.Yield();
        var (_, output, error) = Finish(Shell("postern knock 192.0.2.7 -s $(seq -s, -f udp/%g 1 9000) --dry-run | head -n 1"));
        Assert.Equal(("192.0.2.7  udp/1\n", ""), (output, error));
    }

    [Fact(Timeout = 30_000)]
    public async Task The_sequence_may_come_from_the_environment_and_the_command_line_wins()
    {
        await Task.Yield();
        Assert.Equal("192.0.2.7  udp/1\n", Finish(Shell("postern knock 192.0.2.7 --dry-run", ("POSTERN_SEQUENCE", "udp/1"))).Output);
        Assert.Equal("192.0.2.7  udp/2\n", Finish(Shell("postern knock 192.0.2.7 -s udp/2 --dry-run", ("POSTERN_SEQUENCE", "udp/1"))).Output);
        var wrong = Finish(Shell("postern knock 192.0.2.7 --dry-run", ("POSTERN_SEQUENCE", "hunter2")));
        Assert.Equal(2, wrong.Code);
        Assert.DoesNotContain("hunter2", wrong.Error, StringComparison.Ordinal);
    }

    [Fact(Timeout = 30_000)]
    public async Task Colour_is_for_terminals_only()
    {
        await Task.Yield();
        Needs.Program("script");
        Assert.DoesNotContain("\e", Finish(Shell("postern knok")).Error, StringComparison.Ordinal);
        Assert.Contains("\e[1;31merror:\e[0m", Finish(Shell("script -qec \"postern knok\" /dev/null", ("TERM", "xterm"))).Output, StringComparison.Ordinal);
        Assert.DoesNotContain("\e[1;31m", Finish(Shell("script -qec \"postern knok\" /dev/null", ("TERM", "xterm"), ("NO_COLOR", "1"))).Output, StringComparison.Ordinal);
    }
}
