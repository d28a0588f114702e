using Postern.Cli.CommandLine;

namespace Postern.Cli.Tests;

public sealed class TerminalTests
{
    [Theory]
    [InlineData("plain, with ünïcödé", "plain, with ünïcödé")]
    [InlineData("a\nb\r\u001b[31mc", "a b  [31mc")]
    [InlineData("a\u2028b\u2029c", "a b c")]
    [InlineData("\u202eevil\u2066", "evil")]
    public void Nothing_in_a_name_breaks_a_line_moves_the_cursor_or_turns_the_direction(string name, string shown) => Assert.Equal(shown, Terminal.OneLine(name));
}
