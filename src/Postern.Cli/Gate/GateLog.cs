using Microsoft.Extensions.Logging;

namespace Postern.Cli.Gate;

/// <summary>Every line that the gate may write, with its number.</summary>
internal static partial class GateLog
{
    [LoggerMessage(100, LogLevel.Information, "{Line}")]
    public static partial void Audit(ILogger log, string line);

    [LoggerMessage(102, LogLevel.Warning, "{Line}")]
    public static partial void AuditWarning(ILogger log, string line);

    [LoggerMessage(101, LogLevel.Warning, "held back {Lines} audit lines: knocks came faster than they are worth writing down")]
    public static partial void HeldBack(ILogger log, long lines);

    [LoggerMessage(103, LogLevel.Warning, "{Lines} lines of this log were dropped: whoever reads it is too slow")]
    public static partial void LinesDropped(ILogger log, long lines);

    [LoggerMessage(110, LogLevel.Information, "watching {Interfaces} for {Knocks}; protecting {Services} ({Files})")]
    public static partial void Ready(ILogger log, string interfaces, string knocks, string services, string files);

    [LoggerMessage(111, LogLevel.Information, "stopping; protected services stay closed and grants end on time, because the rules stay in the kernel ('postern teardown' removes them)")]
    public static partial void Stopping(ILogger log);

    [LoggerMessage(112, LogLevel.Information, "reloaded: {Knocks}, {Services}, {Grants} kept")]
    public static partial void Reloaded(ILogger log, string knocks, string services, string grants);

    [LoggerMessage(113, LogLevel.Error, "reload refused, going on with the configuration before: {Faults}, the first: {First}")]
    public static partial void ReloadRefused(ILogger log, string faults, string first);

    [LoggerMessage(114, LogLevel.Warning, "{Warning}")]
    public static partial void ConfigurationWarning(ILogger log, string warning);

    [LoggerMessage(115, LogLevel.Warning, "interface {Name} is not there yet; watching for it")]
    public static partial void InterfaceMissing(ILogger log, string name);

    [LoggerMessage(116, LogLevel.Warning, "interface {Name} is a port of a bridge or bond: the firewall knows its packets by the name of that, so name that in gate.interfaces as well, or nothing is protected there")]
    public static partial void InterfaceEnslaved(ILogger log, string name);

    [LoggerMessage(117, LogLevel.Error, "{Fault} (what is faulty lets nobody in; other lines count)")]
    public static partial void KeyFault(ILogger log, string fault);

    [LoggerMessage(118, LogLevel.Information, "the file of keys was read anew: {Keys}, {Faults}")]
    public static partial void KeysRenewed(ILogger log, string keys, string faults);

    [LoggerMessage(120, LogLevel.Warning, "someone removed our rules from the kernel; they are back, and {Grants} grants with them")]
    public static partial void RulesRestored(ILogger log, int grants);

    [LoggerMessage(121, LogLevel.Critical, "someone removed our rules from the kernel and they cannot be put back: {Reason}. Protected services may be open to everyone")]
    public static partial void RulesLost(ILogger log, string reason);

    [LoggerMessage(122, LogLevel.Warning, "{Dropped} reports were dropped: the warden was busy")]
    public static partial void ReportsDropped(ILogger log, long dropped);

    [LoggerMessage(125, LogLevel.Warning, "someone deleted {Folder}; it is made anew, and another warden takes the place of the one that had lost it")]
    public static partial void FolderRestored(ILogger log, string folder);

    [LoggerMessage(130, LogLevel.Warning, "the sentry ended ({How}); another takes its place")]
    public static partial void SentryEnded(ILogger log, string how);

    [LoggerMessage(131, LogLevel.Error, "the sentry was ended for {Why}: another takes its place. If this comes again, something sends packets that it cannot bear, or has taken it over; please report it")]
    public static partial void SentryMisbehaved(ILogger log, string why);

    [LoggerMessage(132, LogLevel.Error, "no sentry can be started: {Reason}. Nobody's knock is heard; trying again")]
    public static partial void SentryNotStarted(ILogger log, string reason);

