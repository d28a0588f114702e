using System.CommandLine;
using System.CommandLine.Parsing;
using Postern.Cli.Configuration;

namespace Postern.Cli.CommandLine;

/// <summary>Says in our own words, with the mend, what is wrong with a command line.</summary>
internal static class ParseFaults
{
    /// <summary>Stands between message and hint in an error that a parser of ours adds.</summary>
    private const char HintFollows = '\n';

    public static void AddFault(this SymbolResult result, string message, string hint) => result.AddError(message + HintFollows + hint);

    /// <summary>The first thing that is wrong, or null.</summary>
    public static CommandFailure? Find(ParseResult parsed)
    {
        var command = parsed.CommandResult.Command;
        var help = $"'{Path(command)} --help' shows what it takes";
        if ((parsed.UnmatchedTokens is [var unmatched, ..] ? unmatched : TakenForArgument(parsed)) is { } stray)
            return Stray(command, stray, help);
        if (parsed.Errors is not [var error, ..])
            return null;
        return error.Message.Split(HintFollows, 2) is [var message, var hint] ? CommandFailure.Usage(message, hint) : Missing(error, command, help);
    }

    /// <summary>An option that does not exist is to the parser just one more value for an argument that takes many. After <c>--</c> it may well be.</summary>
    private static string? TakenForArgument(ParseResult parsed) => parsed.Tokens.Any(t => t.Type == TokenType.DoubleDash)
        ? null
        : parsed.CommandResult.Children.OfType<ArgumentResult>().SelectMany(a => a.Tokens).Select(t => t.Value).FirstOrDefault(IsOption);

    private static bool IsOption(string token) => token.Length > 1 && token[0] == '-';

    private static CommandFailure Stray(Command command, string stray, string help)
    {
        var isOption = IsOption(stray);
        var (kind, known) = isOption
            ? ("option", command.Options.Where(o => !o.Hidden).SelectMany(o => o.Aliases.Append(o.Name)))
            : ("command", command.Subcommands.Where(c => !c.Hidden).Select(c => c.Name));
        if (!isOption && command.Subcommands.Count == 0)
            return CommandFailure.Usage($"'{stray}' is one argument too many", help);
        var typed = stray.Split('=', 2)[0];
        return CommandFailure.Usage($"there is no {kind} '{typed}'", NearestWord.Find(typed, known) is { } near ? $"did you mean '{near}'?" : help);
    }

    /// <summary>What System.CommandLine itself found: something that must be there is not, or there are too many of it.</summary>
    private static CommandFailure Missing(ParseError error, Command command, string help) => error.SymbolResult switch
    {
        OptionResult { Option: var option, Tokens.Count: 0 } => CommandFailure.Usage($"{option.Name} needs a value: {option.Name} {option.HelpName}", help),
        OptionResult { Option: var option } => CommandFailure.Usage($"{option.Name} is given too often", help),
        ArgumentResult { Argument: var argument, Tokens.Count: 0 } => CommandFailure.Usage($"{argument.Name} is missing", help),
        CommandResult when command.Subcommands.Count > 0 => CommandFailure.Usage("no command is given", help),
        CommandResult when command.Arguments.FirstOrDefault(a => a.Arity.MinimumNumberOfValues > 0) is { } argument => CommandFailure.Usage($"{argument.Name} is missing", help),
        _ => CommandFailure.Usage(error.Message.TrimEnd('.'), help),
    };

    internal static string Path(Command command) =>
        command is RootCommand ? "postern" : string.Join(' ', command.Parents.OfType<Command>().Select(Path).Append(command.Name));
}
