using System.Runtime.Versioning;
using Microsoft.Extensions.Logging;
using Postern.Cli.CommandLine;
using Postern.Cli.Configuration;
using Postern.Steward.Errands;

namespace Postern.Cli.Gate.Household;

/// <summary>The desk where the warden's orders for actions come in, within the steward: where its journal is, what it may run, and whom it tells.</summary>
[SupportedOSPlatform("linux")]
internal sealed class Errands : IDisposable
{
    private readonly ErrandDesk _desk;
    private int _told;

    private Errands(ErrandDesk desk) => _desk = desk;

    public TimeSpan? Due => _desk.NextDue;

    /// <summary>Whether an earlier gate of this configuration has left a journal: there may be something in it to undo.</summary>
    public static bool AreLeft(string path) => File.Exists(JournalOf(path));

    /// <param name="path">Of the configuration. Only what is in that is ever run, and never what the warden keeps of it.</param>
    /// <param name="inbox">Of the steward.</param>
    /// <param name="tell">Takes a note to the warden.</param>
    /// <param name="log">Where it is told to people.</param>
    /// <exception cref="CommandFailure">The journal cannot be used.</exception>
    public static Errands Open(string path, StewardInbox inbox, Action<ReadOnlyMemory<byte>> tell, ILogger log)
    {
        try
        {
            return new(new(new(
                JournalOf(path),
                () => ConfigurationReader.ReadForGate(path).Configuration?.Actions,
                tell,
                GateClock.Now,
                work => inbox.Add(new(StewardEventKind.Work, Work: work)),
                line => GateLog.Errand(log, line),
                line => GateLog.ErrandWarning(log, line))));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw CommandFailure.Usage($"actions cannot be run here: {e.Message}", "the gate needs /proc/sys/kernel/random/boot_id, and a folder for its journal");
        }
        catch (ErrandJournalException e)
        {
            throw CommandFailure.Usage(e.Message, e.Hint);
        }
    }

    public void Take(ReadOnlySpan<byte> order) => _desk.Take(order);

    public void Tick() => _desk.Tick(GateClock.Now());

    /// <summary>A warden has taken a configuration. One that has just started is told what stands.</summary>
    public void ConfigurationRead(int life)
    {
        _desk.Reload();
        if (_told == life)
            return;
        _told = life;
        _desk.WardenStarted();
    }

    public void Dispose() => _desk.Dispose();

    /// <summary>One for each configuration, since a host may have several gates, each in a network namespace of its own.</summary>
    private static string JournalOf(string path)
    {
        path = Path.GetFullPath(path);
        return string.Equals(path, ConfigurationReader.DefaultPath, StringComparison.Ordinal)
            ? ErrandDesk.UsualJournal
            : $"{ErrandDesk.UsualJournal}-{FileNames.Of(path)}";
    }
}
