using System.Collections.Immutable;
using System.Runtime.Versioning;
using Postern.Cli.CommandLine;
using Postern.Cli.Configuration;
using Postern.Confinement;

namespace Postern.Cli.Gate.Household;

/// <summary>What the warden and the sentry are left with.</summary>
[SupportedOSPlatform("linux")]
internal static class Rights
{
    /// <summary>The user that the package makes for the sentry; and the one that every system has, where it is not there.</summary>
    private static readonly ImmutableArray<string> SentryUsers = ["postern", "nobody"];

    /// <summary>What the runtime and the C library look at when they start.</summary>
    private static readonly ImmutableArray<string> System =
    [
        "/usr", "/lib", "/lib32", "/lib64", "/proc", "/sys/devices/system/cpu", "/sys/devices/system/node", "/sys/fs/cgroup", "/sys/kernel/mm", "/dev/null", "/dev/urandom", "/dev/random",
        "/etc/ld.so.cache", "/etc/ld.so.preload", "/etc/localtime", "/etc/ssl/openssl.cnf",
    ];

    /// <summary>What the gate cannot do without, asked before anything is begun.</summary>
    /// <exception cref="CommandFailure">It is not there: which, and the mend.</exception>
    public static void Require(GateConfiguration configuration)
    {
        var needed = Capabilities.NetAdmin | (configuration.Capture.Way == CaptureWay.Packet ? Capabilities.NetRaw : Capabilities.None);
        if (Standing.Of(Environment.ProcessId) is { } ours && (ours.Capabilities & needed) != needed)
        {
            throw new CommandFailure(
                ExitCode.MissingPrivilege,
                "the gate needs CAP_NET_ADMIN, for the firewall, and CAP_NET_RAW, to see packets",
                "run it as root, or give its user both, and CAP_SETUID, CAP_SETGID and CAP_KILL so that the sentry gets a user of its own");
        }
    }

    /// <summary>Only netlink: the firewall is all that it touches. It writes to the folders of the ledger and of its sockets, and nowhere else.</summary>
    public static Confines OfWarden(string path, GateConfiguration configuration) => new()
    {
        Keep = Capabilities.NetAdmin,
        Files = new()
        {
            Read =
            [
                .. System, .. Itself.Folders, "/sys/class/net", "/sys/devices", "/sys/module", "/etc/passwd", "/etc/group", "/etc/nsswitch.conf", "/etc/protocols", "/etc/services", "/etc/iproute2",
                .. FoldersOf([
                    path, .. configuration.Files, .. configuration.Spa is { } spa ? [spa.KeyFile, spa.AuthorizedKeysFile] : Array.Empty<string>(),
                    .. configuration.Fwknop.Knocks.Select(k => k.KeysFile), .. configuration.Tokens.Select(t => t.SecretFile), .. configuration.OneTime.Select(k => k.Settings.File),
                ]),
            ],
            ReadWrite = ["/dev/null", .. WrittenTo(configuration)],
            Execute = Programs(),
        },
    };

    /// <summary>Nothing but to run; and its own system call filter takes even most of that.</summary>
    public static Confines OfSentry() => new()
    {
        As = SentryUser(),
        Files = new() { Read = [.. System, .. Itself.Folders], Execute = Programs(), Alone = true },
    };

    /// <summary>Folders that the warden writes to, and not where a link in them leads, which it could have put there itself; made, where they are not there, before it loses the right to.</summary>
    public static ImmutableArray<string> WrittenTo(GateConfiguration configuration) =>
        [OnlyGate.Folder, .. new[] { configuration.ControlSocket, configuration.NeedsLedger ? configuration.LedgerFile : null }.OfType<string>().Select(file => Path.GetDirectoryName(Path.GetFullPath(file))!).Distinct(StringComparer.Ordinal)];

    /// <summary>Of each file, and of what it leads to if it is a link.</summary>
    private static IEnumerable<string> FoldersOf(IEnumerable<string> files) =>
        files.Select(Path.GetFullPath).SelectMany(file => new[] { file, Target(file) }).OfType<string>().Select(file => Path.GetDirectoryName(file)!).Distinct(StringComparer.Ordinal);

    private static string? Target(string file)
    {
        try
        {
            return File.ResolveLinkTarget(file, returnFinalTarget: true)?.FullName;
        }
        catch (IOException)
        {
            return null; // no such file, or a ring of links
        }
    }

    /// <summary>Ourselves, and what loads us.</summary>
    private static ImmutableArray<string> Programs() => [Environment.ProcessPath!, "/lib64", "/lib", "/usr/lib", "/usr/lib64"];

    /// <summary>Null: ours, where we have no right to another.</summary>
    private static Account? SentryUser()
    {
        var needed = Capabilities.SetUid | Capabilities.SetGid | Capabilities.Kill;
        return Standing.Of(Environment.ProcessId) is { } ours && (ours.Capabilities & needed) == needed
            ? SentryUsers.Select(Account.Find).FirstOrDefault(a => a is not null) ?? new Account("nobody", 65534, 65534, [], "/")
            : null;
    }
}
