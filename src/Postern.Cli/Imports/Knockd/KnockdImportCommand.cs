using System.Collections.Immutable;
using System.CommandLine;
using System.Globalization;
using Postern.Cli.CommandLine;

namespace Postern.Cli.Imports.Knockd;

/// <summary><c>postern import knockd [FILE]</c></summary>
internal static class KnockdImportCommand
{
    private const string UsualFile = "/etc/knockd.conf";

    public static Command Create()
    {
        var file = new Argument<string>("FILE") { Description = $"knockd's configuration ({UsualFile})", DefaultValueFactory = _ => UsualFile, Arity = ArgumentArity.ZeroOrOne };
        var output = new Option<string?>("--output", "-o") { HelpName = "FILE", Description = "Where to write it (by default it is printed)" };
        var strict = new Option<bool>("--strict") { Description = "Void attempts as knockd does: by duplicates, and by ports of other doors" };
        var device = new Option<string?>("--interface", "-i") { HelpName = "NAME", Description = "As knockd's -i" };
        var v4 = new Option<bool>("--ipv4", "-4") { Description = "As knockd's -4: knocks over IPv4 only" };
        var command = new DocumentedCommand(
            "knockd",
            "Carry over knockd.conf",
            "postern import knockd /etc/knockd.conf",
            "postern import knockd --output /etc/postern/postern.d/knockd.yaml") { file, output, strict, device, v4 };
        command.SetAction(result =>
        {
            var path = result.GetValue(file)!;
            var options = new KnockdImportOptions(path)
            {
                Strict = result.GetValue(strict),
                Interface = result.GetValue(device),
                OnlyV4 = result.GetValue(v4),
                ReadOneTime = ReadOneTime,
            };
            var (printed, error) = (result.InvocationConfiguration.Output, result.InvocationConfiguration.Error);
            if (KnockdImport.Read(ImportFile.Read(path), options, out var faults) is not { } import)
                throw Refuse(path, faults, error);
            ImportFile.Write(result.GetValue(output), KnockdYaml.Write(import, path), printed);
            import.Notes.Tell(error);
            return ExitCode.Done;
        });
        return command;
    }

    /// <summary>knockd opens it from its folder at the start, which its unit leaves at "/".</summary>
    private static string? ReadOneTime(string path)
    {
        try
        {
            return path.Length == 0 ? null : ImportFile.Read(Path.GetFullPath(path, "/"));
        }
        catch (CommandFailure)
        {
            return null;
        }
    }

    private static CommandFailure Refuse(string path, ImmutableArray<KnockdText> faults, TextWriter error)
    {
        foreach (var fault in faults)
            error.WriteLine(Terminal.OneLine(fault.Line == 0 ? $"{path}: {fault.Text}" : string.Create(CultureInfo.InvariantCulture, $"{path}:{fault.Line}: {fault.Text}")));
        return CommandFailure.Usage(
            string.Create(CultureInfo.InvariantCulture, $"knockd would not start with {path}: {Configuration.PortText.Count(faults.Length, "fault")}; nothing was written"),
            "each line above says where; mend it and import again");
    }
}
