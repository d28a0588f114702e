using Postern.Cli.Configuration;

namespace Postern.Cli.Tests.Configuration;

/// <summary>faults.txt: each case a text, and every fault (=>) and warning (~>) that it has, with line, column and words.</summary>
public sealed class VectorsFaultTests
{
    private const string File = "f";

    private static readonly Dictionary<string, (string Yaml, string[] Expected)> Cases = Load();

    public static TheoryData<string> Names => [.. Cases.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void Says_exactly_what_is_wrong(string name)
    {
        var (yaml, expected) = Cases[name];
        var read = ConfigurationReader.ReadText(File, yaml);
        string[] said = [.. read.Faults.Select(f => $"=> {f}"), .. read.Warnings.Select(w => $"~> {w}")];
        Assert.Equal(expected, said);
        Assert.Equal(read.Faults.IsEmpty, read.Configuration is not null);
    }

    private static Dictionary<string, (string Yaml, string[] Expected)> Load()
    {
        var cases = new Dictionary<string, (string, string[])>(StringComparer.Ordinal);
        var text = System.IO.File.ReadAllText(Repository.File("tests/Postern.Cli.Tests/Configuration/faults.txt"));
        foreach (var block in text.Split("\n=== ").Skip(1))
        {
            var lines = block.TrimEnd('\n').Split('\n');
            var yaml = lines[1..].TakeWhile(l => !l.StartsWith("=> ") && !l.StartsWith("~> ")).ToArray();
            cases.Add(lines[0], (string.Concat(yaml.Select(l => l + "\n")), lines[(1 + yaml.Length)..]));
        }

        return cases;
    }
}
