using System.CommandLine;
using Postern.Cli.CommandLine;
using Postern.Cli.Profiles;

namespace Postern.Cli.Imports.Fwknop;

/// <summary><c>postern import fwknoprc [FILE]</c></summary>
internal static class FwknoprcImportCommand
{
    public static Command Create()
    {
        var path = new Argument<string?>("FILE") { Description = "The client's file (~/.fwknoprc)", Arity = ArgumentArity.ZeroOrOne };
        var command = new DocumentedCommand("fwknoprc", "Make a profile of each stanza of fwknop's client", "postern import fwknoprc") { path };
        command.SetAction(parsed =>
        {
            var streams = parsed.InvocationConfiguration;
            Import(parsed.GetValue(path) ?? Usual(), streams.Output, streams.Error);
            return ExitCode.Done;
        });
        return command;
    }

    private static string Usual() => Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".fwknoprc");

    private static void Import(string file, TextWriter output, TextWriter error)
    {
        var notes = new ImportNotes();
        var reading = new RcReading(notes);
        var made = 0;
        foreach (var stanza in FwknoprcFile.Read(file, ImportFile.Read(file), notes))
        {
            if (stanza.Name is FwknoprcFile.Default && stanza["SPA_SERVER"] is null)
                continue; // what all others have in common, and no place to knock at
            using var profile = reading.Read(stanza);
            if (profile is null)
                continue;
            if (ProfileFolder.Has(profile.Name))
            {
                notes.Add(file, stanza.Head.Number, $"there is a profile '{profile.Name}' already; left out");
                continue;
            }

            ProfileFile.Create(profile);
            made++;
            output.WriteLine($"added '{profile.Name}' ({profile.Host}); knock with: postern knock {profile.Name}");
        }

        notes.Tell(error);
        if (made == 0)
            throw new CommandFailure(ExitCode.NotDone, $"{file}: nothing could be carried over", "the lines above say why");
    }
}
