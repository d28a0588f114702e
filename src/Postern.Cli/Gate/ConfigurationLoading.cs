using System.Runtime.Versioning;
using Microsoft.Extensions.Logging;
using Postern.Cli.CommandLine;
using Postern.Cli.Configuration;

namespace Postern.Cli.Gate;

/// <summary>How the gate's processes read the configuration when they start.</summary>
[SupportedOSPlatform("linux")]
internal static class ConfigurationLoading
{
    /// <exception cref="CommandFailure">It has faults; they are on standard error, a line each.</exception>
    public static GateConfiguration ReadOrFail(string path)
    {
        var read = ConfigurationReader.ReadForGate(path);
        if (read.Configuration is { } configuration)
            return configuration;
        foreach (var fault in read.Faults)
            Console.Error.WriteLine(fault.ToString());
        throw CommandFailure.Usage(
            $"the configuration has {read.Faults.Length} fault{(read.Faults.Length == 1 ? "" : "s")}; nothing was changed",
            "each line above says where, and what to write instead");
    }

    /// <summary>
    /// What is on the disk, unless it was on trial when the gate ended and nobody confirmed it; or, where the gate starts again by itself, unless it has faults, or asks for what only a restart of
    /// all of the gate can give: then what was in force before.
    /// With it why that is so, where it is.
    /// </summary>
    /// <param name="path">Of the configuration.</param>
    /// <param name="again">Nobody started the gate: another warden of it has died.</param>
    /// <param name="log">Where it is told.</param>
    /// <exception cref="CommandFailure">It has faults, and there is nothing to go by in its stead.</exception>
    public static (GateConfiguration Configuration, string? Fault) ReadOrKept(string path, bool again, ILogger log)
    {
        var read = ConfigurationReader.ReadForGate(path);
        var kept = new KeptConfiguration(path);
        var before = kept.IsOnTrial || again ? kept.Read() : null;
        if (before is not null && Obstacle(before with { Files = [path] }, read, kept.IsOnTrial, again) is { } fault)
        {
            GateLog.GoingOnByKept(log, fault);
            return (before, fault);
        }

        foreach (var warning in read.Warnings)
            GateLog.ConfigurationWarning(log, warning.ToString());
        foreach (var line in read.KeyFaults)
            GateLog.KeyFault(log, line.ToString());
        return (read.Configuration ?? ReadOrFail(path), null);
    }

    /// <summary>
    /// Why it is not the one on the disk; null: it is. Our rights follow from the configuration that the steward started with: the one before, where another warden was there before us, and
    /// else the one on the disk.
    /// </summary>
    private static string? Obstacle(GateConfiguration before, ConfigurationResult read, bool isOnTrial, bool again)
    {
        var needsRestart = read.Configuration is { } next ? FixedSettings.ChangedIn(before, next) : null;
        if (isOnTrial && (again || needsRestart is null))
            return KeptConfiguration.Unconfirmed;
        if (!again)
            return null;
        return read.Configuration is null ? read.Faults[0].ToString() : needsRestart is { } what ? $"{what}: restart it" : null;
    }
}
