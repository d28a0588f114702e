using System.CommandLine;
using System.CommandLine.Parsing;
using Postern.Cli.Configuration;

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

    private static readonly TimeSpan Longest = TimeSpan.FromDays(30);

    private static TimeSpan? ParseTime(ArgumentResult result)
    {
        var text = result.Tokens.Count == 1 ? result.Tokens[0].Value : "";
        var fault = Duration.Parse(text, out var time);
        if (fault == DurationFault.None && time <= Longest)
            return time;
        result.AddFault(
            fault is DurationFault.None or DurationFault.TooLong ? $"'{text}' is too long" : $"'{text}' is not a time",
            fault != DurationFault.None && Duration.Mend(text) is { } mended ? $"did you mean {mended}?" : "write a number and its unit, at most 30 days: 20ms, 15s, 10m, 2h");
        return null;
    }
}
