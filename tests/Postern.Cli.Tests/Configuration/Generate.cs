using System.Collections.Immutable;
using System.Net;
using FsCheck;
using FsCheck.Fluent;
using Postern.Cli.Configuration;
using Postern.Confinement;
using Postern.Firewall;
using Postern.Knocks.Sequences;
using Postern.Packets;
using Postern.Reports;
using Postern.Steward.Errands;
using Postern.Warden;

namespace Postern.Cli.Tests.Configuration;

/// <summary>Random configurations that keep to the rules, and random damage to a text.</summary>
internal static class Generate
{
    private const string FirstOfName = "abcdefghijklmnopqrstuvwxyz0123456789";

    private static Gen<string> Names =>
        from first in Gen.Elements(FirstOfName.ToCharArray())
        from rest in Gen.ArrayOf(Gen.Elements((FirstOfName + "-_").ToCharArray()))
        select new string([first, .. rest.Take(31)]);

    private static Gen<bool> Coins => Gen.Elements(true, false);

    private static Gen<TimeSpan> Times(TimeSpan min, TimeSpan max) =>
        from odd in Coins
        from high in Gen.Choose(0, int.MaxValue)
        from low in Gen.Choose(0, int.MaxValue)
        let span = (max - min).Ticks
        let ticks = min.Ticks + ((((long)high << 31) | (uint)low) % (span + 1))
        select new TimeSpan(odd ? ticks : Math.Max(min.Ticks, ticks / TimeSpan.TicksPerSecond * TimeSpan.TicksPerSecond));

    private static Gen<IPNetwork> Networks =>
        from v4 in Coins
        from bytes in Gen.Choose(0, 255).Select(b => (byte)b).ArrayOf(16)
        from length in Gen.Choose(0, v4 ? 32 : 128)
        let address = v4 ? Address.From(new IPAddress(bytes[..4])) : Address.From(new IPAddress((byte[])[0x20, .. bytes[1..]]))
        let host = (v4 ? 32 : 128) - length
        let first = host == 128 ? default : new Address(address.Value >> host << host)
        select new IPNetwork(first.ToIPAddress(), length);

    private static Gen<WeeklyHours> Hours =>
        from first in Gen.Choose(0, 6)
        from last in Gen.Choose(0, 6)
        from @from in Gen.Choose(0, 1439)
        from to in Gen.Choose(0, 1439)
        where @from != to || to == 0
        select new WeeklyHours((DayOfWeek)first, (DayOfWeek)last, TimeOnly.MinValue.AddMinutes(@from), TimeOnly.MinValue.AddMinutes(to));

    private static Gen<TcpFlagCondition> Flags =>
        from set in Gen.Choose(0, 255)
        from clear in Gen.Choose(0, 255)
        select new TcpFlagCondition((TcpFlags)set, (TcpFlags)(clear & ~set));

    /// <summary>Of every fourth service or so: to one target of each family, from single ports.</summary>
    private static Gen<Service> Leading(Service service) =>
        from leads in Gen.Choose(0, 3)
        from bytes in Gen.Choose(1, 250).Select(b => (byte)b).ArrayOf(16)
        from port in Gen.Choose(1, 65535)
        from families in Gen.Choose(1, 3)
        from masked in Coins
        let v4 = new ForwardTarget(Address.From(new IPAddress((byte[])[10, .. bytes[1..4]])), (ushort)port)
        let v6 = new ForwardTarget(Address.From(new IPAddress((byte[])[0x20, .. bytes[1..]])), (ushort)port)
        select leads != 0 ? service : service with
        {
            Ports = [.. service.Ports.Select(range => new PortRange(range.Transport, range.First))],
            Forward = new() { Fixed = families switch { 1 => [v4], 2 => [v6], _ => [v6, v4] }, Masquerade = masked },
        };

    // Each service has a block of ports of its own, each step one too: the rules on overlap have cases of their own.
    private static Gen<Service> Services(string name, int index) => PlainServices(name, index).SelectMany(Leading);

