using System.Collections.Immutable;
using System.Globalization;
using System.Net;
using Postern.Keys.Ssh;
using Postern.Reports;
using Postern.Reports.Spa;
using Postern.Warden;
using static Postern.Cli.Configuration.Quoting;

namespace Postern.Cli.Configuration;

/// <summary>
/// The file of those who may come in: one line a key, as in sshd's file of that name, with options of ours. A line with a fault lets nobody
/// in; it does not take the other lines with it.
/// </summary>
internal static class AuthorizedKeys
{
    private const int MaxKeys = 100_000;

    private const int MaxSize = 16 << 20;

    private static readonly TimeSpan ShortestMax = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan LongestMax = TimeSpan.FromDays(30);

    private static readonly string[] Options = ["services", "from", "max", "hours", "expiry-time", "os", "stack", "source-port", "address", "revoked"];

    /// <summary>What sshd knows and a gate has no use for: a line copied from there says so.</summary>
    private static readonly string[] OptionsOfSshd =
    [
        "agent-forwarding", "cert-authority", "command", "environment", "no-agent-forwarding", "no-port-forwarding", "no-pty", "no-user-rc", "no-x11-forwarding",
        "permitlisten", "permitopen", "port-forwarding", "principals", "pty", "no-touch-required", "verify-required", "restrict", "tunnel", "user-rc", "x11-forwarding",
    ];

    private static readonly string[] Formats = ["yyyyMMdd", "yyyyMMddHHmm", "yyyyMMddHHmmss"];

    /// <param name="path">The file.</param>
    /// <param name="services">The names there are; null: not all of them could be read.</param>
    /// <param name="faults">What is wrong with it goes here.</param>
    public static ImmutableArray<Identity> Read(string path, IReadOnlySet<string>? services, FaultList faults) =>
        FileOf(path).ReadText(faults) is { } text ? ReadText(path, text, services, faults) : [];

    private static TrustedFile FileOf(string path) => new(path, MaxSize, "no key of it is taken: nobody comes in")
    {
        Make = "make it, with one public key a line: 'postern enroll' does",
        Shrink = "remove what nobody uses",
    };

    /// <summary>Reads a text as if it were a file of that name.</summary>
    internal static ImmutableArray<Identity> ReadText(string path, string text, IReadOnlySet<string>? services, FaultList faults)
    {
        var identities = ImmutableArray.CreateBuilder<Identity>();
        var places = new Dictionary<SshPublicKey, int>();
        foreach (var (index, line) in text.Split('\n').Index())
        {
            var before = faults.Count;
            // A line that revokes does so whatever else is wrong with it: nobody who writes one means the key to stay.
            if (ReadLine(line.TrimEnd('\r'), new(path, index + 1, 1), services, new(faults)) is not { } identity || (faults.Count > before && !identity.Revoked))
                continue;
            if (!places.TryAdd(identity.Key, index + 1))
            {
                faults.Add(new(path, index + 1, 1), string.Create(CultureInfo.InvariantCulture, $"the key of line {places[identity.Key]} again"), "one line a key: put the options together");
                if (identity.Revoked)
                    identities.Add(identity); // the warden lets it go before all other lines of that key
            }
            else if (identities.Count >= MaxKeys)
                faults.Add(new(path, index + 1, 1), string.Create(CultureInfo.InvariantCulture, $"more than {MaxKeys} keys"), "remove those that nobody uses");
            else
                identities.Add(identity);
        }

        return identities.ToImmutable();
    }

    private static Identity? ReadLine(string text, Place start, IReadOnlySet<string>? services, Values values)
    {
        var line = AuthorizedKeyLine.Read(text, out var fault);
        if (fault is { } found)
            values.Faults.Add(start with { Column = found.Column }, found.Message, found.Hint);
        if (line is null)
            return null;

        var identity = new Identity(line.Key, NameOf(line)) { AnyService = true };
        var seen = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        foreach (var option in line.Options)
        {
            var place = start with { Column = option.Column };
            if (!seen.Add(option.Name))
                values.Faults.Add(place, $"the option {Quote(option.Name)} stands twice", "keep one of the two");
            else
                identity = Apply(identity, option.Name.ToLowerInvariant(), option.Value, place, services, values);
        }

        return identity;
    }

