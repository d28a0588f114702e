using System.CommandLine;
using System.Text.Json;
using Postern.Cli.CommandLine;

namespace Postern.Cli.Tests;

/// <summary>What every command shares: errors in two lines, exit codes, help that fits a terminal.</summary>
public sealed class CommandLineFrameTests
{
    internal static async Task<(int Code, string Output, string Error)> RunAsync(params string[] arguments) => await RunAsync(PosternRoot.Create(), arguments);

    internal static async Task<(int Code, string Output, string Error)> RunAsync(RootCommand root, params string[] arguments)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        using var signals = new Signals();
        var code = await CommandFrame.RunAsync(root, arguments, output, error, signals);
        return (code, output.ToString(), error.ToString());
    }

    internal static void AssertTwoLines(string error, string message, string hint)
    {
        var lines = error.TrimEnd('\n').Split('\n');
        Assert.Equal(2, lines.Length);
        Assert.StartsWith("postern: error: ", lines[0], StringComparison.Ordinal);
        Assert.StartsWith("postern: hint: ", lines[1], StringComparison.Ordinal);
        Assert.Contains(message, lines[0], StringComparison.Ordinal);
        Assert.Contains(hint, lines[1], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("knok", "no command 'knok'", "did you mean 'knock'?")]
    [InlineData("clsoe", "no command 'clsoe'", "did you mean 'close'?")]
    [InlineData("zzzzzz", "no command 'zzzzzz'", "postern --help")]
    [InlineData("--versio", "no option '--versio'", "did you mean '--version'?")]
    [InlineData("knock", "HOST is missing", "postern knock --help")]
    [InlineData("knock h 22 --timout 3s", "no option '--timout'", "did you mean '--timeout'?")]
    [InlineData("knock h --timout=3s", "no option '--timout'", "did you mean '--timeout'?")]
    [InlineData("knock --sequense h", "no option '--sequense'", "did you mean '--sequence'?")]
    [InlineData("knock h --timeout", "--timeout needs a value", "--help")]
    [InlineData("knock h --timeout 15", "'15' is not a time", "15s")]
    [InlineData("knock h --timeout 3sec", "'3sec' is not a time", "did you mean 3s?")]
    [InlineData("knock h --timeout 0s", "'0s' is not a time", "15s")]
    [InlineData("knock h --timeout -3s", "is", "hint")]
    [InlineData("knock h --timeout 9999h", "too long", "at most 30 days")]
    [InlineData("knock h --timeout 3s --timeout 4s", "--timeout is given too often", "--help")]
    [InlineData("knock h 22 -s tcp/1 -4 -6", "exclude each other", "leave both out")]
    [InlineData("knock h 22", "no --sequence", "postern knock h tcp/22 --sequence")]
    [InlineData("knock h ssh -s tcp/1", "'ssh' is a service's name", "tcp/22")]
    [InlineData("knock h tcp/1-9 -s tcp/1", "'tcp/1-9' is no service", "one port")]
    [InlineData("knock h 0 -s tcp/1", "'0' is no service", "one port")]
    [InlineData("knock h 22 -s tcp/1,tpc/2", "'tpc/2' is no step", "tcp/7000")]
    [InlineData("knock h 22 -s tcp/1,", "'' is no step", "tcp/7000")]
    [InlineData("knock h 22 -s icmp/65508", "'icmp/65508' is no step", "tcp/7000")]
    [InlineData("knock h 22 -s @/does/not/exist", "/does/not/exist", "who may read it")]
    [InlineData("knock h 22 -s tcp/1,tcp/2 --gap 16s", "longer than --timeout", "shorter")]
    public async Task What_is_typed_wrong_is_said_in_two_lines(string line, string message, string hint)
    {
        var (code, output, error) = await RunAsync(line.Split(' '));
        Assert.Equal(2, code);
        Assert.Empty(output);
        AssertTwoLines(error, message, hint);
    }

    [Fact]
    public async Task Without_a_command_there_is_help_and_a_failure()
    {
        var (code, output, error) = await RunAsync();
        Assert.Equal(2, code);
        Assert.Empty(output);
        Assert.StartsWith("Usage: postern COMMAND", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Help_fits_a_terminal_and_ends_with_an_example()
    {
        foreach (var command in PosternRoot.Create().Subcommands.Select(c => c.Name).Prepend(""))
        {
            var (code, output, error) = await RunAsync([.. command.Split(' ', StringSplitOptions.RemoveEmptyEntries), "-h"]);
            var lines = output.TrimEnd('\n').Split('\n');
            Assert.Equal((0, ""), (code, error));
            Assert.InRange(lines.Length, 4, 23); // and the prompt after it
            Assert.All(lines, line => Assert.InRange(line.Length, 1, 80));
            Assert.StartsWith($"  postern {command}".TrimEnd(), lines[^1], StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Help_helps_whatever_else_is_wrong()
    {
        var (code, output, _) = await RunAsync("knock", "--timeout", "x", "--help");
        Assert.Equal(0, code);
        Assert.StartsWith("Usage: postern knock HOST [SERVICE…] [options]", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Root_help_says_that_knocking_is_an_added_layer()
    {
        var (_, output, _) = await RunAsync("--help");
        Assert.Contains("Port knocking is an added layer: keep your SSH keys and your updates.", output.ReplaceLineEndings(" "), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_version_is_one_line()
    {
        var (code, output, error) = await RunAsync("--version");
        Assert.Equal((0, ""), (code, error));
        Assert.Matches(@"^postern \d+\.\d+\.\d+\n$", output);
    }

    private static RootCommand With(Func<CancellationToken, Task<int>> action)
    {
        var root = PosternRoot.Create();
        var command = new Command("try");
        command.SetAction((_, cancellation) => action(cancellation));
        root.Add(command);
        return root;
    }

    [Fact]
    public async Task A_failure_prints_its_lines_and_exits_with_its_code()
    {
        var (code, _, error) = await RunAsync(With(_ => throw new CommandFailure(3, "no\u001b[31m\nluck", "try again")), "try");
        Assert.Equal(3, code);
        AssertTwoLines(error, "no [31m luck", "try again");
    }

    [Fact]
    public async Task What_nobody_expected_is_two_lines_and_70_without_a_trace()
    {
        var (code, _, error) = await RunAsync(With(_ => throw new InvalidOperationException("odd")), "try");
        Assert.Equal(70, code);
        AssertTwoLines(error, "this should not happen: odd", "POSTERN_DEBUG=1");
    }

    [Fact]
    public async Task A_result_of_the_command_is_the_exit_code()
    {
        var (code, _, error) = await RunAsync(With(_ => Task.FromResult(1)), "try");
        Assert.Equal((1, ""), (code, error));
    }

    [Theory]
    [InlineData(4.24, "4.2 ms")]
    [InlineData(10, "10 ms")]
    [InlineData(999.4, "999 ms")]
    [InlineData(999.6, "1 s")]
    [InlineData(1_204, "1.2 s")]
    [InlineData(15_001, "15 s")]
    public void Times_are_written_to_be_read(double milliseconds, string text) => Assert.Equal(text, TimeText.Of(TimeSpan.FromMilliseconds(milliseconds)));
}
