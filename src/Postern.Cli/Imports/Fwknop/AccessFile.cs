using Postern.Cli.CommandLine;

namespace Postern.Cli.Imports.Fwknop;

/// <summary>A stanza of access.conf: what stands from one SOURCE to the next, what was included among it.</summary>
internal sealed class AccessStanza(FwknopLine source)
{
    private readonly List<FwknopLine> _lines = [];

    public FwknopLine Source => source;

    public IReadOnlyList<FwknopLine> Lines => _lines;

    public void Add(FwknopLine line) => _lines.Add(line);

    /// <summary>The last one counts.</summary>
    public FwknopLine? this[string name]
    {
        get
        {
            var at = _lines.FindLastIndex(l => string.Equals(l.Name, name, StringComparison.Ordinal));
            return at < 0 ? null : _lines[at];
        }
    }

    public bool IsYes(string name) => this[name] is { IsYes: true };
}

/// <summary>access.conf and all that it includes, three files deep at most as in fwknopd.</summary>
/// <param name="place">Where a file that is included lies.</param>
/// <param name="read">What a file holds.</param>
/// <param name="notes">Takes what is not carried over.</param>
internal sealed class AccessFile(Func<string, string> place, Func<string, string> read, ImportNotes notes)
{
    private const int MaxDepth = 3;
    private const int MaxStanzas = 10_000;

    /// <summary>What <c>%include_keys</c> takes of a file.</summary>
    private static readonly string[] KeyNames = ["KEY", "KEY_BASE64", "HMAC_KEY", "HMAC_KEY_BASE64", "HMAC_DIGEST_TYPE", "GPG_DECRYPT_ID", "GPG_DECRYPT_PW", "GPG_ALLOW_NO_PW", "GPG_REQUIRE_SIG", "GPG_REMOTE_ID", "GPG_FINGERPRINT_ID"];

    private readonly List<AccessStanza> _stanzas = [];

    public IReadOnlyList<AccessStanza> Stanzas => _stanzas;

    /// <summary>All files *.conf there, in the order of their names.</summary>
    /// <exception cref="CommandFailure">It cannot be read.</exception>
    public void ReadFolder(string folder, int depth = 0)
    {
        try
        {
            foreach (var file in Directory.EnumerateFiles(folder, "*.conf").Order(StringComparer.Ordinal).ToList())
                Read(file, depth);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new CommandFailure(ExitCode.Usage, $"{folder} cannot be read: {e.Message.TrimEnd('.')}", "check its name, and who may read it", e);
        }
    }

    /// <exception cref="CommandFailure">It, or one that it includes, cannot be read.</exception>
    public void Read(string file, int depth = 0)
    {
        foreach (var line in FwknopLines.Read(file, read(file), notes))
        {
            switch (line.Name)
            {
                case "%include" or "%include_folder" or "%include_keys" when depth == MaxDepth:
                    notes.Add(file, line.Number, "included more than three files deep; fwknopd does not read it either");
                    break;
                case "%include":
                    Read(place(line.Value), depth + 1);
                    break;
                case "%include_folder":
                    ReadFolder(place(line.Value), depth + 1);
                    break;
                case "%include_keys":
                    ReadKeys(place(line.Value), line);
                    break;
                case "SOURCE":
                    if (_stanzas.Count == MaxStanzas)
                        throw CommandFailure.Usage($"{file}: more than {MaxStanzas} stanzas", "carry them over in parts");
                    _stanzas.Add(new(line));
                    break;
                default:
                    if (_stanzas is [.., var current])
                        current.Add(line);
                    else
                        notes.Add(file, line.Number, $"{ImportNotes.Quote(line.Name)} stands before the first SOURCE; fwknopd does not take it either");
                    break;
            }
        }
    }

    private void ReadKeys(string file, FwknopLine from)
    {
        if (_stanzas is not [.., var current])
        {
            notes.Add(from.File, from.Number, "keys before the first SOURCE; left out");
            return;
        }

        foreach (var line in FwknopLines.Read(file, read(file), notes))
        {
            if (Array.IndexOf(KeyNames, line.Name) >= 0)
                current.Add(line);
            else
                notes.Add(file, line.Number, $"{ImportNotes.Quote(line.Name)} is no key; left out");
        }
    }
}
