using static Postern.Cli.Configuration.Quoting;

namespace Postern.Cli.Configuration;

/// <summary>The keys that may stand in one kind of map. <paramref name="Later"/>: keys of the contract that this version does not act on.</summary>
internal sealed record KeyTable(string Where, string[] Known, string[] Later)
{
    /// <summary>Keys that stood here once, and where they stand now.</summary>
    public (string Key, string To)[] Moved { get; init; } = [];
}

/// <summary>The entries of one map, each key once.</summary>
internal sealed class Fields
{
    private readonly Dictionary<string, Entry> _entries = new(StringComparer.Ordinal);
    private readonly List<Entry> _ordered = [];
    private readonly FaultList _faults;

    public Fields(IEnumerable<Entry> entries, FaultList faults)
    {
        _faults = faults;
        foreach (var entry in entries)
        {
            if (_entries.TryAdd(entry.Key.Text, entry))
                _ordered.Add(entry);
            else
                faults.Add(entry.Key.Place, $"{Quote(entry.Key.Text)} is already set at {_entries[entry.Key.Text].Key.Place}", "keep one of the two");
        }
    }

    public Node? this[string key] => _entries.TryGetValue(key, out var entry) ? entry.Value : null;

    /// <summary>In the order in which they were written.</summary>
    public IReadOnlyList<Entry> Entries => _ordered;

    public bool HasAny(IEnumerable<string> keys) => keys.Any(_entries.ContainsKey);

    /// <summary>Names every key that this version does not know.</summary>
    public Fields Check(KeyTable table)
    {
        foreach (var (key, _) in _ordered)
        {
            if (Array.IndexOf(table.Known, key.Text) >= 0)
                continue;
            if (Array.Find(table.Moved, m => string.Equals(m.Key, key.Text, StringComparison.Ordinal)) is { To: { } to })
                _faults.Add(key.Place, $"'{key.Text}' has moved to {to}", "write it there");
            else if (Array.IndexOf(table.Later, key.Text) >= 0)
                _faults.Add(key.Place, $"'{key.Text}' is not supported by this version of Postern", "remove it");
            else
                _faults.Add(key.Place, $"unknown key {Quote(key.Text)} in {table.Where}", _faults.Suggest(key.Text, table.Known, "write one of: " + string.Join(", ", table.Known)));
        }

        return this;
    }
}
