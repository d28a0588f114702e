using System.Collections.Immutable;
using System.Globalization;
using Postern.Knocks.Sequences;
using Postern.Reports;
using Postern.Warden;
using static Postern.Cli.Configuration.Quoting;

namespace Postern.Cli.Configuration;

/// <summary>One knock as read: what is watched for, what it does, and where that was written.</summary>
internal sealed record Knock(KnockSequence Sequence, Door Door, Place Place, ImmutableArray<Place> StepPlaces)
{
    /// <summary>Null: the sequence is written in the configuration, and good as often as it comes.</summary>
    public OneTimeSettings? OneTime { get; init; }

    /// <summary>Of <see cref="Door.Stacks"/>; null: any will do.</summary>
    public Place? StackPlace { get; init; }
}

/// <summary>A knock whose sequences stand in a file, each good once.</summary>
/// <param name="File">Which.</param>
/// <param name="InTurn">Only the first that was not used opens.</param>
internal sealed record OneTimeSettings(string File, bool InTurn);

/// <summary>The section <c>knocks</c>: by what a service is opened or closed.</summary>
internal static class KnocksSection
{
    private const int MaxKnocks = 16_384;

    private static readonly TimeSpan ShortestWithin = TimeSpan.FromMilliseconds(100);

    private static readonly TimeSpan LongestWithin = TimeSpan.FromMinutes(10);

    private const int MaxAddresses = 16;

    private static readonly KeyTable Keys = new("a knock", ["method", "sequence", "within", "order", "strict", "tcp_flags", "family", "to", "stack", "opens", "closes"], []);

    private static readonly KeyTable OneTimeKeys = new("a one-time knock", ["method", "sequences_file", "in_turn", "within", "order", "strict", "tcp_flags", "family", "to", "stack", "opens", "closes"], []);

    private static readonly string[] LaterMethods = ["spa"];

    // services null: not all of them could be read, so none can be said to be missing. Those by the method fwknop are put into a list of their own, and those by tokens too.
    public static ImmutableArray<Knock> Read(ImmutableArray<Entry> entries, IReadOnlySet<string>? services, List<FwknopKnock> fwknop, List<TokenKnockSettings> tokens, Values values)
    {
        if (entries.Length > MaxKnocks)
        {
            values.Faults.Add(entries[MaxKnocks].Key.Place, string.Create(CultureInfo.InvariantCulture, $"more than {MaxKnocks} knocks"), "remove those that nobody uses");
            return [];
        }

        return [.. values.Named("knock", entries).Select(e => ReadOne(e.Name, new(e.Map.Entries, values.Faults), services, fwknop, tokens, values)).OfType<Knock>()];
    }

    private static Knock? ReadOne(TextNode name, Fields fields, IReadOnlySet<string>? services, List<FwknopKnock> fwknop, List<TokenKnockSettings> tokens, Values values)
    {
        if (FwknopKnockReader.IsOne(fields))
        {
            fwknop.Add(FwknopKnockReader.Read(name, fields, services, values));
            return null;
        }

        if (TokenKnockReader.IsOne(fields))
        {
            tokens.Add(TokenKnockReader.Read(name, fields, services, values));
            return null;
        }

        // What the other keys of a method mean is that method's affair: of one that is not supported nothing more is said.
        var isOneTime = false;
        if (fields["method"] is { } method)
        {
            if (values.Choice("method", method, [("sequence", false), ("one-time", true), ("fwknop", false), .. TokenKnockReader.Words.Select(w => (w, false))], LaterMethods) is not { } chosen)
                return null;
            isOneTime = chosen;
        }

        var before = values.Faults.Count;
        fields.Check(isOneTime ? OneTimeKeys : Keys);
        var oneTime = isOneTime ? ReadOneTime(name, fields, values) : null;
        var (steps, places) = isOneTime ? ([], []) : ReadSteps(name, fields["sequence"], values);
        var sequence = ReadManner(new(name.Text, steps), fields, values);
        var stacks = ReadStacks(fields["stack"], values);
        var opens = ReadNames("opens", fields["opens"], services, values);
        var closes = ReadNames("closes", fields["closes"], services, values);
        foreach (var both in closes.Where(opens.Contains))
            values.Faults.Add(name.Place, $"the knock '{name.Text}' opens and closes '{both}'", "let it do one of the two");
        if (values.Faults.Count == before && opens.IsEmpty && closes.IsEmpty)
            values.Faults.Add(name.Place, $"the knock '{name.Text}' neither opens nor closes anything", "name a service: opens: [ssh]");
        return new(sequence, new(name.Text, opens, closes) { Stacks = stacks }, name.Place, places) { OneTime = oneTime, StackPlace = fields["stack"]?.Place };
    }

