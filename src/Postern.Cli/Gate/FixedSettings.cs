using Postern.Cli.Configuration;

namespace Postern.Cli.Gate;

/// <summary>What is opened once, at the start, and so cannot change while the gate runs: sockets, keys, the ledger, the folder that is watched.</summary>
internal static class FixedSettings
{
    /// <summary>What would have to change, as a sentence; null where a reload is enough.</summary>
    public static string? ChangedIn(GateConfiguration now, GateConfiguration next)
    {
        if (!next.Interfaces.SequenceEqual(now.Interfaces, StringComparer.Ordinal) || !Same(next.ControlSocket, now.ControlSocket))
            return "gate.interfaces and gate.control_socket cannot change while the gate runs";
        if (next.Capture != now.Capture)
            return "gate.capture cannot change while the gate runs";
        if (next.NeedsLedger && !now.NeedsLedger)
            return "the gate has not opened its ledger, which this needs";
        if (next.NeedsLedger && !Same(next.LedgerFile, now.LedgerFile))
            return "gate.ledger cannot change while the gate runs";
        if (next.Capture == CaptureSetting.Udp && !next.DatagramPorts.SequenceEqual(now.DatagramPorts))
            return "spa.ports and fwknop.ports cannot change while the gate runs with 'capture: udp'";
        if (FilesOfKnocks(next).Select(FolderOf).FirstOrDefault(f => !Seen(now).Any(seen => Holds(seen, f))) is { } folder)
            return $"the gate cannot look into {folder}, where a sequences_file, secret_file, keys file or profile lies now";
        return (now.Spa, next.Spa) switch
        {
            (null, null) => null,
            ({ } old, { } other) when !Same(old.KeyFile, other.KeyFile) || !Same(old.AuthorizedKeysFile, other.AuthorizedKeysFile)
                => "spa.key and spa.authorized_keys cannot change while the gate runs",
            ({ }, { }) => null,
            _ => "the section 'spa' cannot come or go while the gate runs",
        };
    }

    /// <summary>Folders that the warden was let see when it started, or some of them; with each, all that lies in it now.</summary>
    private static IEnumerable<string> Seen(GateConfiguration now) =>
        now.Files.Concat(FilesOfKnocks(now)).Concat(now.Spa is { } spa ? [spa.KeyFile, spa.AuthorizedKeysFile] : Array.Empty<string>()).Select(FolderOf);

    private static IEnumerable<string> FilesOfKnocks(GateConfiguration of) => of.OneTime.Select(k => k.Settings.File).Concat(of.Tokens.Select(t => t.SecretFile)).Concat(of.Fwknop.Knocks.Select(k => k.KeysFile));

    private static bool Holds(string folder, string other) => Same(folder, other) || other.StartsWith(folder.TrimEnd('/') + "/", StringComparison.Ordinal);

    private static string FolderOf(string file) => Path.GetDirectoryName(Path.GetFullPath(file)) ?? "/";

    private static bool Same(string one, string other) => string.Equals(one, other, StringComparison.Ordinal);
}
