using Postern.Cli.Configuration;

namespace Postern.Cli.Tests.Configuration;

public sealed class NearestWordTests
{
    [Theory]
    [InlineData("", "", 0)]
    [InlineData("", "abc", 3)]
    [InlineData("kitten", "sitting", 3)]
    [InlineData("ab", "ba", 1)]
    [InlineData("abcd", "acbd", 1)]
    [InlineData("SSH", "ssh", 0)]
    public void Counts_edits(string a, string b, int distance)
    {
        Assert.Equal(distance, NearestWord.Distance(a, b));
        Assert.Equal(distance, NearestWord.Distance(b, a));
    }

    [Theory]
    [InlineData("servces", "services")]
    [InlineData("sevrices", "services")]
    [InlineData("knock", "knocks")]
    [InlineData("on", null)]
    [InlineData("firewall", null)]
    [InlineData("control-sockets!", "control_socket")]
    public void Names_what_was_meant(string word, string? expected) =>
        Assert.Equal(expected, NearestWord.Find(word, ["services", "knocks", "off", "control_socket"]));
}
