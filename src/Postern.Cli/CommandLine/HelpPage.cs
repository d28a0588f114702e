using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace Postern.Cli.CommandLine;

/// <summary>Our own help: usage, what it does, what it takes, examples; made to fit a terminal of 24 lines and 80 columns.</summary>
internal sealed class HelpPage : SynchronousCommandLineAction
{
    private const int Width = 80;

    public override int Invoke(ParseResult parseResult)
    {
        Write(parseResult.CommandResult.Command, parseResult.InvocationConfiguration.Output);
        return ExitCode.Done;
    }

    public static void Write(Command command, TextWriter output)
    {
        output.WriteLine($"Usage: {Usage(command)}");
        foreach (var line in Wrap(command.Description ?? "", Width))
            output.WriteLine(line);
        WriteTable(output, "Commands", command.Subcommands.Where(c => !c.Hidden).Select(c => command is RootCommand ? RowOf(c) : (c.Name, c.Description ?? "")).OfType<(string, string)>());
        WriteTable(output, "Arguments", command.Arguments.Where(a => !a.Hidden).Select(a => (a.Name, a.Description ?? "")));
        if (command is RootCommand)
            output.WriteLine($"Options: {string.Join("; ", OptionsOf(command).Select(Names))} (also after a command)");
        else
            WriteTable(output, "Options", OptionsOf(command).Select(o => (Names(o), o.Description ?? "")));
        if (command is not IDocumented { Examples: { Count: > 0 } examples })
            return;
        output.WriteLine(examples.Count == 1 ? "Example:" : "Examples:");
        foreach (var example in examples)
            output.WriteLine($"  {example}");
    }

    /// <summary>Null: it is listed with the other one of its pair.</summary>
    private static (string Name, string Text)? RowOf(Command command)
    {
        foreach (var (first, second, text) in PosternRoot.Pairs)
        {
            if (string.Equals(command.Name, first, StringComparison.Ordinal))
                return ($"{first}, {second}", text);
            if (string.Equals(command.Name, second, StringComparison.Ordinal))
                return null;
        }

        return (command.Name, command.Description ?? "");
    }

    private static string Usage(Command command)
    {
        var path = new List<string>();
        for (var part = command; part is not null; part = part.Parents.OfType<Command>().FirstOrDefault())
            path.Insert(0, part is RootCommand ? "postern" : part.Name);
        if (command.Subcommands.Any(c => !c.Hidden))
            path.Add("COMMAND");
        path.AddRange(command.Arguments.Where(a => !a.Hidden).Select(Placeholder));
        path.AddRange(command.Options.Where(o => o.Required).Select(o => $"{o.Name} {o.HelpName}"));
        path.Add("[options]");
        return string.Join(' ', path);
    }

    private static string Placeholder(Argument argument)
    {
        var many = argument.Arity.MaximumNumberOfValues > 1 ? argument.Name + "…" : argument.Name;
        return argument.Arity.MinimumNumberOfValues == 0 ? $"[{many}]" : many;
    }

    /// <summary>Help comes last, because everyone knows it.</summary>
    private static IEnumerable<Option> OptionsOf(Command command) => command.Options.Where(o => !o.Hidden).OrderBy(o => o is HelpOption);

    private static string Names(Option option)
    {
        var names = option is HelpOption ? ["--help", "-h"] : option.Aliases.Append(option.Name);
        return string.Join(", ", names.OrderBy(n => n.Length)) + (option.HelpName is { } value ? " " + value : "");
    }

    private static void WriteTable(TextWriter output, string title, IEnumerable<(string Name, string Text)> rows)
    {
        var all = rows.ToList();
        if (all.Count == 0)
            return;
        output.WriteLine($"{title}:");
        var column = all.Max(row => row.Name.Length) + 4;
        foreach (var (name, text) in all)
        {
            var lead = $"  {name}".PadRight(column);
            foreach (var line in Wrap(text, Width - column).DefaultIfEmpty(""))
            {
                output.WriteLine((lead + line).TrimEnd());
                lead = new string(' ', column);
            }
        }
    }

    private static IEnumerable<string> Wrap(string text, int width)
    {
        var line = "";
        foreach (var word in text.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            if (line.Length > 0 && line.Length + 1 + word.Length > width)
            {
                yield return line;
                line = "";
            }

            line = line.Length == 0 ? word : $"{line} {word}";
        }

        if (line.Length > 0)
            yield return line;
    }
}
