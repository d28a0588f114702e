using Postern.Cli.CommandLine;

namespace Postern.Cli.Imports.Fwknop;

/// <summary>Reads what fwknopd would read: fwknopd.conf where there is one, and access.conf with all that it includes.</summary>
internal static class FwknopImport
{
    private const string Settings = "fwknopd.conf";
    private const string Access = "access.conf";

    /// <param name="path">fwknopd's folder, or its access.conf.</param>
    /// <param name="notes">Takes what is not carried over.</param>
    /// <exception cref="CommandFailure">A file cannot be read.</exception>
    public static FwknopGate Read(string path, ImportNotes notes)
    {
        var isFolder = Directory.Exists(path);
        var folder = isFolder ? path : Path.GetDirectoryName(Path.GetFullPath(path))!;
        var settings = Path.Combine(folder, Settings);
        var conf = FwknopdConf.Read(settings, File.Exists(settings) ? ImportFile.Read(settings) : "", notes);
        var access = new AccessFile(named => Place(named, folder, conf), ImportFile.Read, notes);
        if (conf["ACCESS_FOLDER"] is { } folders && isFolder)
            access.ReadFolder(Place(folders.Value, folder, conf));
        var file = !isFolder ? path : conf["ACCESS_FILE"] is { } named ? Place(named.Value, folder, conf) : Path.Combine(folder, Access);
        if (conf["ACCESS_FOLDER"] is null || !isFolder || File.Exists(file))
            access.Read(file);

        return Read(conf, access, notes);
    }

    public static FwknopGate Read(FwknopdConf conf, AccessFile access, ImportNotes notes)
    {
        var gate = new FwknopGate();
        FwknopdReading.Read(conf, gate, notes);
        var reading = new StanzaReading(gate, conf, notes);
        foreach (var stanza in access.Stanzas)
            reading.Read(stanza);
        return gate;
    }

    /// <summary>A file of a folder that was copied elsewhere is looked for there first.</summary>
    private static string Place(string named, string folder, FwknopdConf conf)
    {
        var home = (conf["FWKNOP_CONF_DIR"]?.Value ?? FwknopdSettings.UsualPath("FWKNOP_CONF_DIR")!).TrimEnd('/');
        if (!Path.IsPathRooted(named))
            return Path.Combine(folder, named);
        if (!named.StartsWith(home + "/", StringComparison.Ordinal))
            return named;
        var here = Path.Combine(folder, named[(home.Length + 1)..]);
        return Path.Exists(here) ? here : named;
    }
}
