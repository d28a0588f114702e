using System.Text.RegularExpressions;
using Postern.Cli.Configuration;

namespace Postern.Cli.Tests.Configuration;

/// <summary>The commented configuration that is installed.</summary>
public sealed partial class ExampleTests
{
    private static string Text => File.ReadAllText(Repository.File("packaging/postern.yaml"));

    // What is commented out stands as "#key" or "#  # about it"; what explains as "# about it".
    [GeneratedRegex(@"^  #(?=[a-z]|  )", RegexOptions.Multiline | RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 1000)]
    private static partial Regex CommentedOut { get; }

    [Fact]
    public void Protects_nothing_and_says_the_defaults()
    {
        var read = ConfigurationReader.ReadText("f", Text);
        Assert.Empty(read.Faults);
        Assert.Empty(read.Warnings);
        Assert.Equal(ConfigurationWriter.Write(ConfigurationReader.ReadText("f", "gate:\n  traps: auto\n").Configuration!), ConfigurationWriter.Write(read.Configuration!));
        Assert.Empty(read.Configuration!.Protection.Services);
    }

    [Fact]
    public void Its_examples_are_valid_and_show_the_defaults()
    {
        var read = ConfigurationReader.ReadText("f", CommentedOut.Replace(Text, "  "));
        Assert.Empty(read.Faults);
        Assert.Empty(read.Warnings);
        var configuration = read.Configuration!;
        Assert.Equal(["ssh", "web", "inside", "wake"], configuration.Warden.Services.Select(s => s.Name).ToArray());
        Assert.Equal(["office", "leave", "site"], configuration.Warden.Doors.Select(d => d.Name).ToArray());
        var (service, sequence) = (configuration.Warden.Services[0], configuration.Sequences[0]);
        Assert.Equal(service with { OpenFor = new Warden.Service("", []).OpenFor, Appear = default }, service);
        var action = Assert.Single(configuration.Actions);
        var plain = new Steward.Errands.Errand("wake", action.Run) { Undo = action.Undo };
        Assert.Equal(plain, action);
        Assert.Equal(service.OpenFor, configuration.Warden.Services[3].OpenFor);
        var byDefault = new Knocks.Sequences.KnockSequence(sequence.Name, sequence.Steps);
        Assert.Equal(byDefault, sequence);
    }

    [Theory]
    [InlineData("postern.yaml.5")]
    [InlineData("example")]
    public void Every_key_is_described(string where)
    {
        var text = where == "example" ? Text : File.ReadAllText(Repository.File("man/postern.yaml.5"));
        foreach (var key in "gate services knocks policy interfaces capture control_socket control_readers max_grants traps ports open_for appear forward masquerade run undo run_as time_limit method sequence within order tcp_flags opens closes allow deny hours spa clock_skew key authorized_keys ledger require receipt fwknop keys source destination max_time max_age require_address user expires commands http secret_file pool length step bind span transport grant data".Split(' '))
            Assert.Matches(where == "example" ? $"(?m)^ *#? *{key}:" : $@"(?m)^\.(It )?Ic {key}( :|$)", text);
    }
}
