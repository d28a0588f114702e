using System.Collections.Immutable;
using System.CommandLine;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Postern.Cli.CommandLine;
using Postern.Cli.Configuration;
using Postern.Keys;
using Postern.Cli.Gate;

namespace Postern.Cli.Commands;

/// <summary><c>postern check</c>: reads all that the gate would read, and says everything that is wrong with it.</summary>
internal static class CheckCommand
{
    public static Command Create()
    {
        var config = GateCommand.ConfigOption();
        var print = new Option<bool>("--print") { Description = "Print what was understood, every default written out" };
        var json = new Option<bool>("--json") { Description = "Print faults and warnings as JSON" };
        var command = new DocumentedCommand("check", "Read the configuration and report all its faults", "postern check --config ./postern.yaml") { config, print, json };
        command.Validators.Add(result =>
        {
            if (result.GetValue(print) && result.GetValue(json))
                result.AddFault("--print and --json cannot be used together", "choose one");
        });
        command.SetAction(result =>
        {
            var (output, error) = (result.InvocationConfiguration.Output, result.InvocationConfiguration.Error);
            var file = result.GetValue(config)!;
            var read = WithGateKey(ConfigurationReader.Read(file));
            if (read.Configuration is { } understood)
                read = read with { Warnings = [.. read.Warnings, .. ForwardText.Warnings(understood, file)] };
            if (result.GetValue(json))
                output.WriteLine(CheckReport.Of(read));
            else
                Tell(read, file, result.GetValue(print), output, error);
            return read.Faults switch
            {
                [] => read.KeyFaults.IsEmpty ? ExitCode.Done : ExitCode.NotDone,
                var faults when faults.Any(f => f.IsUnreadable) => ExitCode.Usage,
                _ => ExitCode.NotDone,
            };
        });
        return command;
    }

    /// <summary>A gate does not start without it. The ledger is not looked at: a running gate has it open, and one that is not there is made.</summary>
    private static ConfigurationResult WithGateKey(ConfigurationResult read)
    {
        if (read.Configuration?.Spa is not { } spa)
            return read;
        try
        {
            GateKeyFile.Read(spa.KeyFile).Dispose();
            return read;
        }
        catch (GateKeyException e)
        {
            var faults = new FaultList();
            faults.AddUnreadable(spa.KeyFile, e.Message.Replace(spa.KeyFile, "the gate's key", StringComparison.Ordinal), e.Hint);
            return read with { Configuration = null, Faults = [.. faults.Faults] };
        }
        catch (MissingSodiumException e)
        {
            throw new CommandFailure(ExitCode.Unsupported, e.Message, e.Hint, e);
        }
    }

    private static void Tell(ConfigurationResult read, string file, bool print, TextWriter output, TextWriter error)
    {
        foreach (var warning in read.Warnings)
            error.WriteLine($"{new Place(warning.File, warning.Line, warning.Column)}: warning: {warning.Message}");
        foreach (var fault in read.Faults.Concat(read.KeyFaults))
            error.WriteLine(fault.ToString());

        if (!read.KeyFaults.IsEmpty)
        {
            Terminal.WriteError(
                error,
                $"{PortText.Count(read.KeyFaults.Length, "fault")} in the files of keys and one-time sequences",
                "the gate starts all the same: these lines let nobody in, the others count",
                colour: false);
        }
        else if (read.Configuration is not { } configuration)
        {
            Terminal.WriteError(
                error,
                $"{PortText.Count(read.Faults.Length, "fault")} in the configuration",
                "each line above says where, and what to write instead; 'man 5 postern.yaml' describes every key",
                colour: false);
        }
        else if (print)
        {
            output.Write(ConfigurationWriter.Write(configuration));
        }
        else
        {
            output.WriteLine($"{file}: fine: {PortText.Count(configuration.Warden.Services.Length, "service")}, {PortText.Count(configuration.KnockCount, "knock")}{(configuration.Spa is { } spa ? $", {PortText.Count(spa.Identities.Length, "key")}" : "")}");
        }
    }
}

/// <summary>The answer for machines: <c>{"faults":[{"file":…,"line":…,"column":…,"message":…}],"warnings":[…]}</c>; line 0 speaks of the whole file.</summary>
internal sealed record CheckReport(ImmutableArray<CheckReport.Line> Faults, ImmutableArray<CheckReport.Line> Warnings)
{
    // Quotes and umlauts stay readable: the text goes to a program or a terminal, not into a web page.
    private static readonly CheckJson Json = new(new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, PropertyNamingPolicy = JsonNamingPolicy.CamelCase });

    public static string Of(ConfigurationResult read) =>
        JsonSerializer.Serialize(new([.. read.Faults.Concat(read.KeyFaults).Select(Line.Of)], [.. read.Warnings.Select(Line.Of)]), Json.CheckReport);

    internal readonly record struct Line(string File, [property: JsonPropertyName("line")] int Number, int Column, string Message)
    {
        public static Line Of(Fault fault) => new(fault.File, fault.Line, fault.Column, fault.Message);
    }
}

[JsonSerializable(typeof(CheckReport))]
internal sealed partial class CheckJson : JsonSerializerContext;
