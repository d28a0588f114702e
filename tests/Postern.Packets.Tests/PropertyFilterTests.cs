using System.Buffers.Binary;
using System.Collections.Immutable;
using FsCheck;
using FsCheck.Fluent;
using Postern.Packets;
using Postern.Packets.Filters;

namespace Postern.Packets.Tests;

/// <summary>The program that goes to the kernel says of every packet what <see cref="PacketView"/> and the filter say.</summary>
public sealed class PropertyFilterTests
{
    private const byte Host = 0;

    internal static bool Wants(CaptureFilter filter, ReadOnlySpan<byte> ip) => Keeps(filter, ip) != 0;

    /// <summary>How much of the packet the filter keeps: none, a cut one, or a whole one for the size of its data.</summary>
    internal static int Keeps(CaptureFilter filter, ReadOnlySpan<byte> ip)
    {
        if (PacketView.TryRead(ip, LinkType.Raw, out var packet) != PacketFault.None)
            return 0;
        var (plain, sized) = packet.Protocol switch
        {
            IpProtocol.Tcp => (
                (packet.Flags & filter.TcpFlagsMask) == filter.TcpFlagsSet && Has(filter.TcpPorts, packet.DestinationPort),
                packet.Flags.HasFlag(TcpFlags.Syn) && !packet.Flags.HasFlag(TcpFlags.Ack) && Has(filter.SizedTcpPorts, packet.DestinationPort)),
            IpProtocol.Udp => (Has(filter.UdpPorts, packet.DestinationPort), Has(filter.SizedUdpPorts, packet.DestinationPort)),
            _ => (filter.Echo && packet.IsEchoRequest, filter.SizedEcho && packet.IsEchoRequest),
        };
        var whole = (sized && filter.PayloadSizes.Contains(packet.PayloadLength)) || (filter.Data is { } data && HasData(data, packet));
        return whole ? filter.SizedSnapLength : plain ? filter.SnapLength : 0;
    }

    private static bool HasData(DataFilter data, in PacketView packet)
    {
        var concerns = packet.Protocol switch
        {
            IpProtocol.Tcp => Has(data.TcpPorts, packet.DestinationPort),
            IpProtocol.Udp => Has(data.UdpPorts, packet.DestinationPort),
            _ => data.Icmp && packet.Protocol == IpProtocol.Icmp,
        };
        if (!concerns)
            return false;
        if (packet.PayloadLength > data.MaxSize)
            return packet.Protocol == IpProtocol.Udp && packet.PayloadLength <= data.MaxDatagram;
        return packet.PayloadLength >= data.MinSize && !packet.Payload.IsEmpty && data.FirstBytes.Contains(packet.Payload[0]);
    }

    private static bool Has(ImmutableArray<FilterPorts> runs, ushort port)
    {
        foreach (var run in runs)
        {
            if (port >= run.First && port <= run.Last)
                return true;
        }

        return false;
    }

    private static uint Run(ImmutableArray<BpfInstruction> program, ReadOnlySpan<byte> ip, byte packetType = Host) =>
        BpfInterpreter.Run(program.AsSpan(), ip, EtherType(ip), packetType);

    private static ushort EtherType(ReadOnlySpan<byte> ip) => (ushort)(!ip.IsEmpty && ip[0] >> 4 == 6 ? 0x86dd : 0x0800);

    /// <summary>Few different ports, near each other and at both ends, so that hits and near misses are common.</summary>
    private static readonly Gen<ushort> Port =
        Gen.Frequency((4, Gen.Choose(7000, 7040)), (1, Gen.Choose(0, 3)), (1, Gen.Choose(65533, 65535)), (1, Gen.Choose(0, 65535))).Select(p => (ushort)p);

    private static readonly Gen<FilterPorts> Run1 =
        from first in Port
        from width in Gen.Frequency((3, Gen.Constant(0)), (1, Gen.Choose(1, 9)))
        select new FilterPorts(first, (ushort)Math.Min(65535, first + width));

    private static readonly Gen<TcpFlags> Flags = Gen.Frequency(
        (1, Gen.Constant(TcpFlags.Syn)), (1, Gen.Constant(TcpFlags.None)), (1, Gen.Choose(0, 255).Select(f => (TcpFlags)f)));

