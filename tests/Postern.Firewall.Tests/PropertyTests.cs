using FsCheck;
using FsCheck.Fluent;
using Postern.Firewall.Nftables;
using Postern.Reports;

namespace Postern.Firewall.Tests;

public sealed class PropertyTests
{
    private static readonly Config Many = Config.QuickThrowOnFailure.WithMaxTest(300);

    private static readonly Gen<Address> Sources = Gen.Choose(0, int.MaxValue).Two().Select(pair =>
        pair.Item1 % 2 == 0 ? Address.FromV4((uint)pair.Item2 + 1) : new Address(((UInt128)pair.Item1 << 96) | (uint)pair.Item2));

    private static readonly Gen<Grantee> Grantees =
        from source in Sources
        from port in Gen.Choose(0, 3)
        from holder in Gen.Elements("", "0123456789abcdef", "ffffffffffffffff")
        select new Grantee(source, (ushort)(port * 20_000), holder);

    private static readonly Gen<PortRange> Ranges =
        from transport in Gen.Elements(Transport.Tcp, Transport.Udp)
        from first in Gen.Choose(1, 60)
        from more in Gen.Choose(0, 12)
        select new PortRange(transport, (ushort)first, (ushort)(first + more));

    private static readonly Gen<ProtectedService> Services =
        from name in Gen.Elements("ssh", "web", "a_b-c", "x", new string('\uffee', 32))
        from ports in Ranges.NonEmptyListOf()
        from appear in Gen.Elements(Appearance.Silent, Appearance.Closed)
        select new ProtectedService(name, [.. ports.Take(5)], appear);

    /// <summary>What a batch adds is what the service has, once each; and the reader reads what the writer wrote.</summary>
    [Fact]
    public void A_batch_reads_back_as_the_grant() => Prop.ForAll((
        from service in Services
        from to in Grantees
        from target in Gen.Elements<Func<Address, ForwardTarget?>>(_ => null, _ => new(Address.None, 22), source => new(source, 8080))
        from time in Gen.Choose(1, int.MaxValue)
        select (service, to, target: target(to.Source), time)).ToArbitrary(), grant =>
    {
        var batch = new NetlinkBatch(new byte[1 << 20], 7);
        var last = new GrantBatch(grant.service, grant.to, grant.target, (ulong)grant.time).Write(ref batch, GrantSteps.Ensure | GrantSteps.Remove | GrantSteps.Add);
        var expected = grant.service.Ports.SelectMany(range => Enumerable.Range(range.First, range.Count).Select(port => (range.Transport, (ushort)port))).Distinct().Order().ToArray();

        var answer = new NetlinkAnswer(batch.Written);
        var sets = GrantSet.For(grant.to, grant.target);
        var kinds = new List<int>();
        while (answer.MoveNext())
        {
            kinds.Add(answer.Type);
            Assert.Equal(answer.Sequence == last, (answer.Flags & NfTablesWire.FlagAcknowledge) != 0);
            if (answer.Type < 256)
                continue;
            var set = sets[(kinds.Count - 2) % sets.Length];
            Assert.Equal((grant.to.Source.IsV4, grant.to.SourcePort != 0), (set.IsV4, set.IsNarrow));
            Assert.True(answer.Attributes.TryFind(NfTablesWire.Within, out var name) && name.Is(set.Name));
            Assert.True(answer.Attributes.TryFind(NfTablesWire.Element.List, out var list));
            var found = new List<(Transport, ushort)>();
            var elements = list.Nest;
            while (elements.MoveNext())
            {
                var added = (answer.Type & 0xff) == (int)NftMessage.NewSetElement;
                Assert.Equal(added || !set.IsMap, GrantElement.TryRead(elements.Nest, set, out var element)); // taken out, it need not say where it led
                Assert.Equal(added && set.IsMap ? grant.target : null, element.Target);
                Assert.Equal(added ? grant.to : grant.to with { Holder = "" }, element.To);
                Assert.Equal(added ? grant.service.Name : "", element.Service);
                found.Add((element.Transport, element.Port));
            }

            Assert.Equal(expected, found.Order());
        }

        Assert.False(answer.Broken);
        Assert.Equal([0x10, .. ((int[])[0xa0c, 0xa0e, 0xa0c]).SelectMany(kind => Enumerable.Repeat(kind, sets.Length)), 0x11], kinds);
    }).Check(Many);

    /// <summary>Each protected port is in exactly one run, with its services; where one of them is silent, it is silent.</summary>
    [Fact]
    public void The_plan_has_each_port_once() => Prop.ForAll(Services.NonEmptyListOf().ToArbitrary(), services =>
    {
        var plan = PortPlan.Of([.. services]);
        foreach (var transport in (ReadOnlySpan<Transport>)[Transport.Tcp, Transport.Udp])
        {
            for (ushort port = 1; port < 80; port++)
            {
                var owners = services.Where(service => service.Ports.Any(range => range.Contains(transport, port))).ToArray();
                var runs = plan.Where(ports => ports.Range.Contains(transport, port)).ToArray();
                Assert.Equal(owners.Length == 0 ? 0 : 1, runs.Length);
                if (runs.Length == 0)
                    continue;
                Assert.Equal(owners.Select(owner => owner.Name).Distinct(StringComparer.Ordinal).ToArray(), runs[0].Services.ToArray());
                Assert.Equal(owners.All(owner => owner.Appear == Appearance.Closed), runs[0].Appear == Appearance.Closed);
            }
        }
    }).Check(Many);

    /// <summary>Whatever arrives, the reader stays inside it and comes to an end.</summary>
    [Fact]
    public void Bytes_of_any_kind_do_no_harm() => Prop.ForAll(Gen.Choose(0, 255).Select(value => (byte)(value < 100 ? value % 24 : value)).ArrayOf().ToArbitrary(), bytes =>
    {
        var answer = new NetlinkAnswer(bytes);
        var steps = 0;
        while (answer.MoveNext())
        {
            Assert.True(steps++ <= bytes.Length);
            _ = answer.Error;
            var attributes = answer.Attributes;
            while (attributes.MoveNext())
            {
                Assert.True(steps++ <= bytes.Length);
                foreach (var set in (GrantSet[])[.. GrantSet.Plain, .. GrantSet.Forwarding])
                {
                    _ = GrantElement.TryRead(attributes, set, out _);
                    _ = GrantElement.TryRead(attributes.Nest, set, out _);
                }
            }
        }
    }).Check(Many);
}
