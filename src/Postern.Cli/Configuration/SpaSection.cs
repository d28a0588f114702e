using System.Collections.Immutable;
using System.Globalization;
using Postern.Knocks.Spa;
using Postern.Reports;
using static Postern.Cli.Configuration.Quoting;

namespace Postern.Cli.Configuration;

/// <summary>The section <c>spa</c>: where single packets are looked for, and who may send them. Not there: nobody.</summary>
internal static class SpaSection
{
    private const int MaxPorts = 64;

    /// <summary>Each is drawn anew with every time step, and an invitation has to hold them all.</summary>
    private const int MaxPools = 4;

    private static readonly TimeSpan LeastSkew = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan MostSkew = TimeSpan.FromHours(1);

    private static readonly KeyTable Keys = new("spa", ["ports", "pool", "step", "clock_skew", "key", "authorized_keys", "require", "receipt"], []) { Moved = [("ledger", "gate.ledger")] };

    public static SpaSettings Read(ImmutableArray<Entry> entries, Values values)
    {
        var fields = new Fields(entries, values.Faults).Check(Keys);
        var usual = new SpaSettings();
        var moving = ReadPool(fields["pool"], ReadStep(fields, values), values);
        var (ports, echo) = ReadPorts(fields["ports"], moving, values) ?? (moving.IsEmpty ? usual.Ports : [], usual.Echo);
        var (address, sourcePort) = ReadRequire(fields["require"], values);
        var settings = new SpaSettings
        {
            Ports = ports,
            MovingPorts = moving,
            Echo = echo,
            ClockSkew = values.Time("clock_skew", fields["clock_skew"], LeastSkew, MostSkew) ?? usual.ClockSkew,
            KeyFile = values.FullPath("key", fields["key"], SpaSettings.UsualKeyFile) ?? usual.KeyFile,
            AuthorizedKeysFile = values.FullPath("authorized_keys", fields["authorized_keys"], SpaSettings.UsualAuthorizedKeysFile) ?? usual.AuthorizedKeysFile,
            RequireAddress = address,
            RequireSourcePort = sourcePort,
            Receipt = values.Choice("receipt", fields["receipt"], [("true", true), ("false", false)]) ?? usual.Receipt,
        };
        WarnOfShortStep(settings, fields, values);
        return settings;
    }

    /// <summary>The gate takes the port of the step before and of the one after, and clients try as many to both sides (spec/spa.md §6): that is two steps, whatever the clocks may differ by.</summary>
    private static void WarnOfShortStep(SpaSettings spa, Fields fields, Values values)
    {
        if (spa.MovingPorts.IsEmpty || (fields["step"] ?? fields["clock_skew"]) is not { } node)
            return;
        var reach = TimeSpan.FromSeconds(2 * spa.MovingPorts[0].Step);
        if (reach < spa.ClockSkew)
            values.Faults.Warn(node.Place, $"a client whose clock is off by more than {Duration.Format(reach)} may miss the port of the pool, though 'clock_skew' lets it be off by {Duration.Format(spa.ClockSkew)}", $"write step: {Duration.Format(TimeSpan.FromSeconds(Math.Ceiling(spa.ClockSkew.TotalSeconds / 2)))} or longer, or a shorter clock_skew");
    }

    private static (ImmutableArray<PortRange> Ports, bool Echo)? ReadPorts(Node? node, ImmutableArray<MovingPort> moving, Values values)
    {
        if (node is ListNode { Items: [] } && moving.IsEmpty)
            values.Faults.Add(node.Place, "'ports' is an empty list", "write where packets are to be looked for: [udp/62201]");
        if (values.List("ports", node) is not { } list)
            return null;
        var ports = ImmutableArray.CreateBuilder<PortRange>();
        var (echo, count) = (false, 0);
        foreach (var item in list)
        {
            if (item.Text is "icmp")
                echo = true;
            else if (!PortRange.TryParse(item.Text, out var range))
                values.Faults.Add(item.Place, $"{Quote(item.Text)} is not a port", item.Text is "icmpv6" ? "write icmp: it means both families" : PortText.Mend(item.Text));
            else if (ports.FirstOrDefault(p => p.Overlaps(range)) is { First: not 0 } other)
                values.Faults.Add(item.Place, $"{range} is in {other} already", "write it once");
            else if (moving.FirstOrDefault(m => m.Pool.Overlaps(range)) is { Step: not 0 } pool)
                values.Faults.Add(item.Place, $"{range} is in the pool {pool.Pool}, or some of it", "a port either moves or stands: write it in one of the two");
            else if ((count += range.Count) > MaxPorts)
                values.Faults.Add(item.Place, string.Create(CultureInfo.InvariantCulture, $"more than {MaxPorts} ports"), "a few are enough: the packets look like noise on any of them");
            else
                ports.Add(range);
        }

        return (ports.ToImmutable(), echo);
    }

    /// <summary>In whole seconds.</summary>
    private static int ReadStep(Fields fields, Values values)
    {
        if (fields["step"] is not { } node)
            return MovingPort.UsualStep;
        if (fields["pool"] is null)
            values.Faults.Add(node.Place, "'step' says how long a port of the pool is the one, and there is no pool", "write pool: udp/10000-19999, or remove it");
        var step = values.Time("step", node, TimeSpan.FromSeconds(MovingPort.ShortestStep), TimeSpan.FromSeconds(MovingPort.LongestStep)) ?? TimeSpan.FromSeconds(MovingPort.UsualStep);
        if (step.Ticks % TimeSpan.TicksPerSecond == 0)
            return (int)step.TotalSeconds;
        values.Faults.Add(node.Place, "'step' is not of whole seconds", "write 1m");
        return MovingPort.UsualStep;
    }

    private static ImmutableArray<MovingPort> ReadPool(Node? node, int step, Values values)
    {
        if (node is ListNode { Items: [] })
            values.Faults.Add(node.Place, "'pool' is an empty list", "write the ports among which to move: udp/10000-19999");
        var pools = ImmutableArray.CreateBuilder<MovingPort>();
        foreach (var item in values.List("pool", node) ?? [])
        {
            if (!PortRange.TryParse(item.Text, out var pool))
                values.Faults.Add(item.Place, $"{Quote(item.Text)} is not a run of ports", PortText.Mend(item.Text));
            else if (!MovingPort.IsValid(pool, step))
                values.Faults.Add(item.Place, string.Create(CultureInfo.InvariantCulture, $"the pool {pool} has fewer than {MovingPort.LeastPorts} ports"), "write a longer run: udp/10000-19999");
            else if (pools.Any(p => p.Pool.Overlaps(pool)))
                values.Faults.Add(item.Place, $"{pool} is in the pool already, or some of it", "write each port once");
            else if (pools.Count == MaxPools)
                values.Faults.Add(item.Place, string.Create(CultureInfo.InvariantCulture, $"more than {MaxPools} runs of ports"), "one is enough: udp/10000-19999");
            else
                pools.Add(new(pool, step));
        }

        return pools.ToImmutable();
    }

    private static (bool Address, bool SourcePort) ReadRequire(Node? node, Values values)
    {
        var (address, sourcePort) = (false, false);
        foreach (var item in values.List("require", node) ?? [])
        {
            if (values.Choice("require", item, [("address", 'a'), ("source-port", 'p')]) is { } which)
                (address, sourcePort) = (address || which == 'a', sourcePort || which == 'p');
        }

        return (address, sourcePort);
    }
}