    internal static Gen<CaptureFilter> Filters(int most) =>
        from tcp in Gen.Choose(0, most).SelectMany(n => Run1.ArrayOf(n))
        from udp in Gen.Choose(0, most).SelectMany(n => Run1.ArrayOf(n))
        from echo in Gen.Elements(true, false)
        from sizedTcp in Gen.Choose(0, most).SelectMany(n => Run1.ArrayOf(n))
        from sizedUdp in Gen.Choose(0, most).SelectMany(n => Run1.ArrayOf(n))
        from sizedEcho in Gen.Elements(true, false)
        from sizes in Gen.SubListOf(Sizes)
        from mask in Gen.Elements(TcpFlags.None, TcpFlags.Syn | TcpFlags.Ack, TcpFlags.Syn)
        from set in Gen.Frequency((4, Gen.Constant(mask & TcpFlags.Syn)), (1, Flags))
        from data in Gen.Frequency((1, Gen.Constant<DataFilter?>(null)), (3, DataFilters(most).Select(d => (DataFilter?)d)))
        select new CaptureFilter
        {
            TcpPorts = [.. tcp], UdpPorts = [.. udp], Echo = echo, TcpFlagsMask = mask, TcpFlagsSet = set,
            SizedTcpPorts = [.. sizedTcp], SizedUdpPorts = [.. sizedUdp], SizedEcho = sizedEcho, PayloadSizes = [.. sizes], SizedSnapLength = 1300, Data = data,
        };

    private static Gen<DataFilter> DataFilters(int most) =>
        from tcp in Gen.Choose(0, most).SelectMany(n => Run1.ArrayOf(n))
        from udp in Gen.Choose(0, most).SelectMany(n => Run1.ArrayOf(n))
        from icmp in Gen.Elements(true, false)
        from min in Gen.Choose(1, 400)
        from more in Gen.Choose(0, 400)
        from datagram in Gen.Elements(0, 1000)
        from first in Gen.SubListOf("89+/G"u8.ToArray())
        select new DataFilter(min, min + more, [.. first]) { TcpPorts = [.. tcp], UdpPorts = [.. udp], Icmp = icmp, MaxDatagram = datagram };

    private static readonly int[] Sizes = [320, 512, 1200];

    /// <summary>Nothing, one of the sizes, or a byte more or less.</summary>
    private static readonly Gen<byte[]> Data = Gen.Frequency(
        (2, Gen.Constant(0)), (4, Gen.Elements(Sizes)), (1, Gen.Elements(Sizes).Zip(Gen.Elements(-1, 1), (size, more) => size + more)), (1, Gen.Choose(0, 1300)))
        .Zip(Gen.Elements("8/G\0"u8.ToArray()), (length, first) => { var data = new byte[length]; data.AsSpan().Fill(first); return data; });

    private static readonly Gen<(byte, byte[])> Extension = Gen.OneOf(
        Gen.Elements((byte)0, (byte)43, (byte)60).Zip(Gen.Choose(0, 4), (kind, words) => Craft.Options(kind, (byte)words)),
        Gen.Choose(1, 6).Select(words => Craft.Authentication((byte)words)),
        Gen.Frequency((5, Gen.Constant((ushort)0)), (1, Gen.Elements<ushort>(1, 8, 6, 0xfff8))).Select(Craft.Fragment));

    private static readonly Gen<(byte V4, byte V6, byte[] Inner)> Inner = Gen.OneOf(
        from port in Port from flags in Flags from words in Gen.Choose(0, 10) from data in Data
        select ((byte)6, (byte)6, Craft.Tcp(port, flags, optionWords: words, payload: data)),
        from port in Port from data in Data select ((byte)17, (byte)17, Craft.Udp(port, payload: data)),
        from type in Gen.Elements<byte>(0, 8, 128, 129, 3) from data in Data select ((byte)1, (byte)58, Craft.Icmp(type, payload: data)),
        from type in Gen.Elements<byte>(8, 128) select ((byte)58, (byte)1, Craft.Icmp(type)),
        from protocol in Gen.Elements<byte>(47, 50, 132) from port in Port select (protocol, protocol, Craft.Udp(port)));

