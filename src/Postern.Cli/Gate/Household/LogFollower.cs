using System.Collections.Immutable;
using System.Diagnostics;
using Microsoft.Extensions.Logging;
using Postern.Cli.Configuration;
using Postern.Confinement;
using Postern.Keys;
using Postern.Packets;
using Postern.Steward;

namespace Postern.Cli.Gate.Household;

/// <summary>
/// Has the log read by tail(1) or journalctl(1) into a pipe, from now on, over rotation and truncation, and starts another when one ends. The sentry may open no file and
/// the steward shall see no packet; and a runtime of our own for what these programs have always done would cost thirty times their memory. The program
/// has no capability, is the owner of the file and sees its folder alone. The writing end stays here, so that a change of the program is no end to who reads.
/// </summary>
internal sealed class LogFollower : IDisposable
{
    private static readonly ImmutableArray<string> Folders = ["/usr/bin", "/bin"];
    private static readonly ImmutableArray<string> JournalFolders = ["/var/log/journal", "/run/log/journal", "/run/systemd/journal", "/etc/machine-id", "/var/lib/dbus/machine-id", "/proc"];
    private static readonly ImmutableArray<string> System = ["/usr", "/lib", "/lib32", "/lib64", "/dev/null", "/etc/ld.so.cache", "/etc/ld.so.preload", "/etc/localtime"];
    private static readonly ImmutableArray<string> Surroundings = ["PATH=/usr/bin:/bin", "LANG=C.UTF-8", "SYSTEMD_PAGER=", "SYSTEMD_COLORS=0"];

    /// <summary>Where the whole gate ends, nobody reads the pipe any more a moment before we hear of it.</summary>
    private static readonly TimeSpan Grace = TimeSpan.FromMilliseconds(300);

    private readonly CaptureSetting _capture;
    private readonly string _program;
    private readonly Descriptor _to;
    private readonly ILogger _log;
    private readonly Pace _pace = new(TimeSpan.FromMilliseconds(100), longest: TimeSpan.FromSeconds(2), longLife: TimeSpan.FromSeconds(10));
    private readonly ManualResetEventSlim _over = new();
    private readonly Lock _lock = new();
    private readonly Thread _thread;
    private Child? _child;

    private LogFollower(CaptureSetting capture, string program, Descriptor to, ILogger log)
    {
        (_capture, _program, _to, _log) = (capture, program, to, log);
        _thread = new(Follow) { Name = "log", IsBackground = true };
        _thread.Start();
    }

    /// <returns>With it the reading end, which is the caller's to dispose of.</returns>
    /// <exception cref="CaptureException">There is no program that reads it.</exception>
    public static (LogFollower Follower, Descriptor Lines) Start(CaptureSetting capture, ILogger log)
    {
        if (!capture.IsLog)
            throw new CaptureException("the configuration names no log", "this is not for people to ask", missingPrivilege: false); // a warden that asks all the same is none of ours
        var name = capture.Way == CaptureWay.Log ? "tail" : "journalctl";
        var program = Folders.Select(folder => Path.Combine(folder, name)).FirstOrDefault(File.Exists)
            ?? throw new CaptureException($"'capture: {capture}' needs the program {name}, which is not there", capture.Way == CaptureWay.Log ? "install coreutils" : "install systemd, or write capture: log:FILE", missingPrivilege: false);
        var (lines, to) = Pipe.Make();
        return (new(capture, program, to, log), lines);
    }

    public void Dispose()
    {
        _over.Set();
        lock (_lock)
            _child?.Kill();
        _thread.Join();
        _to.Dispose();
        _over.Dispose();
    }

    private void Follow()
    {
        var isFirst = true;
        do
        {
            var began = Stopwatch.GetTimestamp();
            var how = FollowOnce(isFirst);
            if (_over.Wait(Grace))
                return;
            isFirst = false;
            GateLog.LogReaderEnded(_log, _capture.ToString(), how);
            _over.Wait(_pace.After(Stopwatch.GetElapsedTime(began)));
        }
        while (!_over.IsSet);
    }

    private string FollowOnce(bool isFirst)
    {
        try
        {
            var whole = AwaitFile(isFirst);
            if (_over.IsSet)
                return "";
            using var child = Child.Start(Program(whole), Rights());
            lock (_lock)
                _child = child;
            if (_over.IsSet)
                child.Kill();
            var how = child.Wait(null)!.Value.ToString();
            lock (_lock)
                _child = null;
            return how;
        }
        catch (Exception e) when (e is ConfinementException or IOException)
        {
            return e.Message;
        }
    }

    /// <summary>A log that is not there yet is read from its beginning once it is: who it belongs to can only be told then.</summary>
    private bool AwaitFile(bool isFirst)
    {
        if (_capture.Way != CaptureWay.Log || File.Exists(_capture.File))
            return false;
        if (isFirst)
            GateLog.LogMissing(_log, _capture.File);
        while (!File.Exists(_capture.File) && !_over.Wait(TimeSpan.FromSeconds(1)))
        {
        }

        return true;
    }

    private ChildProgram Program(bool whole)
    {
        string[] arguments = _capture.Way == CaptureWay.Log
            ? ["tail", "-n", whole ? "+1" : "0", "-F", "--", _capture.File]
            : ["journalctl", "--dmesg", "--follow", "--lines=0", "--output=short-iso", "--quiet", "--no-pager"];
        return new(_program, [.. arguments], Surroundings) { Descriptors = [null, _to, null] };
    }

    private Confines Rights() => new()
    {
        As = Reader(),
        Keep = Capabilities.None,
        Files = new()
        {
            Read = [.. System, .. _capture.Way == CaptureWay.Log ? FoldersOf(_capture.File) : JournalFolders],
            Execute = [_program, "/lib64", "/lib", "/usr/lib", "/usr/lib64"],
            Alone = true,
        },
    };

    /// <summary>The log's owner, in the log's group: whoever else may read it, he may. Without the right to be another, as we are.</summary>
    private Account? Reader()
    {
        const Capabilities needed = Capabilities.SetUid | Capabilities.SetGid;
        if (Standing.Of(Environment.ProcessId) is not { } ours || (ours.Capabilities & needed) != needed)
            return null;
        if (_capture.Way != CaptureWay.Log || FileFacts.Of(_capture.File) is not { } facts)
            return new("root", 0, 0, [0], "/");
        return new("the log's owner", facts.Owner, facts.Group, [facts.Group], "/");
    }

    /// <summary>Of the log, and of what it leads to if it is a link.</summary>
    private static ImmutableArray<string> FoldersOf(string file) =>
        [.. new[] { file, File.ResolveLinkTarget(file, returnFinalTarget: true)?.FullName }.OfType<string>().Select(f => Path.GetDirectoryName(f)!).Distinct(StringComparer.Ordinal)];
}
