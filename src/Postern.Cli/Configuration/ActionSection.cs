using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using Postern.Confinement;
using Postern.Steward.Errands;
using static Postern.Cli.Configuration.Quoting;

namespace Postern.Cli.Configuration;

/// <summary>A service that has <c>run:</c> in place of <c>ports:</c>.</summary>
internal static class ActionSection
{
    private const string Example = "run: [/usr/local/sbin/wake, \"{address}\"]";

    private static readonly TimeSpan ShortestLimit = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan LongestLimit = TimeSpan.FromMinutes(10);

    private static readonly string[] Own = ["run", "undo", "run_as", "time_limit"];

    public static bool IsOne(Fields fields) => fields.HasAny(Own);

    public static Errand Read(TextNode name, Fields fields, Values values)
    {
        CheckTogether(name, fields, values.Faults);
        var action = new Errand(name.Text, ReadCommand("run", fields["run"], values)) { Undo = ReadCommand("undo", fields["undo"], values) };
        return action with
        {
            RunAs = ReadUser(fields["run_as"], name.Place, values),
            TimeLimit = values.Time("time_limit", fields["time_limit"], ShortestLimit, LongestLimit) ?? action.TimeLimit,
        };
    }

    private static void CheckTogether(TextNode name, Fields fields, FaultList faults)
    {
        foreach (var (key, _) in fields.Entries)
        {
            if (key.Text is "ports" && fields["run"] is not null)
                faults.Add(key.Place, $"the service '{name.Text}' has ports, and runs something", "make two services of it, and list both in 'opens'");
            else if (key.Text is "forward" or "masquerade" && fields["run"] is not null)
                faults.Add(key.Place, $"the service '{name.Text}' has '{key.Text}', and runs something", "make two services of it, and list both in 'opens'");
            else if (key.Text is "undo" or "run_as" or "time_limit" && fields["run"] is null)
                faults.Add(key.Place, $"the service '{name.Text}' has '{key.Text}' and nothing to run", $"write {Example}");
            else if (key.Text is "appear" && fields["ports"] is null)
                faults.Add(key.Place, "'appear' is of ports, and an action has none", "remove it");
            else if (key.Text is "open_for" && fields["run"] is not null && fields["undo"] is null)
                faults.Add(key.Place, "'open_for' says when 'undo' is run, and there is none", "write undo, or remove it");
        }
    }

    private static ImmutableArray<string> ReadCommand(string key, Node? node, Values values)
    {
        if (node is ListNode { Items: [] })
            values.Faults.Add(node.Place, $"'{key}' is an empty list", $"write the program and its arguments: {Example}");
        if (values.List(key, node) is not { Length: > 0 } words)
            return [];
        if (words.Length > Errand.MaxArguments)
            values.Faults.Add(words[Errand.MaxArguments].Place, string.Create(CultureInfo.InvariantCulture, $"'{key}' has more than {Errand.MaxArguments} words"), "put them into a script, and run that");
        else if (words.Sum(w => Encoding.UTF8.GetByteCount(w.Text)) > Errand.MaxBytes)
            values.Faults.Add(node!.Place, string.Create(CultureInfo.InvariantCulture, $"'{key}' is longer than {Errand.MaxBytes} bytes"), "put it into a script, and run that");

        var before = values.Faults.Count;
        foreach (var word in words)
            CheckWord(word, values.Faults);
        CheckProgram(words[0], values.Faults);
        if (values.Faults.Count == before)
            ProgramRules.Check(words[0], values.Faults);
        return [.. words.Select(w => w.Text)];
    }

    private static void CheckWord(TextNode word, FaultList faults)
    {
        if (!IsPlain(word.Text))
            faults.Add(word.Place, $"{Quote(word.Text)} holds a character that cannot be seen", "remove it");
        if (!Placeholders.TryFindFault(word.Text, out var unknown))
            return;
        if (unknown is null)
            faults.Add(word.Place, $"{Quote(word.Text)} holds a brace alone", "write {address} and the like for what the client decides, {{ and }} for braces");
        else
            faults.Add(word.Place, $"{Quote("{" + unknown + "}")} is no placeholder", faults.Suggest(unknown, Placeholders.Words, "write one of: {" + string.Join("}, {", Placeholders.Words) + "}"));
    }

    private static bool IsPlain(string text) => text.EnumerateRunes().All(r =>
        r != Rune.ReplacementChar && !Rune.IsControl(r)
        && Rune.GetUnicodeCategory(r) is not (UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator or UnicodeCategory.Format));

    /// <summary>Which program is run is the operator's choice alone, and so is where it lies: nothing is looked for in a PATH.</summary>
    private static void CheckProgram(TextNode program, FaultList faults)
    {
        if (!program.Text.StartsWith('/') || program.Text.EndsWith('/'))
            faults.Add(program.Place, $"the program {Quote(program.Text)} is not a full path", $"write where it lies: {Example}");
        else if (program.Text.AsSpan().ContainsAny('{', '}'))
            faults.Add(program.Place, $"the program {Quote(program.Text)} holds a brace", "write one program, and let it decide by its arguments");
    }

    private static string ReadUser(Node? node, Place service, Values values)
    {
        var text = values.Text("run_as", node);
        var name = text?.Text ?? Errand.UsualUser;
        if (node is not null && text is null)
            return name;
        try
        {
            if (!name.Contains('\0', StringComparison.Ordinal) && Account.Find(name) is not null)
                return name;
            values.Faults.Add(text?.Place ?? service, $"this host has no user {Quote(name)} to run an action as", text is null ? "name one: run_as" : "name one that it has, or make it (adduser --system)");
        }
        catch (ConfinementException e)
        {
            values.Faults.Warn(text?.Place ?? service, e.Message, e.Hint); // it is asked again when something is run
        }

        return name;
    }
}