    [LoggerMessage(133, LogLevel.Warning, "the warden ended ({How}); another takes its place. Grants in force end on time all the same")]
    public static partial void WardenEnded(ILogger log, string how);

    [LoggerMessage(134, LogLevel.Error, "the warden did no work for {Seconds} s and was ended")]
    public static partial void WardenHung(ILogger log, double seconds);

    [LoggerMessage(135, LogLevel.Warning, "the sentry runs as the gate's own user, {User}: give the gate CAP_SETUID, CAP_SETGID and CAP_KILL")]
    public static partial void SentryAsOurselves(ILogger log, uint user);

    [LoggerMessage(136, LogLevel.Warning, "this kernel has no Landlock: the warden sees all files, and the sentry is kept from them by its system call filter alone")]
    public static partial void NoFileView(ILogger log);

    [LoggerMessage(205, LogLevel.Warning, "what reads {Log} ended ({How}); it is started again")]
    public static partial void LogReaderEnded(ILogger logger, string log, string how);

    [LoggerMessage(206, LogLevel.Warning, "{File} is not there yet: no knock is seen until it is")]
    public static partial void LogMissing(ILogger log, string file);

    [LoggerMessage(140, LogLevel.Warning, "this configuration is on trial: in {Seconds} s the one before comes back, unless somebody says 'postern apply --confirm'")]
    public static partial void OnTrial(ILogger log, double seconds);

    [LoggerMessage(141, LogLevel.Information, "the configuration was confirmed")]
    public static partial void Confirmed(ILogger log);

    [LoggerMessage(142, LogLevel.Warning, "nobody confirmed the configuration: the one before is back in force")]
    public static partial void GoneBack(ILogger log);

    [LoggerMessage(143, LogLevel.Error, "cannot go back to the configuration before: {Reason}; trying again")]
    public static partial void NotGoneBack(ILogger log, string reason);

    [LoggerMessage(144, LogLevel.Warning, "cannot keep a copy of the configuration in force: {Reason}")]
    public static partial void NotKept(ILogger log, string reason);

    [LoggerMessage(145, LogLevel.Error, "going on by the configuration that was in force before, and not by the one on the disk: {Reason}")]
    public static partial void GoingOnByKept(ILogger log, string reason);

    [LoggerMessage(146, LogLevel.Warning, "the control socket {Path} was gone; it is back")]
    public static partial void ControlRestored(ILogger log, string path);

    [LoggerMessage(147, LogLevel.Error, "nobody can reach the control socket {Path}: {Reason}. The gate guards on; 'kill -HUP' reloads it")]
    public static partial void ControlLost(ILogger log, string path, string reason);

    [LoggerMessage(148, LogLevel.Warning, "the folder {Folder} keeps the readers of gate.control_readers from the control socket: chmod o+x it, or move gate.control_socket")]
    public static partial void ControlFolderClosed(ILogger log, string folder);

    [LoggerMessage(149, LogLevel.Warning, "{Count} connections of users who may not speak to the gate were closed; the last was process {Pid} of user {User}")]
    public static partial void ControlStrangers(ILogger log, long count, int pid, uint user);

    [LoggerMessage(150, LogLevel.Information, "{Line}")]
    public static partial void Errand(ILogger log, string line);

    [LoggerMessage(151, LogLevel.Warning, "{Line}")]
    public static partial void ErrandWarning(ILogger log, string line);

    [LoggerMessage(170, LogLevel.Warning, "{Left} one-time sequences are left of the knock '{Knock}': write new ones into {File}, and 'postern reload'")]
    public static partial void FewSequencesLeft(ILogger log, int left, string knock, string file);

    [LoggerMessage(175, LogLevel.Warning, "forwards do not get through: {Obstacle}")]
    public static partial void ForwardsBlocked(ILogger log, string obstacle);

    [LoggerMessage(137, LogLevel.Error, "no warden can be started: {Reason}; trying again. Services stay closed, and grants in force end on time")]
    public static partial void WardenNotStarted(ILogger log, string reason);
}