    private static Gen<Service> PlainServices(string name, int index) =>
        from count in Gen.Choose(1, 4)
        from widths in Gen.Choose(1, 40).ArrayOf(count)
        from udp in Coins.ArrayOf(count)
        from time in Times(TimeSpan.FromSeconds(1), TimeSpan.FromDays(30))
        from closed in Coins
        let ports = Enumerable.Range(0, count).Select(i => (First: (ushort)(1 + (index * 200) + (i * 50)), Width: widths[i], Udp: udp[i]))
        select new Service(name, [.. ports.Select(p => new PortRange(p.Udp ? Transport.Udp : Transport.Tcp, p.First, (ushort)(p.First + p.Width - 1)))])
        {
            OpenFor = time,
            Appear = closed ? Appearance.Closed : Appearance.Silent,
        };

    private static readonly string[] Words = ["{address}", "-p{port}", "{{", "}}", "", "it's: a #word", "[a, b]", "ü {key}", "- {seconds}", "{service}", "*a", "😀"];

    /// <summary>Of every fourth service or so, in place of its ports.</summary>
    private static Gen<(Service Service, Errand? Action)> Actions(Service service) =>
        from isOne in Gen.Choose(0, 3)
        from run in Gen.Elements(Words).ArrayOf()
        from undo in Gen.Elements(Words).ArrayOf()
        from hasUndo in Coins
        from user in Gen.Elements("nobody", "root")
        from limit in Times(TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(10))
        let action = new Errand(service.Name, ["/bin/true", .. run.Take(60)]) { Undo = hasUndo ? ["/bin/true", .. undo.Take(60)] : [], RunAs = user, TimeLimit = limit }
        let withAction = new Service(service.Name, []) { Action = new(action.Fingerprint(), hasUndo) }
        select isOne == 0 ? (hasUndo ? withAction with { OpenFor = service.OpenFor } : withAction, action) : (service, (Errand?)null);

    private static Gen<KnockSequence> Sequences(string name, int index) =>
        from count in Gen.Choose(1, 32)
        from kinds in Gen.Choose(0, 2).ArrayOf(count)
        from widths in Gen.Choose(1, 9).ArrayOf(count)
        from strict in Coins
        from any in Coins
        from within in Times(TimeSpan.FromMilliseconds(100), TimeSpan.FromMinutes(10))
        from flags in Flags
        from alone in Coins
        from family in Gen.Elements(IpFamily.Both, IpFamily.V4, IpFamily.V6)
        from to in Gen.Elements("192.0.2.1", "192.0.2.2", "2001:db8::1").ArrayOf()
        let first = 10_000 + (index * 400)
        select new KnockSequence(name, [.. Enumerable.Range(0, count).Select(i => Step(kinds[i], (ushort)(first + (i * 10)), widths[i]))])
        {
            Order = strict ? StepOrder.Strict : StepOrder.Any,
            Within = within,
            TcpFlags = any ? TcpFlagCondition.Any : flags,
            Alone = strict && alone,
            Family = family,
            To = [.. to.Distinct(StringComparer.Ordinal).Select(t => Address.TryParse(t, out var address) ? address : default).Where(a => family == IpFamily.Both || a.IsV4 == (family == IpFamily.V4))],
        };

    private static KnockStep Step(int kind, ushort first, int width) => kind switch
    {
        0 => new(StepKind.Tcp, first, (ushort)(first + width - 1)),
        1 => new(StepKind.Udp, first, (ushort)(first + width - 1)),
        _ => new(StepKind.Echo, first, first),
    };

    private static Gen<Door> Doors(string name, string[] services) =>
        from shuffled in Gen.Shuffle(services)
        from opens in Gen.Choose(0, services.Length)
        from closes in Gen.Choose(opens == 0 ? 1 : 0, services.Length - opens)
        select new Door(name, [.. shuffled.Take(opens)], [.. shuffled.Skip(opens).Take(closes)]);

