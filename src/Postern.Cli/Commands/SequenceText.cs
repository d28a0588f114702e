using System.Collections.Immutable;
using System.Globalization;
using Postern.Cli.CommandLine;
using Postern.Knocks.Sequences;

namespace Postern.Cli.Commands;

/// <summary>The sequence to knock: from the command line, from a file, or from the environment.</summary>
internal static class SequenceText
{
    public const string Variable = "POSTERN_SEQUENCE";

    public static bool IsInEnvironment => Environment.GetEnvironmentVariable(Variable) is { Length: > 0 };

    private const string Shape = "write steps with commas: tcp/7000,udp/8000-8010,icmp/120";

    public static ImmutableArray<KnockStep> Read(string? option, string host)
    {
        if (option is ['@', .. var file])
            return Parse(FirstLine(file), $"of {file}");
        if (option is not null)
            return Parse(option, "");
        if (Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } text)
            return Parse(text, $"in {Variable}");
        throw CommandFailure.Usage(
            $"there is no profile '{host}', and no --sequence is given",
            $"'postern profile add' adds a profile; without one: postern knock {host} tcp/22 --sequence tcp/7000,udp/8000 (or --sequence @FILE, or {Variable})");
    }

    /// <summary>A step that cannot be read is quoted only where it stands on the command line anyway: the others were put elsewhere to keep them from view.</summary>
    private static ImmutableArray<KnockStep> Parse(string text, string place)
    {
        var steps = ImmutableArray.CreateBuilder<KnockStep>();
        foreach (var part in text.Split(','))
        {
            var word = part.Trim();
            if (!KnockStep.TryParse(word, out var step))
                throw CommandFailure.Usage(Fault(word, steps.Count + 1, place), Shape);
            steps.Add(step);
        }

        return steps.ToImmutable();
    }

    private static string Fault(string word, int number, string place) => place.Length == 0
        ? $"'{word}' is no step of a sequence"
        : string.Create(CultureInfo.InvariantCulture, $"step {number} of the sequence {place} cannot be read");

    private static string FirstLine(string file)
    {
        try
        {
            return File.ReadLines(file).FirstOrDefault() ?? throw CommandFailure.Usage($"{file} is empty", "its first line is the sequence: tcp/7000,udp/8000");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new CommandFailure(ExitCode.Usage, $"the sequence cannot be read from '{file}': {e.Message}", "check its name and who may read it", e);
        }
    }
}