    /// <summary>As the audit calls the holder: the comment of the line, or the fingerprint where there is none.</summary>
    private static string NameOf(AuthorizedKeyLine line)
    {
        var comment = new string([.. line.Comment.Trim().Select(c => char.IsControl(c) || c is '"' ? '?' : char.IsWhiteSpace(c) ? '_' : c).Take(64)]);
        return comment.Length > 0 ? comment : line.Key.Fingerprint;
    }

    private static Identity Apply(Identity identity, string option, string? value, Place place, IReadOnlySet<string>? services, Values values)
    {
        var isFlag = option is "source-port" or "address" or "revoked";
        if (Array.IndexOf(Options, option) < 0)
        {
            values.Faults.Add(place, $"unknown option {Quote(option)}", OptionsOfSshd.Contains(option, StringComparer.Ordinal)
                ? "it is sshd's and says nothing here: remove it"
                : values.Faults.Suggest(option, Options, "write one of: " + string.Join(", ", Options)));
            return identity;
        }

        if (isFlag != (value is null))
        {
            values.Faults.Add(place, isFlag ? $"'{option}' takes no value" : $"'{option}' takes a value", isFlag ? $"write it alone: {option}" : $"write it in quotes: {option}=\"…\"");
            return identity;
        }

        var node = new TextNode(place, value ?? "", Plain: false);
        return option switch
        {
            "services" => WithServices(identity, node, services, values),
            "from" => identity with { From = [.. Items(node).Select(i => PolicySection.ReadNetwork(i, values)).OfType<IPNetwork>()] },
            "max" => identity with { Max = values.Time("max", node, ShortestMax, LongestMax) },
            "hours" => identity with { Hours = [.. Items(node).Select(i => PolicySection.ReadHours(i, values)).OfType<WeeklyHours>()] },
            "expiry-time" => identity with { Expires = ReadExpiry(node, values) },
            "os" => identity with { Systems = [.. Items(node).Select(i => ReadSystem(i, values)).OfType<ClientSystem>()] },
            "stack" => identity with { Stacks = [.. Items(node).Select(i => KnocksSection.ReadStack(i, values)).OfType<ClientStack>()] },
            "source-port" => identity with { RequireSourcePort = true },
            "address" => identity with { RequireAddress = true },
            _ => identity with { Revoked = true },
        };
    }

    private static IEnumerable<TextNode> Items(TextNode list) => list.Text.Split(',').Select(text => new TextNode(list.Place, text.Trim(), Plain: false));

    private static Identity WithServices(Identity identity, TextNode node, IReadOnlySet<string>? services, Values values)
    {
        if (node.Text is "*")
            return identity;
        var names = Items(node).Select(i => i.Text).ToImmutableArray();
        foreach (var name in names.Where(n => services?.Contains(n) == false))
            values.Faults.Warn(node.Place, $"no service {Quote(name)}", values.Faults.Suggest(name, services!, "name services of the configuration, or \"*\" for all of them"));
        return identity with { AnyService = false, Services = names };
    }

    private static ClientSystem? ReadSystem(TextNode node, Values values) => values.Choice(
        "os", node,
        [
            ("linux", ClientSystem.Linux), ("macos", ClientSystem.MacOs), ("windows", ClientSystem.Windows), ("android", ClientSystem.Android),
            ("ios", ClientSystem.Ios), ("freebsd", ClientSystem.FreeBsd), ("openbsd", ClientSystem.OpenBsd), ("netbsd", ClientSystem.NetBsd),
        ]);

    /// <summary>As sshd(8) has it: YYYYMMDD, YYYYMMDDHHMM or YYYYMMDDHHMMSS, in local time, or in UTC with a Z after it.</summary>
    private static DateTimeOffset? ReadExpiry(TextNode node, Values values)
    {
        var isUtc = node.Text.EndsWith('Z');
        var style = isUtc ? DateTimeStyles.AssumeUniversal : DateTimeStyles.AssumeLocal;
        if (DateTimeOffset.TryParseExact(node.Text.TrimEnd('Z'), Formats, CultureInfo.InvariantCulture, style, out var time))
            return time;
        values.Faults.Add(node.Place, $"{Quote(node.Text)} is not a time", "write it as sshd does: expiry-time=\"20270131\" or \"202701311800Z\"");
        return null;
    }
}