    private static OneTimeSettings? ReadOneTime(TextNode name, Fields fields, Values values)
    {
        if (fields["sequences_file"] is null)
            values.Faults.Add(name.Place, $"the knock '{name.Text}' has no sequences", $"name a file with one sequence a line, each good once: sequences_file: /etc/postern/{name.Text}.sequences");
        var file = values.FullPath("sequences_file", fields["sequences_file"], "/etc/postern/office.sequences");
        var inTurn = ReadFlag("in_turn", fields["in_turn"], values) ?? false;
        return file is null ? null : new(file, inTurn);
    }

    /// <summary>How a sequence must come, whatever its steps are.</summary>
    private static KnockSequence ReadManner(KnockSequence sequence, Fields fields, Values values)
    {
        sequence = sequence with
        {
            Order = values.Choice("order", fields["order"], [("any", StepOrder.Any), ("strict", StepOrder.Strict)]) ?? sequence.Order,
            Alone = ReadFlag("strict", fields["strict"], values) ?? sequence.Alone,
            Within = values.Time("within", fields["within"], ShortestWithin, LongestWithin) ?? sequence.Within,
            TcpFlags = ReadFlags(fields["tcp_flags"], values) ?? sequence.TcpFlags,
            Family = values.Choice("family", fields["family"], [("ipv4", IpFamily.V4), ("ipv6", IpFamily.V6)]) ?? sequence.Family,
        };
        sequence = sequence with { To = ReadAddresses(fields["to"], sequence.Family, values) };
        if (!sequence.Alone || sequence.Order == StepOrder.Strict)
            return sequence;
        values.Faults.Add(fields["strict"]!.Place, "'strict: true' is for sequences in order", "write order: strict as well, or remove it");
        return sequence with { Alone = false };
    }

    private static bool? ReadFlag(string key, Node? node, Values values) => values.Choice(key, node, [("true", true), ("false", false)]);

    private static ImmutableArray<Address> ReadAddresses(Node? node, IpFamily family, Values values)
    {
        var addresses = ImmutableArray.CreateBuilder<Address>();
        if (node is ListNode { Items: [] })
            values.Faults.Add(node.Place, "'to' is an empty list", "write the addresses that are knocked at, or remove it: then any will do");
        foreach (var item in values.List("to", node) ?? [])
        {
            if (!Address.TryParse(item.Text, out var address))
                values.Faults.Add(item.Place, $"{Quote(item.Text)} is not an address", "write one such as 192.0.2.1 or 2001:db8::1");
            else if (family != IpFamily.Both && address.IsV4 != (family == IpFamily.V4))
                values.Faults.Add(item.Place, $"no packet of the knock's family goes to {address}", "remove it, or 'family'");
            else if (addresses.Contains(address))
                values.Faults.Add(item.Place, $"'to' names {address} twice", "remove one");
            else if (addresses.Count == MaxAddresses)
                values.Faults.Add(item.Place, string.Create(CultureInfo.InvariantCulture, $"'to' names more than {MaxAddresses} addresses"), "remove it: then any address will do");
            else
                addresses.Add(address);
        }

        return addresses.ToImmutable();
    }