    internal static readonly Gen<byte[]> Packets =
        from inner in Inner
        from isV4 in Gen.Elements(true, false)
        from optionWords in Gen.Frequency((2, Gen.Constant(0)), (1, Gen.Choose(1, 10)))
        from fragment in Gen.Frequency((6, Gen.Constant((ushort)0x4000)), (1, Gen.Elements<ushort>(0x2000, 1, 0x1fff, 0x8000)))
        from extensions in Gen.Frequency((1, Gen.Constant(0)), (2, Gen.Choose(1, 8))).SelectMany(n => Extension.ArrayOf(n))
        select isV4
            ? Craft.IPv4(inner.V4, inner.Inner, optionWords: optionWords, fragment: fragment)
            : Craft.IPv6(inner.V6, inner.Inner, extensions: extensions);

    [Fact]
    public void Accepts_what_the_filter_wants_and_nothing_else()
    {
        int yes = 0, whole = 0, no = 0;
        Prop.ForAll(Filters(40).Zip(Packets).ToArbitrary(), pair =>
        {
            var (filter, ip) = pair;
            var kept = Keeps(filter, ip);
            _ = kept == 0 ? no++ : kept == filter.SnapLength ? yes++ : whole++;
            return Run(BpfProgram.From(filter), ip) == (uint)kept;
        }).Check(PropertyPacketTests.Thorough(20_000));
        Assert.True(yes > 1500 && whole > 300 && no > 2000, $"{yes} yes, {whole} for their size, {no} no");
    }

    [Fact]
    public void Refuses_nothing_that_the_filter_wants_however_packets_lie()
    {
        var mutated = from ip in Gen.Frequency((1, Packets), (1, Gen.Elements(SizedPackets)))
                      from at in Gen.Choose(0, ip.Length - 1)
                      from value in ArbMap.Default.GeneratorFor<byte>()
                      from length in Gen.Choose(ip.Length / 2, ip.Length)
                      select (byte[])[.. ip.Select((b, i) => i == at ? value : b).Take(length)];
        Prop.ForAll(Filters(5).Zip(mutated).ToArbitrary(), pair => !Wants(pair.Item1, pair.Item2) || Run(BpfProgram.From(pair.Item1), pair.Item2) != 0)
            .Check(PropertyPacketTests.Thorough(20_000));
    }

    /// <summary>All that may carry data of a size, with options and extension headers; only their headers are worth mutating, and most mutations fall there.</summary>
    private static readonly byte[][] SizedPackets =
    [
        .. from inner in new (byte V4, byte V6, byte[] Bytes)[]
            {
                (6, 6, Craft.Tcp(7000, payload: new byte[320])), (6, 6, Craft.Tcp(7001, payload: new byte[320], optionWords: 7)),
                (17, 17, Craft.Udp(7002, payload: new byte[320])), (1, 58, Craft.Icmp(8, payload: new byte[320])), (1, 58, Craft.Icmp(128, payload: new byte[320])),
            }
           from ip in new[]
            {
                Craft.IPv4(inner.V4, inner.Bytes), Craft.IPv4(inner.V4, inner.Bytes, optionWords: 10), Craft.IPv6(inner.V6, inner.Bytes),
                Craft.IPv6(inner.V6, inner.Bytes, extensions: [Craft.Options(0), Craft.Options(43, 2), Craft.Fragment(), Craft.Authentication()]),
            }
           select ip,
    ];

    /// <summary>Each value of each byte of the headers: what the reader takes for a packet with data of a size, the kernel lets through.</summary>
    [Fact]
    public void Refuses_no_data_of_a_size_whatever_the_headers_say()
    {
        RefusesNone(new() { SizedTcpPorts = [new(0, 65535)], SizedUdpPorts = [new(0, 65535)], SizedEcho = true, PayloadSizes = [300, 320, 340, 360] });
        RefusesNone(new() { Data = new(300, 360, [0]) { TcpPorts = [new(0, 65535)], UdpPorts = [new(0, 65535)], Icmp = true } });
    }

    private static void RefusesNone(CaptureFilter filter)
    {
        var program = BpfProgram.From(filter);
        var wanted = 0;
        foreach (var ip in SizedPackets)
        {
            for (var at = 0; at < ip.Length - 320; at++)
            {
                var original = ip[at];
                for (var value = 0; value < 256; value++)
                {
                    ip[at] = (byte)value;
                    if (!Wants(filter, ip))
                        continue;
                    wanted++;
                    Assert.True(Run(program, ip) == (uint)filter.SizedSnapLength, Convert.ToHexString(ip.AsSpan(..^320)));
                }

                ip[at] = original;
            }
        }

        Assert.InRange(wanted, 100_000, int.MaxValue);
    }