    private static bool TellsStack(KnockSequence sequence) =>
        sequence.TcpFlags.Set.HasFlag(TcpFlags.Syn) && sequence.TcpFlags.Clear.HasFlag(TcpFlags.Ack) && !SequenceRules.StepsWithoutStack(sequence).Any();

    private static Gen<T[]> Each<T>(string[] names, Func<string, int, Gen<T>> one) => Gen.CollectToArray(names.Select(one));

    public static Gen<GateConfiguration> Configurations =>
        from serviceNames in Names.ArrayOf().Select(n => n.Distinct(StringComparer.Ordinal).Take(12).ToArray())
        from knockNames in Names.ArrayOf().Select(n => serviceNames.Length == 0 ? [] : n.Distinct(StringComparer.Ordinal).Take(12).ToArray())
        from plain in Each(serviceNames, Services)
        from served in Gen.CollectToArray(plain.Select(Actions))
        let services = served.Select(s => s.Service).ToArray()
        from sequences in Each(knockNames, Sequences)
        from doors in Each(knockNames, (name, _) => Doors(name, serviceNames))
        from stacks in Gen.SubListOf(ClientStackText.All.Select(s => s.Stack))
        let stacked = doors.Zip(sequences, (door, sequence) => TellsStack(sequence) ? door with { Stacks = [.. stacks] } : door)
        from allow in Networks.ArrayOf()
        from deny in Networks.ArrayOf()
        from hours in Hours.ArrayOf()
        from grants in Gen.Choose(1, 1 << 20)
        from interfaces in Names.ArrayOf()
        from socket in Gen.Elements("/run/postern/control.sock", "/tmp/it's: a #socket", "/ü", "/[a, b]")
        from readers in Gen.SubListOf("root", "daemon")
        from off in Coins
        select new GateConfiguration(new([.. services], [.. stacked]) { MaxGrants = grants, Policy = new() { Allow = [.. allow], Deny = [.. deny], Hours = [.. hours] } }, [.. sequences])
        {
            Interfaces = [.. interfaces.Select(i => i.Length > 15 ? i[..15] : i).Where(i => i != "any").Distinct(StringComparer.Ordinal)],
            ControlSocket = socket,
            ControlReaders = [.. readers.Select(r => new ControlReader(r, Account.Find(r)?.User, Account.FindGroup(r)))],
            Actions = [.. served.Select(s => s.Action).OfType<Errand>()],
            Traps = off ? TrapSetting.Off : TrapSetting.Auto,
        };

    private static readonly string[] Pieces =
    [
        " ", "\n", "\t", ":", ": ", "- ", "[", "]", "{", "}", ",", "#", "&a ", "*a", "!", "!!str ", "'", "\"", "|", ">", "%", "@", "`", "?", "? ", "---\n", "...\n",
        "\\", "\\x00", "\\uD800", "\\U0010FFFF", "0", "-1", "99999999999999999999", "~", "null", "\r", "\u2028", "\u0085", "\ufeff", "é", "😀", "%YAML 9.9\n", "%TAG ! x\n", "<<: ",
    ];

    /// <summary>Some pieces of the text are taken out, doubled, or replaced by what YAML gives a meaning to.</summary>
    public static Gen<string> Mutations(string text) =>
        from count in Gen.Choose(1, 8)
        from changes in (from at in Gen.Choose(0, text.Length) from cut in Gen.Choose(0, 6) from piece in Gen.Elements(Pieces) from what in Gen.Choose(0, 2) select (at, cut, piece, what)).ArrayOf(count)
        select changes.Aggregate(text, (t, c) =>
        {
            var at = Math.Min(c.at, t.Length);
            var end = Math.Min(at + c.cut, t.Length);
            return c.what switch
            {
                0 => t.Remove(at, end - at),
                1 => t.Insert(at, t[at..end]),
                _ => t.Remove(at, end - at).Insert(at, c.piece),
            };
        });
}
