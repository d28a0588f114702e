using System.CommandLine;
using System.CommandLine.Parsing;

namespace Postern.Cli.CommandLine;

/// <summary>Options that several commands have, so that they are called, described and refused alike.</summary>
internal static class CommonOptions
{
    public static Option<bool> Json() => new("--json") { Description = "Print one JSON object" };

    public static Option<bool> Verbose() => new("--verbose", "-v") { Description = "Say on standard error what is being done" };

    public static Option<TimeSpan?> Time(string name, string description) => new(name)
    {
        Description = description,
        HelpName = "TIME",
        CustomParser = ParseTime,
    };

    private static TimeSpan? ParseTime(ArgumentResult result)
    {
        var text = result.Tokens.Count == 1 ? result.Tokens[0].Value : "";
        if (Duration.TryParse(text, out var time))
            return time;
        result.AddFault($"'{text}' is not a time", "write a number and its unit, at most a day: 20ms, 15s, 10m, 2h");
        return null;
    }
}
