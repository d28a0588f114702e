using System.CommandLine;
using Postern.Cli.CommandLine;

namespace Postern.Cli.Imports.Fwknop;

/// <summary><c>postern import fwknop [DIR|access.conf]</c></summary>
internal static class FwknopImportCommand
{
    private const string UsualFolder = "/etc/fwknop";
    private const string UsualKeys = "/etc/postern/fwknop";

    public static Command Create()
    {
        var path = new Argument<string>("PATH") { Description = $"fwknopd's folder, or its access.conf ({UsualFolder})", DefaultValueFactory = _ => UsualFolder, Arity = ArgumentArity.ZeroOrOne };
        var output = new Option<string?>("--output", "-o") { HelpName = "FILE", Description = "Write it there, and the files of keys (otherwise it is printed, without them)" };
        var folder = new Option<string>("--keys-folder") { HelpName = "DIR", Description = $"Where the files of keys go ({UsualKeys})", DefaultValueFactory = _ => UsualKeys };
        var command = new DocumentedCommand(
            "fwknop",
            "Carry over fwknopd.conf and access.conf",
            "postern import fwknop /etc/fwknop",
            "postern import fwknop --output /etc/postern/postern.d/fwknop.yaml") { path, output, folder };
        command.SetAction(parsed =>
        {
            var streams = parsed.InvocationConfiguration;
            var notes = new ImportNotes();
            var gate = FwknopImport.Read(parsed.GetRequiredValue(path), notes);
            notes.Tell(streams.Error);
            if (gate.Knocks.Count == 0)
                throw new CommandFailure(ExitCode.NotDone, $"nothing of {parsed.GetRequiredValue(path)} could be carried over", "the lines above say why");
            var keys = Path.GetFullPath(parsed.GetRequiredValue(folder));
            var text = GateYaml.Write(gate, parsed.GetRequiredValue(path), keys, notes);
            if (parsed.GetValue(output) is { } file)
                WriteAll(gate, text, file, keys, streams.Output);
            else
                Print(gate, text, keys, streams);
            return ExitCode.Done;
        });
        return command;
    }

    private static void WriteAll(FwknopGate gate, string text, string file, string keys, TextWriter output)
    {
        foreach (var taken in gate.Knocks.Select(k => GateYaml.KeysPath(k, keys)).Append(file).Where(File.Exists))
            throw CommandFailure.Usage($"{taken} is there already", "nothing was written: name other places (--output, --keys-folder), or move that one away");
        MakeFolder(keys);
        foreach (var knock in gate.Knocks)
        {
            ImportFile.Write(GateYaml.KeysPath(knock, keys), GateYaml.Keys(knock), output);
            output.WriteLine($"wrote {GateYaml.KeysPath(knock, keys)}");
        }

        ImportFile.Write(file, text, output);
        output.WriteLine($"wrote {file}");
        output.WriteLine("next: postern check, then postern apply --rollback 60s");
    }

    private static void Print(FwknopGate gate, string text, string keys, InvocationConfiguration streams)
    {
        streams.Output.Write(text);
        foreach (var knock in gate.Knocks)
            streams.Error.WriteLine($"postern: note: the keys of '{knock.Name}' belong into {GateYaml.KeysPath(knock, keys)}, which --output writes too (mode 0600)");
    }

    private static void MakeFolder(string folder)
    {
        try
        {
            if (OperatingSystem.IsWindows())
                Directory.CreateDirectory(folder);
            else
                Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
        catch (UnauthorizedAccessException e)
        {
            throw new CommandFailure(ExitCode.MissingPrivilege, $"{folder} cannot be made: {e.Message.TrimEnd('.')}", "run it as root, or name another with --keys-folder", e);
        }
        catch (IOException e)
        {
            throw new CommandFailure(ExitCode.Usage, $"{folder} cannot be made: {e.Message.TrimEnd('.')}", "name another with --keys-folder", e);
        }
    }
}
