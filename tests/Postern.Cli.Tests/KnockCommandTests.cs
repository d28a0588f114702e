using System.Text.Json;

namespace Postern.Cli.Tests;

/// <summary>`postern knock` and `postern close`, in the process and without a network but the loopback.</summary>
public sealed class KnockCommandTests
{
    private static Task<(int Code, string Output, string Error)> RunAsync(string line) => CommandLineFrameTests.RunAsync(line.Split(' '));

    [Fact]
    public async Task A_dry_run_prints_the_packets_and_when_it_would_knock_again()
    {
        var (code, output, error) = await RunAsync("knock 192.0.2.7 tcp/22 -s tcp/7000,udp/8000,icmp --dry-run --timeout 1s");
        Assert.Equal((0, ""), (code, error));
        Assert.Equal(
            """
            192.0.2.7  tcp/7000
            192.0.2.7  udp/8000     1 ms later
            192.0.2.7  icmp/56      1 ms later
            again, until tcp/22 opens: at 500 ms (20 ms apart)

            """,
            output);
    }

    [Fact]
    public async Task A_dry_run_for_machines_is_one_object()
    {
        var (_, output, _) = await RunAsync("close 2001:db8::7 22 -s udp/8000-8001 --dry-run --json --timeout 1s");
        using var json = JsonDocument.Parse(output);
        Assert.Single(output.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.Equal("2001:db8::7", json.RootElement.GetProperty("packets")[0].GetProperty("address").GetString());
        Assert.Matches("^udp/800[01]$", json.RootElement.GetProperty("packets")[0].GetProperty("packet").GetString());
        Assert.Equal(500, json.RootElement.GetProperty("rounds")[1].GetProperty("start_ms").GetDouble());
    }

    [Fact]
    public async Task The_sequence_may_come_from_a_file()
    {
        var file = Path.GetTempFileName();
        try
        {
            await File.WriteAllTextAsync(file, "udp/8000, tcp/7000\nudp/1\n");
            var (_, output, _) = await RunAsync($"knock 192.0.2.7 -s @{file} --dry-run");
            Assert.Equal("192.0.2.7  udp/8000\n192.0.2.7  tcp/7000     1 ms later\n", output);

            await File.WriteAllTextAsync(file, "udp/8000,root:secret\n");
            var (code, _, error) = await RunAsync($"knock 192.0.2.7 -s @{file} --dry-run");
            Assert.Equal(2, code);
            CommandLineFrameTests.AssertTwoLines(error, "step 2 of the sequence", "tcp/7000");
            Assert.DoesNotContain("secret", error, StringComparison.Ordinal);
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Fact]
    public async Task Without_a_service_it_knocks_once_and_says_so_when_asked()
    {
        var (code, output, error) = await RunAsync("knock 127.0.0.1 -s udp/9,udp/9 -v");
        Assert.Equal((0, "sent 2 packets to 127.0.0.1\n"), (code, output));
        Assert.Contains("no SERVICE is given", error, StringComparison.Ordinal);
        Assert.Contains("round 1 to 127.0.0.1: udp/9 udp/9 (1 ms apart)", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_udp_service_cannot_be_watched_and_that_is_said()
    {
        var (code, output, _) = await RunAsync("knock 127.0.0.1 udp/1194 -s udp/9");
        Assert.Equal((0, "sent 1 packet to 127.0.0.1; udp/1194 cannot be watched: UDP does not tell\n"), (code, output));
    }

    [Fact]
    public async Task What_does_not_open_is_two_lines_and_exit_1()
    {
        var (code, output, error) = await RunAsync("knock 127.0.0.1 1 -s udp/9 --timeout 300ms");
        Assert.Equal((1, ""), (code, output));
        CommandLineFrameTests.AssertTwoLines(error, "tcp/1 on 127.0.0.1 did not open in ", "postern grants");
        Assert.Contains("1 round: connections are refused", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_does_not_open_is_an_object_too()
    {
        var (code, output, error) = await RunAsync("knock 127.0.0.1 1 -s udp/9 --timeout 300ms --json");
        using var json = JsonDocument.Parse(output);
        Assert.Equal(1, code);
        Assert.Equal("not-opened", json.RootElement.GetProperty("outcome").GetString());
        Assert.Equal("tcp/1", json.RootElement.GetProperty("services")[0].GetString());
        Assert.Equal(2, error.TrimEnd().Split('\n').Length);
    }

    [Fact]
    public async Task What_is_closed_already_is_closed()
    {
        var (code, output, _) = await RunAsync("close 127.0.0.1 1 -s udp/9");
        Assert.Equal(0, code);
        Assert.Matches(@"^closed tcp/1 on 127\.0\.0\.1 in [\d.]+ m?s, 1 round\n$", output);
    }

    [Theory]
    [InlineData("knock no-such-host.invalid 22 -s udp/9", 1, "'no-such-host.invalid' was not found", "spelling")]
    [InlineData("knock 192.0.2.7 22 -s udp/9 -6", 1, "no IPv6 address", "-4")]
    [InlineData("knock 127.1 22 -s udp/9", 1, "'127.1' is no whole address", "did you mean 127.0.0.1?")]
    public async Task A_host_that_is_none_is_said(string line, int expected, string message, string hint)
    {
        var (code, _, error) = await RunAsync(line);
        Assert.Equal(expected, code);
        CommandLineFrameTests.AssertTwoLines(error, message, hint);
    }
}
