using System.CommandLine;
using Postern.Cli.CommandLine;
using Postern.Cli.Gate;
using Postern.Firewall;

namespace Postern.Cli.Commands;

/// <summary><c>postern teardown</c>: for the operator who wants Postern gone, or himself let in. It needs no running gate.</summary>
internal static class TeardownCommand
{
    public static Command Create()
    {
        var command = new DocumentedCommand(
            "teardown",
            "Remove our rules: services are as open as without us",
            "postern teardown");
        command.SetAction(result =>
        {
            using var alone = OnlyGate.TryClaim()
                ?? throw new CommandFailure(ExitCode.NotDone, "a gate is running, and would put its rules back at once", "stop it first: systemctl stop postern && postern teardown");
            try
            {
                using var firewall = new NftablesFirewall();
                firewall.TearDown();
            }
            catch (FirewallException e)
            {
                throw new CommandFailure(e.MissingPrivilege ? ExitCode.MissingPrivilege : ExitCode.Unsupported, e.Message, e.Hint, e);
            }

            result.InvocationConfiguration.Output.WriteLine("removed the table 'inet postern'; nothing is protected by Postern now");
            return ExitCode.Done;
        });
        return command;
    }
}
