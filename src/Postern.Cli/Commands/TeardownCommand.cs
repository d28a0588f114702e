using System.CommandLine;
using System.Runtime.Versioning;
using Postern.Cli.CommandLine;
using Postern.Cli.Gate;
using Postern.Firewall;

namespace Postern.Cli.Commands;

/// <summary><c>postern teardown</c>: for the operator who wants Postern gone, or himself let in. It needs no gate, and one that runs would undo it.</summary>
internal static class TeardownCommand
{
    public static Command Create()
    {
        var command = new DocumentedCommand(
            "teardown",
            "Remove our rules: services are as open as without us",
            "postern teardown");
        command.SetAction(result => OperatingSystem.IsLinux()
            ? TearDown(result.InvocationConfiguration.Output)
            : throw new CommandFailure(ExitCode.Unsupported, "there are no rules of ours here", "they are in the nftables of a Linux host"));
        return command;
    }

    [SupportedOSPlatform("linux")]
    private static int TearDown(TextWriter output)
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

        output.WriteLine("removed the table 'inet postern'; nothing is protected by Postern now");
        return ExitCode.Done;
    }
}
