using Postern.Keys;
using Postern.Knocks.Sequences;
using Postern.Packets;
using Postern.Reports;
using Postern.Sentry;

namespace Postern.Sentry.Tests;

public sealed class SentryOrdersTests
{
    private static readonly KnockSequence Office = new("office", [new(StepKind.Tcp, 7000, 7000), new(StepKind.Udp, 8000, 8010), KnockStep.AnyEcho])
    {
        Order = StepOrder.Strict,
        Within = TimeSpan.FromMilliseconds(12_345),
        TcpFlags = new(TcpFlags.Fin, TcpFlags.Ack | TcpFlags.Urg),
        Alone = true,
        Family = IpFamily.V6,
        To = [Address.FromV4(0x7f000001), new(UInt128.MaxValue - 1)],
    };

    [Fact]
    public void What_is_written_is_read()
    {
        using var secret = GateSecret.Generate();
        using var outer = secret.DeriveOuterKey();
        using var pair = BoxKeyPair.Generate();
        var spa = new SpaWatchOptions(outer, pair, UInt128.MaxValue - 5)
        {
            UdpPorts = [new(62201, 62201), new(1, 2)],
            TcpPorts = [new(443, 443)],
            Echo = true,
            Limits = new() { InAll = new(1, 2), PerHost = new(3, 4), PerNetwork = new(5, 6) },
        };
        var options = new SentryOptions(77, [Office, Office with { Name = "leave", Order = StepOrder.Any, Alone = false, To = [] }])
        {
            Traps = TrapPorts.For([Office], (_, _) => false, n => Random.Shared.Next(n)),
            Spa = spa,
        };
        var orders = new SentryOrders(options) { Ring = new(16384, 256), Interfaces = ["eth0", "ppp0"], Source = SourceKind.Lines };

        var read = SentryOrders.Read(orders.Write("this build"), "this build")!;
        Assert.Equal(orders.Ring, read.Ring);
        Assert.Equal(orders.Interfaces, read.Interfaces);
        Assert.Equal(77u, read.Options.Generation);
        Assert.Equal(options.Doors.Select(Text), read.Options.Doors.Select(Text));
        Assert.Equal(options.Traps.Ports, read.Options.Traps.Ports);
        Assert.Equal(options.Traps.Memory, read.Options.Traps.Memory);
        Assert.Equal(options.Filter().ToString(), read.Options.Filter().ToString());
        var again = read.Options.Spa!;
        Assert.Equal((spa.Seed, spa.Echo, spa.Limits), (again.Seed, again.Echo, again.Limits));
        Assert.Equal(spa.UdpPorts, again.UdpPorts);
        Assert.Equal(spa.TcpPorts, again.TcpPorts);
        Assert.Equal(Bytes(outer.Export, OuterKey.Size), Bytes(again.OuterKey.Export, OuterKey.Size));
        Assert.Equal(Bytes(pair.Export, BoxKeyPair.PrivateKeySize), Bytes(again.GateKey.Export, BoxKeyPair.PrivateKeySize));
        Assert.Equal(orders.Write("x"), read.Write("x"));
        again.OuterKey.Dispose();
        again.GateKey.Dispose();
    }

    [Fact]
    public void A_sentry_of_sequences_alone_has_no_keys()
    {
        var read = SentryOrders.Read(new SentryOrders(new(1, [])).Write("b"), "b")!;
        Assert.Null(read.Options.Spa);
        Assert.Null(read.Ring);
        Assert.False(read.Options.Traps.Any);
    }

    [Fact]
    public void Orders_of_another_build_cut_short_or_too_long_are_none()
    {
        var bytes = new SentryOrders(new(1, [Office])).Write("b");
        Assert.Null(SentryOrders.Read(bytes, "c"));
        Assert.ThrowsAny<IOException>(() => SentryOrders.Read([.. bytes, 0], "b"));
        for (var length = 0; length < bytes.Length; length++)
            Assert.ThrowsAny<IOException>(() => SentryOrders.Read(bytes[..length], "b"));
    }

    private static string Text(KnockSequence door) => $"{door.Name} {door.Order} {door.Within} {door.TcpFlags} {string.Join(',', door.Steps)}";

    private delegate void Export(Span<byte> into);

    private static byte[] Bytes(Export export, int size)
    {
        var bytes = new byte[size];
        export(bytes);
        return bytes;
    }
}
