using System.Collections.Immutable;
using System.Globalization;
using Postern.Knocks.Sequences;
using Postern.Warden;
using static Postern.Cli.Configuration.Quoting;

namespace Postern.Cli.Configuration;

/// <summary>One knock as read: what is watched for, what it does, and where that was written.</summary>
internal sealed record Knock(KnockSequence Sequence, Door Door, Place Place, ImmutableArray<Place> StepPlaces);

/// <summary>The section <c>knocks</c>: by what a service is opened or closed.</summary>
internal static class KnocksSection
{
    private const int MaxKnocks = 16_384;

    private static readonly TimeSpan ShortestWithin = TimeSpan.FromMilliseconds(100);

    private static readonly TimeSpan LongestWithin = TimeSpan.FromMinutes(10);

    private static readonly KeyTable Keys = new("a knock", ["method", "sequence", "within", "order", "tcp_flags", "opens", "closes"], ["secret_file"]);

    private static readonly string[] LaterMethods = ["rolling", "one-time", "ports", "syn", "spa"];

    // services null: not all of them could be read, so none can be said to be missing. Those by the method fwknop are put into their own list.
    public static ImmutableArray<Knock> Read(ImmutableArray<Entry> entries, IReadOnlySet<string>? services, List<FwknopKnock> fwknop, Values values)
    {
        if (entries.Length > MaxKnocks)
        {
            values.Faults.Add(entries[MaxKnocks].Key.Place, string.Create(CultureInfo.InvariantCulture, $"more than {MaxKnocks} knocks"), "remove those that nobody uses");
            return [];
        }

        return [.. values.Named("knock", entries).Select(e => ReadOne(e.Name, new(e.Map.Entries, values.Faults), services, fwknop, values)).OfType<Knock>()];
    }

    private static Knock? ReadOne(TextNode name, Fields fields, IReadOnlySet<string>? services, List<FwknopKnock> fwknop, Values values)
    {
        if (FwknopKnockReader.IsOne(fields))
        {
            fwknop.Add(FwknopKnockReader.Read(name, fields, services, values));
            return null;
        }

        // What the other keys of a method mean is that method's affair: of one that is not supported nothing more is said.
        if (fields["method"] is { } method && values.Choice("method", method, [("sequence", true), ("fwknop", true)], LaterMethods) is null)
            return null;

        var before = values.Faults.Count;
        fields.Check(Keys);
        var (steps, places) = ReadSteps(name, fields["sequence"], values);
        var sequence = new KnockSequence(name.Text, steps);
        sequence = sequence with
        {
            Order = values.Choice("order", fields["order"], [("any", StepOrder.Any), ("strict", StepOrder.Strict)]) ?? sequence.Order,
            Within = values.Time("within", fields["within"], ShortestWithin, LongestWithin) ?? sequence.Within,
            TcpFlags = ReadFlags(fields["tcp_flags"], values) ?? sequence.TcpFlags,
        };
        var opens = ReadNames("opens", fields["opens"], services, values);
        var closes = ReadNames("closes", fields["closes"], services, values);
        foreach (var both in closes.Where(opens.Contains))
            values.Faults.Add(name.Place, $"the knock '{name.Text}' opens and closes '{both}'", "let it do one of the two");
        if (values.Faults.Count == before && opens.IsEmpty && closes.IsEmpty)
            values.Faults.Add(name.Place, $"the knock '{name.Text}' neither opens nor closes anything", "name a service: opens: [ssh]");
        return new(sequence, new(name.Text, opens, closes), name.Place, places);
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
            if (!KnockStep.TryParse(item.Text, out var step))
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

    private static ImmutableArray<string> ReadNames(string key, Node? node, IReadOnlySet<string>? services, Values values)
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
