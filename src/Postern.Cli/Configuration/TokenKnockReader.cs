using System.Collections.Immutable;

namespace Postern.Cli.Configuration;

/// <summary>Reads a knock by a token: what all of them have, and then what its method has.</summary>
internal static class TokenKnockReader
{
    /// <summary>What one method reads of its own keys. Of a value with a fault it takes the usual one.</summary>
    public delegate TokenKnockSettings MethodReader(string name, Place place, string source, Fields fields, Values values);

    private static readonly string[] UsualKeys = ["method", "secret_file", "stack", "opens", "closes"];

    private static readonly string[] KnockknockKeys = ["method", "profile", "opens"];

    /// <summary>Every method, the keys that it has in common with others, those that are its own, and who reads them.</summary>
    private static readonly (string Word, string[] Common, string[] Keys, MethodReader Read)[] Methods =
    [
        ("rolling", UsualKeys, RollingKnockSettings.Keys, RollingKnockSettings.Read),
        ("ports", UsualKeys, PortsKnockSettings.Keys, PortsKnockSettings.Read),
        ("syn", UsualKeys, SynKnockSettings.Keys, SynKnockSettings.Read),
        ("icmp", UsualKeys, IcmpKnockSettings.Keys, IcmpKnockSettings.Read),
        ("knockknock", KnockknockKeys, KnockknockSettings.Keys, KnockknockSettings.Read),
    ];

    /// <summary>For the message that lists what a method may be.</summary>
    public static IEnumerable<string> Words => Methods.Select(m => m.Word);

    public static bool IsOne(Fields fields) => fields["method"] is TextNode method && Words.Contains(method.Text, StringComparer.Ordinal);

    /// <param name="name">Of the knock.</param>
    /// <param name="fields">What stands below it.</param>
    /// <param name="services">The names there are; null: not all of them could be read.</param>
    /// <param name="values">Where faults go.</param>
    public static TokenKnockSettings Read(TextNode name, Fields fields, IReadOnlySet<string>? services, Values values)
    {
        var (word, common, keys, read) = Array.Find(Methods, m => string.Equals(m.Word, ((TextNode)fields["method"]!).Text, StringComparison.Ordinal));
        var before = values.Faults.Count;
        fields.Check(new($"a knock of method {word}", [.. common, .. keys], []));
        var knock = read(name.Text, name.Place, ReadSource(name, isProfile: common == KnockknockKeys, fields, values), fields, values) with
        {
            Stacks = KnocksSection.ReadStacks(fields["stack"], values),
            StackPlace = fields["stack"]?.Place,
            Opens = KnocksSection.ReadNames("opens", fields["opens"], services, values),
            Closes = KnocksSection.ReadNames("closes", fields["closes"], services, values),
        };
        foreach (var both in knock.Closes.Where(knock.Opens.Contains))
            values.Faults.Add(name.Place, $"the knock '{name.Text}' opens and closes '{both}'", "let it do one of the two");
        if (values.Faults.Count == before && knock.Opens.IsEmpty && knock.Closes.IsEmpty)
            values.Faults.Add(name.Place, $"the knock '{name.Text}' neither opens nor closes anything", "name a service: opens: [ssh]");
        return knock;
    }

    /// <summary>Where the secret is: a file, or a folder.</summary>
    private static string ReadSource(TextNode name, bool isProfile, Fields fields, Values values)
    {
        var (key, usual) = isProfile ? ("profile", $"/etc/knockknock.d/profiles/{name.Text}") : ("secret_file", $"/etc/postern/{name.Text}.secret");
        if (fields[key] is null)
            values.Faults.Add(name.Place, $"the knock '{name.Text}' has no {(isProfile ? key : "secret")}", $"name a {(isProfile ? "folder as knockknock's daemon keeps it" : "file that only root can read")}: {key}: {usual}");
        return values.FullPath(key, fields[key], usual) ?? usual;
    }

    /// <summary>With their secrets. Two with the same one would both take each token of either, so the later one gets none.</summary>
    public static ImmutableArray<TokenKnockSettings> ReadSecrets(IEnumerable<TokenKnockSettings> knocks, ServicesSection services, FaultList faults)
    {
        var owners = new Dictionary<string, string>(StringComparer.Ordinal);
        var read = ImmutableArray.CreateBuilder<TokenKnockSettings>();
        foreach (var knock in knocks.Select(k => k.ReadSecret(services, faults)))
        {
            var secret = knock.Secret;
            if (secret is not null && !owners.TryAdd(SecretFile.NameOf(secret), knock.Name))
            {
                faults.Add(Place.Whole(knock.SecretFile), $"holds the secret of the knock '{owners[SecretFile.NameOf(secret)]}' as well; the knock '{knock.Name}' opens nothing", "give each knock a secret of its own");
                secret.Dispose();
                secret = null;
            }

            read.Add(knock with { Secret = secret });
        }

        return read.ToImmutable();
    }
}
