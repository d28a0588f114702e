using System.Text;
using Postern.Cli.Configuration;
using Postern.Client.Tokens;
using Postern.Keys;
using Postern.Knocks.Ports;

namespace Postern.Cli.Profiles;

/// <summary>A profile with a method of tokens: what all of them have, and then what its method has. None of its messages shows the secret.</summary>
internal sealed class TokenProfileReader(Values values, ProfileReader common)
{
    /// <summary>What one method reads of its own keys.</summary>
    private delegate TokenProfile MethodReader(string name, string host, TokenSecret secret, Fields fields, Values values);

    private static readonly string[] CommonKeys = ["method", "host", "secret", "secret_file", "services", "ports", "address", "decoys"];

    private static readonly (string Word, string[] Keys, MethodReader Read)[] Methods =
    [
        ("rolling", ["pool", "length", "step", "bind"], (name, host, secret, fields, values) => new RollingProfile(name, host, secret, RollingKnockSettings.ReadPlan(fields, values))),
        ("ports", ["span", "transport", "bind"], ReadPorts),
        ("syn", SynProfile.Keys, SynProfile.Read),
        ("icmp", IcmpProfile.Keys, IcmpProfile.Read),
    ];

    public static IEnumerable<string> Words => Methods.Select(m => m.Word);

    public TokenProfile? Read(string method, string name, MapNode map, Fields fields)
    {
        var before = values.Faults.Count;
        var (word, keys, read) = Array.Find(Methods, m => string.Equals(m.Word, method, StringComparison.Ordinal));
        fields.Check(new($"a profile of method {word}", [.. CommonKeys, .. keys], []));
        var host = common.Required("host", fields, map, "write the name or the address of the gate") is { } text ? common.ReadHost(text) : null;
        var secret = ReadSecret(fields, map);
        var services = common.ReadServices(fields["services"]);
        var ports = common.ReadPorts(fields["ports"]);
        var address = common.ReadAddress(fields["address"]);
        var decoys = values.Number("decoys", fields["decoys"], 0, Decoys.Most) ?? 0;
        var profile = secret is null || host is null ? null : read(name, host, secret, fields, values);
        if (values.Faults.Count > before || profile is null)
        {
            secret?.Dispose();
            return null;
        }

        return profile with { SecretFile = values.Text("secret_file", fields["secret_file"])?.Text, Services = services, Ports = ports, Address = address, DecoyCount = decoys };
    }

    private static PortsProfile ReadPorts(string name, string host, TokenSecret secret, Fields fields, Values values) => new(
        name,
        host,
        secret,
        PortsKnockSettings.ReadSpan(fields["span"], values, hasData: false) ?? new(PortSpan.UsualFirst),
        values.Choice("transport", fields["transport"], PortCarriers.Choices) ?? PortCarrier.Both,
        values.Choice("bind", fields["bind"], [("address", true), ("nothing", false)]) ?? false);

    private TokenSecret? ReadSecret(Fields fields, MapNode map)
    {
        if ((fields["secret"] is null) == (fields["secret_file"] is null))
        {
            values.Faults.Add(map.Place, fields["secret"] is null ? "there is neither 'secret' nor 'secret_file'" : "there are 'secret' and 'secret_file'", "write the secret as the gate has it, or the full path of a file that holds it");
            return null;
        }

        if (fields["secret_file"] is { } file)
            return values.FullPath("secret_file", file, "/home/me/.config/postern/phone.secret") is { } path ? Configuration.SecretFile.Read(path, values.Faults) : null;
        if (values.Text("secret", fields["secret"]) is not { } text)
            return null;
        if (Configuration.SecretFile.TryDecode(Encoding.UTF8.GetBytes(text.Text), out var secret))
            return secret;
        values.Faults.Add(text.Place, "'secret' is no secret", $"copy it as the gate has it: {TokenSecret.MinSize} to {TokenSecret.MaxSize} bytes in hexadecimal or base64");
        return null;
    }
}
