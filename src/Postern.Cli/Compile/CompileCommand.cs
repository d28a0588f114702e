using System.CommandLine;
using System.Globalization;
using Postern.Cli.CommandLine;
using Postern.Cli.Commands;
using Postern.Cli.Configuration;
using Postern.Cli.Imports;

namespace Postern.Cli.Compile;

/// <summary><c>postern compile --to nftables | iptables | ip6tables</c>: the sequences as a rule set, for a host that wants no daemon.</summary>
internal static class CompileCommand
{
    public static Command Create()
    {
        var config = GateCommand.ConfigOption();
        var to = new Option<string>("--to") { HelpName = "WHAT", Required = true, Description = "nftables, iptables (IPv4) or ip6tables (IPv6)" };
        to.AcceptOnlyFromAmong("nftables", "iptables", "ip6tables");
        var command = new DocumentedCommand("compile", "Print the sequences as rules for a host without a gate", "postern compile --to nftables > /etc/nftables.d/knocks.nft") { to, config };
        command.SetAction(result =>
        {
            var file = result.GetValue(config)!;
            var (output, error) = (result.InvocationConfiguration.Output, result.InvocationConfiguration.Error);
            var notes = new ImportNotes();
            var gate = Read(file, notes, error);
            var target = result.GetValue(to)!;
            var text = target is "nftables" ? NftRules.Write(gate) : new IptablesRules(gate, isV4: target is "iptables", notes).Write();
            output.Write($"{CompiledHeader.Of(target)}{string.Concat(notes.Comments().Select(line => line + "\n"))}{text}");
            notes.Tell(error);
            return ExitCode.Done;
        });
        return command;
    }

    private static CompiledGate Read(string file, ImportNotes notes, TextWriter error)
    {
        var read = ConfigurationReader.Read(file);
        if (read.Configuration is not { } configuration)
        {
            foreach (var fault in read.Faults)
                error.WriteLine(fault.ToString());
            throw new CommandFailure(ExitCode.NotDone, string.Create(CultureInfo.InvariantCulture, $"{PortText.Count(read.Faults.Length, "fault")} in the configuration; nothing was printed"), "each line above says where, and what to write instead");
        }

        foreach (var fault in read.KeyFaults)
            notes.Add(fault.File, fault.Line, fault.Message);
        var gate = CompiledGate.Of(configuration, file, notes);
        if (!gate.Knocks.IsEmpty)
            return gate;
        notes.Tell(error);
        throw new CommandFailure(ExitCode.NotDone, "nothing in the configuration can be a rule set", "a rule set can hold knocks of method sequence and one-time; all else needs a gate");
    }
}
