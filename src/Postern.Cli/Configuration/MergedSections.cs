using System.Collections.Immutable;

namespace Postern.Cli.Configuration;

/// <summary>The sections of all files laid together: entries of one section simply follow each other, and one that repeats is found by whoever reads the section.</summary>
internal sealed class MergedSections
{
    private const UnixFileMode Others = UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.OtherExecute;

    private static readonly KeyTable Sections = new("the configuration", ["gate", "services", "knocks", "spa", "fwknop", "policy"], []);

    private MergedSections() { }

    /// <summary>Every file could be read; what none of them names does not exist.</summary>
    public bool IsWhole { get; private set; }

    public ImmutableArray<Entry> Gate { get; private set; } = [];

    public ImmutableArray<Entry> Services { get; private set; } = [];

    public ImmutableArray<Entry> Knocks { get; private set; } = [];

    /// <summary>Null: no file has that section, and single packets are not looked for.</summary>
    public ImmutableArray<Entry>? Spa { get; private set; }

    public ImmutableArray<Entry> Fwknop { get; private set; } = [];

    public ImmutableArray<Entry> Policy { get; private set; } = [];

    public static MergedSections Read(ImmutableArray<ConfigurationFile> files, Values values)
    {
        var merged = new MergedSections { IsWhole = values.Faults.Count == 0 };
        foreach (var file in files.Where(f => f.Text is not null))
        {
            var before = values.Faults.Count;
            var root = YamlTree.Read(file.Path, file.Text!, values.Faults);
            if (values.Faults.Count == before)
                merged.Add(file, root, values);
            else
                merged.IsWhole = false;
        }

        return merged;
    }

    private void Add(ConfigurationFile file, Node? root, Values values)
    {
        var start = new Place(file.Path, 1, 1);
        if (root is null)
            values.Faults.Add(start, "the file says nothing", "write a section, such as 'gate:', or remove the file");
        else if (root is not MapNode)
            values.Faults.Add(root.Place, $"the file holds {root.Kind}", "write sections: gate, services, knocks, spa, fwknop, policy");
        if (root is not MapNode map)
            return;

        var fields = new Fields(map.Entries, values.Faults).Check(Sections);
        Gate = Gate.AddRange(values.Map("gate", fields["gate"]));
        Services = Services.AddRange(values.Map("services", fields["services"]));
        var knocks = values.Map("knocks", fields["knocks"]);
        Knocks = Knocks.AddRange(knocks);
        if (fields["spa"] is { } spa)
            Spa = (Spa ?? []).AddRange(values.Map("spa", spa));
        Fwknop = Fwknop.AddRange(values.Map("fwknop", fields["fwknop"]));
        Policy = Policy.AddRange(values.Map("policy", fields["policy"]));
        WarnOfMode(file, hasKnocks: !knocks.IsEmpty, values.Faults);
    }

    private static void WarnOfMode(ConfigurationFile file, bool hasKnocks, FaultList faults)
    {
        if ((file.Mode & UnixFileMode.OtherWrite) != UnixFileMode.None)
            faults.Add(Place.Whole(file.Path), "every user of this host can change what the gate lets in, and runs", $"chmod 640 {file.Path}");
        else if (file.IsForeign)
            faults.Add(Place.Whole(file.Path), "belongs to another user, who can change what the gate lets in, and runs", $"chown root {file.Path}");
        else if ((file.Mode & UnixFileMode.GroupWrite) != UnixFileMode.None)
            faults.Warn(Place.Whole(file.Path), "its group can change what the gate lets in, and runs", $"chmod 640 {file.Path}");
        else if (hasKnocks && (file.Mode & Others) != UnixFileMode.None)
            faults.Warn(Place.Whole(file.Path), "other users of this host can read your knock sequences", $"chmod 640 {file.Path}");
    }
}
