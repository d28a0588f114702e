using System.Buffers.Binary;
using Postern.Knocks.Sequences;
using Postern.Packets;
using Postern.Reports;
using Postern.Sentry;

namespace Postern.Sentry.Tests;

/// <summary>From the bytes of a packet to a report, the way the live gate does it.</summary>
public sealed class SentryTests
{
    private static readonly SentryOptions Options = new(7, [Door("office", "tcp/7000", "udp/8000"), Door("ping", "icmp/3")]);

    [Fact]
    public void A_completed_sequence_is_one_report_that_says_who_where_and_when()
    {
        var sentry = new Sentry(Options);
        Assert.Equal(0, sentry.Watch(Captured(Syn(7000), 1000)).Length);
        var reports = sentry.Watch(Captured(Datagram(8000), 2000));
        Assert.Equal(1, reports.Length);
        Assert.Equal(new Report(ReportKind.SequenceCompleted, 7, 0, 40_000, Address.FromV4(0x0a4d0002), Address.FromV4(0x0a4d0001), 2000), reports[0]);
        Assert.Equal(2, sentry.Counters.Read);
        Assert.Equal(1, sentry.Counters.Reports);
    }

    [Fact]
    public void Every_packet_that_cannot_be_read_is_counted_by_its_fault_and_nothing_else_happens()
    {
        var sentry = new Sentry(Options);
        var fragment = Syn(7000);
        fragment[6] = 0x20; // more fragments
        Assert.Equal(0, sentry.Watch(Captured(fragment, 0)).Length);
        for (var length = 0; length < 40; length++)
            Assert.Equal(0, sentry.Watch(Captured(Syn(7000)[..length], 0)).Length);
        Assert.Equal(1, sentry.Counters.Dropped(PacketFault.Fragment));
        Assert.Equal(40, sentry.Counters.Dropped(PacketFault.Truncated) + sentry.Counters.Dropped(PacketFault.NotIp));
        Assert.Equal(0, sentry.Counters.Read);
    }

    [Fact]
    public void No_packet_costs_an_allocation()
    {
        var sentry = new Sentry(Options with { Traps = TrapPorts.For(Options.Doors, (_, port) => port != 23, _ => 22) });
        byte[][] packets = [Syn(7000), Datagram(8000), Syn(23), Syn(9), new byte[40], Syn(7000)[..30]];
        Assert.Equal(0, Allocated.InSteadyState(_ => Play(20_000)));

        void Play(int times)
        {
            for (var i = 0; i < times; i++)
            {
                foreach (var packet in packets)
                {
                    if (packet.Length >= 20)
                        BinaryPrimitives.WriteInt32BigEndian(packet.AsSpan(12), i);
                    sentry.Watch(Captured(packet, i));
                }
            }
        }
    }

    [Fact]
    public void The_filter_lets_through_the_steps_and_the_traps_and_asks_for_the_flags_that_all_doors_ask_for()
    {
        var filter = (Options with { Traps = TrapPorts.For(Options.Doors, (_, port) => port != 23, _ => 22) }).Filter();
        Assert.Contains(new FilterPorts(7000, 7000), filter.TcpPorts);
        Assert.Contains(new FilterPorts(23, 23), filter.TcpPorts);
        Assert.Contains(new FilterPorts(8000, 8000), filter.UdpPorts);
        Assert.True(filter.Echo);
        Assert.Equal((TcpFlags.Syn | TcpFlags.Ack, TcpFlags.Syn), (filter.TcpFlagsMask, filter.TcpFlagsSet));

        var one = Options.Doors[0] with { TcpFlags = TcpFlagCondition.Any };
        Assert.Equal((TcpFlags.None, TcpFlags.None), Flags([one]));
        Assert.Equal((TcpFlags.Syn, TcpFlags.Syn), Flags([Options.Doors[0], one with { TcpFlags = new(TcpFlags.Syn | TcpFlags.Fin, TcpFlags.None) }]));
        Assert.False(new SentryOptions(1, [Door("x", "udp/1")]).Filter().Echo);

        static (TcpFlags, TcpFlags) Flags(KnockSequence[] doors) => new SentryOptions(1, [.. doors]).Filter() is var f ? (f.TcpFlagsMask, f.TcpFlagsSet) : default;
    }

    private static KnockSequence Door(string name, params string[] steps) =>
        new(name, [.. steps.Select(s => KnockStep.TryParse(s, out var step) ? step : throw new FormatException(s))]);

    private static CapturedPacket Captured(byte[] bytes, long time) => new() { Bytes = bytes, Link = LinkType.Raw, Time = time };

    private static byte[] Syn(ushort port)
    {
        var packet = Ip(6, 40);
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(22), port);
        packet[32] = 0x50;
        packet[33] = 0x02;
        return packet;
    }

    private static byte[] Datagram(ushort port)
    {
        var packet = Ip(17, 29);
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(22), port);
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(24), 9);
        return packet;
    }

    /// <summary>RFC 791 §3.1, from 10.77.0.2:40000 to 10.77.0.1.</summary>
    private static byte[] Ip(byte protocol, int length)
    {
        var packet = new byte[length];
        packet[0] = 0x45;
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(2), (ushort)length);
        packet[8] = 64;
        packet[9] = protocol;
        BinaryPrimitives.WriteUInt32BigEndian(packet.AsSpan(12), 0x0a4d0002);
        BinaryPrimitives.WriteUInt32BigEndian(packet.AsSpan(16), 0x0a4d0001);
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(20), 40_000);
        return packet;
    }
}
