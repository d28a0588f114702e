using System.CommandLine;
using Postern.Cli.CommandLine;

namespace Postern.Cli.Imports.Fwknop;

/// <summary><c>postern import fwknoprc [FILE]</c></summary>
internal static class FwknoprcImportCommand
{
    public static Command Create()
    {
        var path = new Argument<string?>("FILE") { Description = "The client's file (~/.fwknoprc)", Arity = ArgumentArity.ZeroOrOne };
        var command = new DocumentedCommand("fwknoprc", "Make a profile of each stanza of fwknop's client", "postern import fwknoprc") { path };
        command.SetAction(int (_) => throw new CommandFailure(ExitCode.Unsupported, "this import is not written yet", "write the profiles by hand"));
        return command;
    }
}
