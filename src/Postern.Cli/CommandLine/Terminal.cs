using System.Globalization;

namespace Postern.Cli.CommandLine;

/// <summary>Where colour is welcome: on a terminal that can show it, unless NO_COLOR (https://no-color.org) says otherwise.</summary>
internal static class Terminal
{
    private const string Red = "\e[1;31m";
    private const string Plain = "\e[0m";

    public static bool HasColour(bool redirected) =>
        !redirected
        && string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR"))
        && Environment.GetEnvironmentVariable("TERM") is not "dumb";

    /// <summary>Errors are always these two lines. Only the word is coloured, so that what is copied from a terminal is what was said.</summary>
    public static void WriteError(TextWriter error, string message, string hint, bool colour)
    {
        error.WriteLine(colour ? $"postern: {Red}error:{Plain} {OneLine(message)}" : $"postern: error: {OneLine(message)}");
        error.WriteLine($"postern: hint: {OneLine(hint)}");
    }

    /// <summary>Names and files can hold anything; what breaks a line, moves the cursor or turns the direction of writing must not reach the terminal.</summary>
    internal static string OneLine(string text) => text.AsSpan().ContainsAnyExceptInRange(' ', '~') && text.Any(IsUnsafe)
        ? string.Concat(text.Select(c => IsUnsafe(c) ? ' ' : c)).Trim()
        : text;

    private static bool IsUnsafe(char c) => char.GetUnicodeCategory(c) is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator;
}