    [Fact]
    public void Never_reads_memory_it_has_not_written_nor_leaves_the_program() =>
        Prop.ForAll(Filters(3).Zip(ArbMap.Default.GeneratorFor<byte>().ArrayOf()).ToArbitrary(), pair =>
        {
            Run(BpfProgram.From(pair.Item1), pair.Item2);
            return true;
        }).Check(PropertyPacketTests.Thorough(5000));

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(59)]
    [InlineData(61)]
    [InlineData(127)]
    [InlineData(220)]
    public void Any_number_of_ports_is_found_exactly(int count)
    {
        var runs = Enumerable.Range(0, count).Select(i => new FilterPorts((ushort)(i * 65535 / count), (ushort)(i * 65535 / count + i % 3))).ToImmutableArray();
        var filter = new CaptureFilter { TcpPorts = [.. runs.Take(count / 2)], UdpPorts = [.. runs.Skip(count / 2).Reverse(), runs[^1]] };
        EveryPortIsRight(filter, BpfProgram.From(filter), isExact: true);
    }

    [Fact]
    public void As_many_as_the_kernel_can_take_at_all()
    {
        var filter = new CaptureFilter { UdpPorts = [.. Enumerable.Range(0, 1800).Select(i => new FilterPorts((ushort)(i * 36), (ushort)(i * 36 + i % 2)))] };
        var program = BpfProgram.From(filter, BpfProgram.KernelMaxInstructions);
        Assert.InRange(program.Length, 3000, BpfProgram.KernelMaxInstructions);
        EveryPortIsRight(filter, program, isExact: true);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(150)]
    public void Any_number_of_ports_for_sizes_beside_those_for_all(int count)
    {
        var runs = Enumerable.Range(0, count).Select(i => new FilterPorts((ushort)(i * 400), (ushort)(i * 400 + i % 3))).ToImmutableArray();
        var filter = new CaptureFilter { SizedUdpPorts = runs, SizedTcpPorts = runs, UdpPorts = [new(399, 401)], TcpPorts = [new(399, 401)], PayloadSizes = [320] };
        var program = BpfProgram.From(filter, BpfProgram.KernelMaxInstructions);
        foreach (var ip in new[] { Craft.IPv4(17, Craft.Udp(0, payload: new byte[320])), Craft.IPv4(6, Craft.Tcp(0, payload: new byte[320])) })
        {
            for (var port = 0; port <= 65535; port++)
            {
                BinaryPrimitives.WriteUInt16BigEndian(ip.AsSpan(22), (ushort)port);
                var kept = Run(program, ip);
                Assert.True(kept == (uint)Keeps(filter, ip), $"{ip[9]}/{port}: kept {kept}");
            }
        }
    }

    [Fact]
    public void Too_many_ports_of_all_kinds_still_make_a_program()
    {
        ImmutableArray<FilterPorts> every = [.. Enumerable.Range(0, 8000).Select(i => new FilterPorts((ushort)(i * 3), (ushort)(i * 3)))];
        var filter = new CaptureFilter { UdpPorts = every, TcpPorts = every, SizedUdpPorts = every, SizedTcpPorts = every, SizedEcho = true, PayloadSizes = [1, 2, 3] };
        var program = BpfProgram.From(filter);
        Assert.InRange(program.Length, 100, 700);
        Assert.NotEqual(0u, Run(program, Craft.IPv4(6, Craft.Tcp(300, payload: [1]))));
        Assert.Equal(0u, Run(program, Craft.IPv4(6, Craft.Tcp(60_000, payload: [1]))));
    }

    [Fact]
    public void Too_many_ports_close_the_narrowest_gaps()
    {
        // Every other port of the lower half, and a few lonely ones far above, which must stay lonely.
        var filter = new CaptureFilter
        {
            TcpPorts = [.. Enumerable.Range(0, 16000).Select(i => new FilterPorts((ushort)(i * 2), (ushort)(i * 2))), .. Enumerable.Range(1, 20).Select(i => new FilterPorts((ushort)(40000 + i * 1000), (ushort)(40000 + i * 1000)))],
            UdpPorts = [new(53, 53), new(65535, 65535)],
        };
        var program = BpfProgram.From(filter);
        Assert.InRange(program.Length, 400, 700);
        EveryPortIsRight(filter, program, isExact: false);
        Assert.Equal(0u, Run(program, Craft.IPv4(6, Craft.Tcp(45001))));
        Assert.Equal(0u, Run(program, Craft.IPv4(17, Craft.Udp(54))));
        Assert.Equal(0u, Run(program, Craft.IPv4(6, Craft.Tcp(35000))));
    }

    private static void EveryPortIsRight(CaptureFilter filter, ImmutableArray<BpfInstruction> program, bool isExact)
    {
        EveryPortIsRight(Craft.IPv4(6, Craft.Tcp(0)), filter.TcpPorts, program, isExact);
        EveryPortIsRight(Craft.IPv4(17, Craft.Udp(0)), filter.UdpPorts, program, isExact);
    }

    private static void EveryPortIsRight(byte[] ip, ImmutableArray<FilterPorts> runs, ImmutableArray<BpfInstruction> program, bool isExact)
    {
        var wanted = new bool[65536];
        foreach (var run in runs)
            wanted.AsSpan(run.First..(run.Last + 1)).Fill(true);
        for (var port = 0; port <= 65535; port++)
        {
            BinaryPrimitives.WriteUInt16BigEndian(ip.AsSpan(22), (ushort)port);
            var accepted = Run(program, ip) != 0;
            Assert.True(isExact ? wanted[port] == accepted : accepted || !wanted[port], $"{ip[9]}/{port}: wanted {wanted[port]}, accepted {accepted}");
        }
    }

    [Fact]
    public void Only_packets_to_this_host_that_arrive()
    {
        var program = BpfProgram.From(new() { UdpPorts = [new(1, 1)] });
        var ip = Craft.IPv4(17, Craft.Udp(1));
        Assert.NotEqual(0u, Run(program, ip, Host));
        for (byte other = 1; other < 8; other++)
            Assert.Equal(0u, Run(program, ip, other));
        Assert.Equal(0u, BpfInterpreter.Run(program.AsSpan(), ip, etherType: 0x0806));
        Assert.Equal(0u, BpfInterpreter.Run(program.AsSpan(), ip, etherType: 0x86dd));
    }

    [Fact]
    public void An_empty_filter_accepts_nothing()
    {
        Assert.Equal([new BpfInstruction(BpfCode.Return, 0, 0, 0)], BpfProgram.From(new()));
        Assert.Equal([new BpfInstruction(BpfCode.Return, 0, 0, 0)], BpfProgram.From(new() { SizedEcho = true, SizedUdpPorts = [new(1, 2)], SizedTcpPorts = [new(1, 2)] }));
    }

    [Fact]
    public void What_needs_no_sizes_is_written_as_before_there_were_any()
    {
        var filter = new CaptureFilter { TcpPorts = [new(7000, 7000)], UdpPorts = [new(8000, 8010)], Echo = true };
        Assert.Equal(BpfProgram.From(filter).Length, BpfProgram.From(filter with { PayloadSizes = [320] }).Length);
    }

    [Fact]
    public void The_snap_length_is_what_is_kept()
    {
        Assert.Equal(99u, Run(BpfProgram.From(new() { Echo = true, SnapLength = 99 }), Craft.IPv4(1, Craft.Icmp(8))));
        Assert.Throws<ArgumentOutOfRangeException>(() => BpfProgram.From(new() { SnapLength = 0 }));
        Assert.Throws<ArgumentOutOfRangeException>(() => BpfProgram.From(new() { SnapLength = 65536 }));
        Assert.Throws<ArgumentOutOfRangeException>(() => BpfProgram.From(new() { SizedSnapLength = 0 }));
        Assert.Throws<ArgumentOutOfRangeException>(() => BpfProgram.From(new() { PayloadSizes = [0] }));
        Assert.Throws<ArgumentOutOfRangeException>(() => BpfProgram.From(new() { PayloadSizes = [.. Enumerable.Range(1, 17)] }));
    }
}
