using Postern.Cli.CommandLine;
using Postern.Cli.Configuration;

namespace Postern.Cli.Gate;

/// <summary>How the gate's processes read the configuration when they start.</summary>
internal static class ConfigurationLoading
{
    /// <param name="path">The main file.</param>
    /// <param name="warn">Called with what was read, for its warnings; null: somebody else tells them.</param>
    /// <exception cref="CommandFailure">It has faults; they are on standard error, a line each.</exception>
    public static GateConfiguration ReadOrFail(string path, Action<ConfigurationResult>? warn)
    {
        var read = ConfigurationReader.Read(path);
        warn?.Invoke(read);
        if (read.Configuration is { } configuration)
            return configuration;
        foreach (var fault in read.Faults)
            Console.Error.WriteLine(fault.ToString());
        throw CommandFailure.Usage(
            $"the configuration has {read.Faults.Length} fault{(read.Faults.Length == 1 ? "" : "s")}; nothing was changed",
            "each line above says where, and what to write instead");
    }
}
