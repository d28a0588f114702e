using System.Buffers;
using System.Buffers.Text;
using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using Postern.Cli.Configuration;
using Postern.Client.Spa;
using Postern.Keys;
using Postern.Reports;
using Postern.Reports.Spa;
using static Postern.Cli.Configuration.Quoting;

namespace Postern.Cli.Profiles;

/// <summary>The text of a profile, every fault with its place. No content makes it throw, and none of its messages shows the secret.</summary>
internal sealed class ProfileReader(Values values)
{
    private const int KeySize = 32;
    private const int MaxList = 8;

    private const string SpaMethod = "spa";
    private const string FwknopMethod = "fwknop";

    private static readonly KeyTable Keys = new("a profile", ["method", "host", "gate_key", "gate_secret", "carriers", "services", "ports", "key", "address", "receipts"], []);

    public static Profile? Read(string name, string file, string text, FaultList faults)
    {
        var before = faults.Count;
        var root = YamlTree.Read(file, text, faults);
        if (faults.Count == before && root is not MapNode)
            faults.Add(root?.Place ?? new(file, 1, 1), $"the profile holds {root?.Kind ?? "nothing"}", "write its keys, one a line; or add it again from the invitation");
        return root is MapNode map ? new ProfileReader(new(faults)).Read(name, map) : null;
    }

    private Profile? Read(string name, MapNode map)
    {
        var before = values.Faults.Count;
        var fields = new Fields(map.Entries, values.Faults);
        var isFwknop = values.Choice("method", fields["method"], [(SpaMethod, false), (FwknopMethod, true), .. TokenProfileReader.Words.Select(w => (w, false))]);
        if (values.Faults.Count > before)
            return null;
        if (fields["method"] is TextNode { Text: var method } && TokenProfileReader.Words.Contains(method, StringComparer.Ordinal))
            return new TokenProfileReader(values, this).Read(method, name, map, fields);
        return isFwknop == true ? new FwknopProfileReader(values, this).Read(name, map, fields) : ReadSpa(name, map, fields.Check(Keys), before);
    }

    private SpaProfile? ReadSpa(string name, MapNode map, Fields fields, int before)
    {
        var host = Required("host", fields, map) is { } text ? ReadHost(text) : null;
        var gateKey = Required("gate_key", fields, map) is { } key ? ReadGateKey(key) : null;
        var secret = Required("gate_secret", fields, map) is { } hidden ? ReadSecret(hidden) : null;
        var carriers = ReadCarriers(fields["carriers"]);
        var services = ReadServices(fields["services"]);
        var ports = ReadPorts(fields["ports"]);
        var own = ReadKey(fields["key"]);
        var address = ReadAddress(fields["address"]);
        var receipts = values.Choice("receipts", fields["receipts"], [("yes", true), ("no", false)]);
        if (values.Faults.Count > before || host is null || gateKey is null || secret is null)
        {
            secret?.Dispose();
            return null;
        }

        return new(name, host, gateKey, secret)
        {
            Carriers = carriers,
            Services = services,
            Ports = ports,
            Key = own,
            Address = address,
            Receipts = receipts ?? false,
        };
    }

    internal TextNode? Required(string key, Fields fields, MapNode map, string mend = "the invitation has it: add the profile again")
    {
        if (fields[key] is { } node)
            return values.Text(key, node);
        values.Faults.Add(map.Place, $"'{key}' is missing", mend);
        return null;
    }

    internal string? ReadHost(TextNode node)
    {
        if (!node.Text.Any(c => char.IsWhiteSpace(c) || char.IsControl(c)) && Uri.CheckHostName(node.Text) != UriHostNameType.Unknown)
            return node.Text;
        values.Faults.Add(node.Place, $"'host' cannot be {Quote(node.Text)}", "write a name or an address");
        return null;
    }

    private BoxPublicKey? ReadGateKey(TextNode node)
    {
        Span<byte> bytes = stackalloc byte[KeySize];
        if (TryDecode(node.Text, bytes))
        {
            var key = BoxPublicKey.From(bytes);
            if (key.TrySeal(stackalloc byte[BoxPublicKey.SeedSize], [], stackalloc byte[BoxPublicKey.SealOverhead]))
                return key;
        }

        values.Faults.Add(node.Place, "'gate_key' is not a key", "it has 43 characters of base64url: take it from the invitation again");
        return null;
    }

