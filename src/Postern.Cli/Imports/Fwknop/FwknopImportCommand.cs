using System.CommandLine;
using Postern.Cli.CommandLine;

namespace Postern.Cli.Imports.Fwknop;

/// <summary><c>postern import fwknop DIR|access.conf</c></summary>
internal static class FwknopImportCommand
{
    private const string UsualFolder = "/etc/fwknop";

    public static Command Create()
    {
        var path = new Argument<string>("PATH") { Description = "fwknopd's folder, or its access.conf (/etc/fwknop)", DefaultValueFactory = _ => UsualFolder, Arity = ArgumentArity.ZeroOrOne };
        var output = new Option<string?>("--output", "-o") { HelpName = "FILE", Description = "Where to write it, and the files of keys (by default it is printed, and they are named)" };
        var folder = new Option<string>("--keys-folder") { HelpName = "DIR", Description = "Where the files of keys go (/etc/postern/fwknop)", DefaultValueFactory = _ => "/etc/postern/fwknop" };
        var command = new DocumentedCommand(
            "fwknop",
            "Carry over fwknopd.conf and access.conf",
            "postern import fwknop /etc/fwknop",
            "postern import fwknop --output /etc/postern/postern.d/fwknop.yaml") { path, output, folder };
        command.SetAction(int (_) => throw new CommandFailure(ExitCode.Unsupported, "this import is not written yet", "write the knocks by hand"));
        return command;
    }
}
