using System.Collections.Immutable;
using System.CommandLine;
using Postern.Cli.CommandLine;
using Postern.Cli.Configuration;
using Postern.Cli.Explaining;
using Postern.Cli.Gate;
using Postern.Reports;

namespace Postern.Cli.Commands;

/// <summary><c>postern explain</c>: says of a recording, packet by packet, why it did or did not open. It needs no gate and no network.</summary>
internal static class ExplainCommand
{
    public static Command Create()
    {
        var file = new Argument<string>("FILE") { Description = "A capture of tcpdump or Wireshark, or a firewall's log; '-' for standard input" };
        var config = GateCommand.ConfigOption();
        var client = ClientOption();
        var all = new Option<bool>("--all", "-a") { Description = "Tell of packets too that no knock names" };
        var json = new Option<bool>("--json") { Description = "Print one JSON object a line: each packet, then the summary" };
        var command = new DocumentedCommand("explain", "Say why the packets of a capture or log did or did not open", "tcpdump -i any -s 0 -U -w - | postern explain -", "postern explain knock.pcap")
        {
            file, config, client, all, json,
        };
        command.SetAction((result, cancellation) =>
        {
            var (output, error) = (result.InvocationConfiguration.Output, result.InvocationConfiguration.Error);
            return Task.FromResult(Run(
                new(result.GetValue(file)!, result.GetValue(config)!, result.GetValue(client), result.GetValue(all), result.GetValue(json)), output, error, TimeZoneInfo.Local, cancellation));
        });
        return command;
    }

    public static Option<Address?> ClientOption() => new("--client")
    {
        Description = "Only what comes from this address",
        HelpName = "ADDRESS",
        CustomParser = result =>
        {
            if (result.Tokens is [var one] && Address.TryParse(one.Value, out var address))
                return address;
            result.AddFault($"'{(result.Tokens is [var given, ..] ? given.Value : "")}' is not an address", "write one such as 192.0.2.7 or 2001:db8::7");
            return null;
        },
    };

    internal sealed record Wish(string File, string Config, Address? Client, bool All, bool Json);

    internal static int Run(Wish wish, TextWriter output, TextWriter error, TimeZoneInfo zone, CancellationToken cancellation)
    {
        var notes = ImmutableArray.CreateBuilder<string>();
        var (configuration, spa) = Read(wish.Config, error, notes);
        using var gate = new DryGate(configuration, spa, zone);
        using var recording = Recording.Open(wish.File, TimeZoneInfo.ConvertTime(DateTimeOffset.UtcNow, zone));
        var doors = new DoorNames(configuration);
        var explanation = new Explanation(configuration, doors, gate, judgesSingle: spa is not null, zone);
        IExplainOutput told = wish.Json ? new ExplainJson(output, doors, zone) : new ExplainText(output, doors, zone);
        while (!cancellation.IsCancellationRequested && recording.TryRead(out var packet))
        {
            if (wish.Client is { } only && !IsFrom(only, packet))
                continue;
            var story = explanation.Look(packet);
            if (story.IsTelling || wish.All)
                told.Write(story);
        }

        notes.AddRange(recording.Remarks(explanation.Packets));
        if (configuration.Traps == TrapSetting.Auto && !configuration.Sequences.IsEmpty)
            notes.Add("each gate has traps of its own that void what a scanner did; nobody knows them, so there are none here");
        if (configuration.NeedsLedger)
            notes.Add("what was used before this recording began is not known here: a gate may refuse as replayed what this lets in");
        told.End(explanation, notes.ToImmutable());
        return ExitCode.Done;
    }

    private static bool IsFrom(Address client, in Packets.CapturedPacket packet) =>
        Packets.PacketView.TryRead(packet.Bytes, packet.Link, out var view) == Packets.PacketFault.None && view.Source == client.Value;

    /// <summary>Without the gate's key, sequences can still be judged.</summary>
    private static (GateConfiguration Configuration, SpaKeeper? Spa) Read(string path, TextWriter error, ImmutableArray<string>.Builder notes)
    {
        var read = ConfigurationReader.Read(path);
        if (read.Configuration is not { } configuration)
        {
            foreach (var fault in read.Faults)
                error.WriteLine(fault.ToString());
            throw CommandFailure.Usage("no packet can be judged by a configuration with faults", "each line above says where and what; 'postern check' reads it again");
        }

        foreach (var fault in read.KeyFaults)
            notes.Add($"not counted: {Terminal.OneLine(fault.ToString())}");
        if (configuration.Spa is not { } settings)
            return (configuration, null);
        try
        {
            return (configuration, SpaKeeper.OpenToRead(settings));
        }
        catch (CommandFailure e)
        {
            notes.Add($"single packets are not judged: {Terminal.OneLine(e.Message)} (the gate's key is root's to read)");
            return (configuration, null);
        }
    }
}