    private GateSecret? ReadSecret(TextNode node)
    {
        Span<byte> bytes = stackalloc byte[KeySize];
        if (!TryDecode(node.Text, bytes))
        {
            values.Faults.Add(node.Place, "'gate_secret' is not a secret", "it has 43 characters of base64url: take it from the invitation again");
            return null;
        }

        var secret = GateSecret.From(bytes);
        CryptographicOperations.ZeroMemory(bytes);
        return secret;
    }

    private static bool TryDecode(string text, Span<byte> bytes) =>
        text.Length == Base64Url.GetEncodedLength(KeySize)
        && Base64Url.DecodeFromChars(text, bytes, out _, out var written) == OperationStatus.Done && written == KeySize
        && string.Equals(text, Base64Url.EncodeToString(bytes), StringComparison.Ordinal);

    private ImmutableArray<Carrier> ReadCarriers(Node? node)
    {
        if (node is null)
            return [Carrier.Usual];
        var carriers = ReadList<Carrier>("carriers", node, static (string text, out Carrier carrier) => Carrier.TryParse(text, out carrier), "carrier", "write udp/62201, tcp/443 or icmp");
        if (carriers.IsEmpty)
            values.Faults.Add(node.Place, "'carriers' names none", "write udp/62201, tcp/443 or icmp");
        return carriers;
    }

    internal ImmutableArray<string> ReadServices(Node? node) =>
        ReadList("services", node, static (string text, [NotNullWhen(true)] out string? name) => ServiceName.IsValid(name = text), "service", "write 1 to 32 of a-z, 0-9, '-' and '_', a letter or a digit first")!;

    internal delegate bool Parser<T>(string text, [NotNullWhen(true)] out T? value);

    internal ImmutableArray<T> ReadList<T>(string key, Node? node, Parser<T> parse, string kind, string mend)
        where T : IEquatable<T>
    {
        var items = ImmutableArray.CreateBuilder<T>();
        foreach (var text in values.List(key, node) ?? [])
        {
            if (!parse(text.Text, out var item))
                values.Faults.Add(text.Place, $"{Quote(text.Text)} is no {kind}", mend);
            else if (items.Contains(item))
                values.Faults.Add(text.Place, $"{Quote(text.Text)} is there twice", "remove one");
            else if (items.Count == MaxList)
                values.Faults.Add(text.Place, $"'{key}' has more than {MaxList} in its list", "remove some");
            else
                items.Add(item);
        }

        return items.ToImmutable();
    }

    internal ImmutableSortedDictionary<string, ImmutableArray<PortRange>> ReadPorts(Node? node)
    {
        var ports = ImmutableSortedDictionary.CreateBuilder<string, ImmutableArray<PortRange>>(StringComparer.Ordinal);
        foreach (var (name, value) in new Fields(values.Map("ports", node), values.Faults).Entries)
        {
            if (!ServiceName.IsValid(name.Text))
                values.Faults.Add(name.Place, $"{Quote(name.Text)} cannot be the name of a service", "write 1 to 32 of a-z, 0-9, '-' and '_', a letter or a digit first");
            else
                ports[name.Text] = ReadList<PortRange>(name.Text, value, static (string text, out PortRange port) => PortRange.TryParse(text, out port) && port.Count == 1, "port", "write one port: tcp/22");
        }

        return ports.ToImmutable();
    }

    private string? ReadKey(Node? node)
    {
        if (values.Text("key", node) is not { } text)
            return null;
        if (!text.Text.Any(char.IsControl))
            return text.Text;
        values.Faults.Add(text.Place, $"'key' cannot be {Quote(text.Text)}", "write agent, agent SHA256:…, or the file of a key such as ~/.ssh/id_ed25519");
        return null;
    }

    internal AddressSetting ReadAddress(Node? node)
    {
        if (values.Text("address", node) is not { } text)
            return AddressSetting.Auto;
        if (!AddressSetting.TryParse(text.Text, out var setting))
            values.Faults.Add(text.Place, $"'address' cannot be {Quote(text.Text)}", AddressSetting.Shape);
        return setting;
    }
}
