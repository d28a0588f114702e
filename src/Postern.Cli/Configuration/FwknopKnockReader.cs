using System.Buffers;
using System.Collections.Immutable;
using System.Globalization;
using System.Net;
using static Postern.Cli.Configuration.Quoting;

namespace Postern.Cli.Configuration;

/// <summary>Reads a knock with <c>method: fwknop</c>: what fwknop's access.conf calls a stanza.</summary>
internal static class FwknopKnockReader
{
    /// <summary>What 64 characters of base64 hold (fwknop's MAX_SPA_USERNAME_SIZE).</summary>
    private const int MaxUser = 48;

    /// <summary>What 256 characters of base64 hold, less the shortest address and a comma before it.</summary>
    private const int MaxCommand = 192 - 8;

    /// <summary>What fwknop takes in no user's name (lib/fko_user.c).</summary>
    private const string NotInUser = "\"/\\[]:;|=,+*?<>";

    private static readonly SearchValues<char> ForbiddenInUser = SearchValues.Create(NotInUser);

    private static readonly TimeSpan ShortestTime = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan LongestTime = TimeSpan.FromDays(30);

    private static readonly TimeSpan LongestAge = TimeSpan.FromHours(1);

    private static readonly KeyTable Keys = new(
        "a knock of fwknop",
        ["method", "keys", "source", "destination", "max_time", "max_age", "require_address", "user", "expires", "opens", "commands"],
        []);

    private static readonly string[] Times = ["yyyy-MM-dd", "yyyy-MM-dd HH:mm", "yyyy-MM-dd HH:mm:ss", "yyyy-MM-ddTHH:mm", "yyyy-MM-ddTHH:mm:ss"];

    public static bool IsOne(Fields fields) => fields["method"] is TextNode { Text: "fwknop" };

    /// <param name="name">Of the knock.</param>
    /// <param name="fields">What stands below it.</param>
    /// <param name="services">The names there are; null: not all of them could be read.</param>
    /// <param name="values">Where faults go.</param>
    public static FwknopKnock Read(TextNode name, Fields fields, IReadOnlySet<string>? services, Values values)
    {
        var before = values.Faults.Count;
        fields.Check(Keys);
        var knock = new FwknopKnock(name.Text, name.Place, values.FullPath("keys", fields["keys"], KeysFileOf(name.Text)) ?? KeysFileOf(name.Text));
        knock = knock with
        {
            Sources = ReadNetworks("source", fields["source"], values),
            Destinations = ReadNetworks("destination", fields["destination"], values),
            MaxTime = values.Time("max_time", fields["max_time"], ShortestTime, LongestTime) ?? knock.MaxTime,
            MaxAge = values.Time("max_age", fields["max_age"], ShortestTime, LongestAge) ?? knock.MaxAge,
            RequireAddress = values.Choice("require_address", fields["require_address"], [("true", true), ("false", false)]) ?? knock.RequireAddress,
            User = ReadUser(fields["user"], values),
            Expires = ReadExpiry(fields["expires"], values),
            Opens = ReadServices("opens", fields["opens"], services, values),
            Commands = ReadCommands(fields["commands"], services, values),
        };
        if (values.Faults.Count == before && knock.Opens.IsEmpty && knock.Commands.IsEmpty)
            values.Faults.Add(name.Place, $"the knock '{name.Text}' opens nothing and runs nothing", "name a service that its packets may ask for: opens: [ssh]");
        return knock;
    }

    public static string KeysFileOf(string knock) => $"/etc/postern/fwknop/{knock}.keys";

    private static ImmutableArray<IPNetwork> ReadNetworks(string key, Node? node, Values values)
    {
        if (node is ListNode { Items: [] })
            values.Faults.Add(node.Place, $"'{key}' is an empty list", "remove it to take packets of everybody, or name networks");
        return [.. (values.List(key, node) ?? []).Select(item => PolicySection.ReadNetwork(item, values)).OfType<IPNetwork>()];
    }

    private static string? ReadUser(Node? node, Values values)
    {
        if (values.Text("user", node) is not { } text)
            return null;
        if (text.Text.Length <= MaxUser && text.Text.All(c => c is >= ' ' and <= '~') && !text.Text.AsSpan().ContainsAny(ForbiddenInUser))
            return text.Text;
        values.Faults.Add(text.Place, $"'user' cannot be {Quote(text.Text)}", string.Create(CultureInfo.InvariantCulture, $"fwknop's clients send at most {MaxUser} characters of ASCII, none of {NotInUser}"));
        return null;
    }

    private static DateTimeOffset? ReadExpiry(Node? node, Values values)
    {
        if (values.Text("expires", node) is not { } text)
            return null;
        var isUtc = text.Text.EndsWith('Z');
        var style = isUtc ? DateTimeStyles.AssumeUniversal : DateTimeStyles.AssumeLocal;
        if (DateTimeOffset.TryParseExact(isUtc ? text.Text[..^1] : text.Text, Times, CultureInfo.InvariantCulture, style, out var time))
            return time;
        values.Faults.Add(text.Place, $"{Quote(text.Text)} is not a time", "write when it ends, in local time: 2027-01-31 or '2027-01-31 18:00'; or in UTC: 2027-01-31T17:00Z");
        return null;
    }

    private static ImmutableArray<string> ReadServices(string key, Node? node, IReadOnlySet<string>? services, Values values)
    {
        var names = ImmutableArray.CreateBuilder<string>();
        foreach (var item in values.List(key, node) ?? [])
        {
            if (names.Contains(item.Text))
                values.Faults.Add(item.Place, $"'{key}' names {Quote(item.Text)} twice", "remove one");
            else if (IsService(key, item, services, values))
                names.Add(item.Text);
        }

        return names.ToImmutable();
    }

    private static ImmutableDictionary<string, string> ReadCommands(Node? node, IReadOnlySet<string>? services, Values values)
    {
        var commands = ImmutableDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        foreach (var (text, value) in new Fields(values.Map("commands", node), values.Faults).Entries)
        {
            if (text.Text.Length is 0 or > MaxCommand || !text.Text.All(c => c is >= ' ' and <= '~'))
                values.Faults.Add(text.Place, $"{Quote(text.Text)} is no command that fwknop can carry", string.Create(CultureInfo.InvariantCulture, $"write 1 to {MaxCommand} characters of ASCII, exactly as the client sends them"));
            else if (values.Text(text.Text, value) is { } service && IsService("commands", service, services, values))
                commands[text.Text] = service.Text;
        }

        return commands.ToImmutable();
    }

    private static bool IsService(string key, TextNode item, IReadOnlySet<string>? services, Values values)
    {
        if (services?.Contains(item.Text) != false)
            return true;
        values.Faults.Add(item.Place, $"there is no service {Quote(item.Text)} for '{key}'", values.Faults.Suggest(item.Text, services, "write it under 'services', or name one that stands there"));
        return false;
    }
}
