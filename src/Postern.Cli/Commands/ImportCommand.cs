using System.CommandLine;
using Postern.Cli.CommandLine;
using Postern.Cli.Imports.Fwknop;
using Postern.Cli.Imports.Knockd;

namespace Postern.Cli.Commands;

/// <summary><c>postern import knockd | fwknop | fwknoprc</c>: what others' configuration means in ours.</summary>
internal static class ImportCommand
{
    public static Command Create() =>
        new DocumentedCommand("import", "Carry over the configuration of knockd or fwknop", "postern import fwknop /etc/fwknop --output /etc/postern/postern.d/fwknop.yaml")
        {
            KnockdImportCommand.Create(),
            FwknopImportCommand.Create(),
            FwknoprcImportCommand.Create(),
        };
}