    private static (ImmutableArray<KnockStep> Steps, ImmutableArray<Place> Places) ReadSteps(TextNode name, Node? node, Values values)
    {
        if (node is null or ListNode { Items: [] })
            values.Faults.Add(node?.Place ?? name.Place, $"the knock '{name.Text}' has no sequence", "write its steps: sequence: [tcp/7000, udp/8000, tcp/9000]");
        var before = values.Faults.Count;
        var steps = ImmutableArray.CreateBuilder<KnockStep>();
        var places = ImmutableArray.CreateBuilder<Place>();
        foreach (var item in values.List("sequence", node) ?? [])
        {
            if (!TryParseStep(item, values.Faults, out var step))
            {
                var mend = item.Text.StartsWith("icmp", StringComparison.OrdinalIgnoreCase)
                    ? string.Create(CultureInfo.InvariantCulture, $"write icmp, or icmp/ and how many bytes the echo request carries, at most {KnockStep.MaxEchoSize}")
                    : PortText.Mend(item.Text);
                values.Faults.Add(item.Place, $"{Quote(item.Text)} is not a step", mend);
                continue;
            }

            steps.Add(step);
            places.Add(item.Place);
        }

        // With a step missing, the rules of a sequence would speak of another sequence.
        return values.Faults.Count > before ? ([], []) : (steps.ToImmutable(), places.ToImmutable());
    }

    /// <summary>Port 0 too, which no program connects to; knockd takes a word for it, and so do configurations that were carried over.</summary>
    private static bool TryParseStep(TextNode item, FaultList faults, out KnockStep step)
    {
        if (item.Text is not ("tcp/0" or "udp/0"))
            return KnockStep.TryParse(item.Text, out step);
        step = new(item.Text is "tcp/0" ? StepKind.Tcp : StepKind.Udp, 0, 0);
        faults.Warn(item.Place, $"{item.Text} is a port that no usual program can knock at", "choose another");
        return true;
    }

    private static TcpFlagCondition? ReadFlags(Node? node, Values values)
    {
        if (values.Text("tcp_flags", node) is not { } text)
            return null;
        if (text.Text is "any")
            return TcpFlagCondition.Any;
        if (TcpFlagCondition.TryParse(text.Text, out var condition))
            return condition;
        values.Faults.Add(text.Place, $"'tcp_flags' cannot be {Quote(text.Text)}", "write any, or each flag once of fin, syn, rst, psh, ack, urg, ece, cwr, with '!' before one that must not be set: syn,!ack");
        return null;
    }

    /// <summary>Whose stack the packet must look like that completes the knock.</summary>
    public static ImmutableArray<ClientStack> ReadStacks(Node? node, Values values)
    {
        var stacks = ImmutableArray.CreateBuilder<ClientStack>();
        if (node is ListNode { Items: [] })
            values.Faults.Add(node.Place, "'stack' is an empty list", "remove it to take knocks of any, or name some");
        foreach (var item in values.List("stack", node) ?? [])
        {
            if (ReadStack(item, values) is not { } stack)
                continue;
            if (stacks.Contains(stack))
                values.Faults.Add(item.Place, $"'stack' names {stack.Word()} twice", "remove one");
            else
                stacks.Add(stack);
        }

        return stacks.ToImmutable();
    }

    public static ClientStack? ReadStack(TextNode item, Values values) => values.Choice("stack", item, [.. ClientStackText.All]);

    internal static ImmutableArray<string> ReadNames(string key, Node? node, IReadOnlySet<string>? services, Values values)
    {
        var names = ImmutableArray.CreateBuilder<string>();
        foreach (var item in values.List(key, node) ?? [])
        {
            if (services?.Contains(item.Text) == false)
                values.Faults.Add(item.Place, $"there is no service {Quote(item.Text)} for '{key}'", values.Faults.Suggest(item.Text, services, "write it under 'services', or name one that stands there"));
            else if (names.Contains(item.Text))
                values.Faults.Add(item.Place, $"'{key}' names {Quote(item.Text)} twice", "remove one");
            else
                names.Add(item.Text);
        }

        return names.ToImmutable();
    }
}
