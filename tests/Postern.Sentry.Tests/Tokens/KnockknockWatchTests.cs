using System.Buffers.Binary;
using System.Text;
using Postern.Keys;
using Postern.Keys.Knockknock;
using Postern.Knocks.Knockknock;
using Postern.Packets;
using Postern.Packets.Logs;
using Postern.Reports;
using Postern.Reports.Tokens;

namespace Postern.Sentry.Tests.Tokens;

/// <summary>From the bytes of a segment to the profile of knockknock that its fields were encrypted with, or to nothing.</summary>
public sealed class KnockknockWatchTests : IDisposable
{
    private static readonly Address Sender = Address.FromV4(0x0a4d0002); // 10.77.0.2

    private readonly TokenSecret _secret = TokenSecret.From([.. Enumerable.Range(0, 32).Select(i => (byte)i)]);
    private readonly KnockknockKeys _keys;

    public KnockknockWatchTests() => _keys = new(_secret);

    public void Dispose()
    {
        _keys.Dispose();
        _secret.Dispose();
    }

    private Sentry New(ulong next = 0)
    {
        var options = new SentryOptions(7, []) { Tokens = new([new KnockknockWatch(_secret, 1200, [22, 80]) { Window = 30, Next = () => next }], 1) };
        var read = SentryOrders.Read(new SentryOrders(options).Write("b"), "b")!;
        Assert.Equal(options.Filter().ToString(), read.Options.Filter().ToString());
        return new(read.Options);
    }

    /// <summary>As hping3 sends it: 40 bytes.</summary>
    private byte[] Packet(uint counter, ushort port = 22, ushort to = 1200, TcpFlags flags = TcpFlags.Syn)
    {
        var fields = KnockknockPacket.Seal(_keys, counter, port);
        var packet = new byte[40];
        (packet[0], packet[3], packet[8], packet[9]) = (0x45, 40, 64, 6);
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(4), fields.Identification);
        BinaryPrimitives.WriteUInt32BigEndian(packet.AsSpan(12), 0x0a4d0002);
        BinaryPrimitives.WriteUInt32BigEndian(packet.AsSpan(16), 0x0a4d0001);
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(20), 2_345);
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(22), to);
        BinaryPrimitives.WriteUInt32BigEndian(packet.AsSpan(24), fields.Sequence);
        BinaryPrimitives.WriteUInt32BigEndian(packet.AsSpan(28), fields.Acknowledgment);
        (packet[32], packet[33]) = (0x50, (byte)flags);
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(34), fields.Window);
        return packet;
    }

    private static Report? Watch(Sentry sentry, ReadOnlySpan<byte> packet, long seconds = 0)
    {
        var reports = sentry.Watch(new() { Bytes = packet, Link = LinkType.Raw, Time = seconds * 1_000_000_000 });
        return reports.Length == 0 ? null : reports[0] with { Request = reports[0].Request.ToArray() };
    }

    private static TokenRequest Read(Report? report) => TokenRequest.TryRead(report!.Value.Request.Span, out var token) ? token.Value : throw new FormatException("no token");

    [Fact]
    public void A_packet_is_reported_with_its_counter_and_the_port_it_asks_for()
    {
        var report = Watch(New(), Packet(29, port: 80))!.Value;
        Assert.Equal((ReportKind.Token, 0, 2_345, Sender), (report.Kind, report.Door, report.SourcePort, report.Source));
        Assert.Equal(TokenRequest.OfCounter(29, 80), Read(report));
    }

    [Fact]
    public void Where_the_counter_is_crosses_with_the_orders()
    {
        Assert.Null(Watch(New(next: 1_000), Packet(970)));
        Assert.Equal(980u, Read(Watch(New(next: 1_000), Packet(980))).Counter); // which the warden calls replayed
        Assert.Equal(1_029u, Read(Watch(New(next: 1_000), Packet(1_029))).Counter);
        Assert.Null(Watch(New(next: 1_000), Packet(1_030)));
    }

    [Fact]
    public void Only_a_first_segment_to_its_port_is_looked_at()
    {
        var sentry = New();
        Assert.Null(Watch(sentry, Packet(0, to: 1201)));
        Assert.Null(Watch(sentry, Packet(0, flags: TcpFlags.Syn | TcpFlags.Ack)));
        Assert.Null(Watch(sentry, Packet(0, flags: TcpFlags.Ack)));
        Assert.All(sentry.Counters.TokenRefusals(), r => Assert.Equal(0, r.Packets));
        Assert.NotNull(Watch(sentry, Packet(0)));
    }

    [Fact]
    public void Why_not_is_counted_by_name()
    {
        var sentry = New();
        var wrong = Packet(0);
        wrong[31] ^= 1;
        Assert.Null(Watch(sentry, wrong));
        Assert.Equal(1, sentry.Counters.RefusedToken(Refusal.BadToken));
        Assert.NotNull(Watch(sentry, Packet(0)));
        Assert.Null(Watch(sentry, Packet(0)));
        Assert.Equal(1, sentry.Counters.RefusedToken(Refusal.Copy));
        for (var i = 0; i < 2_000; i++)
        {
            wrong[5]++;
            wrong[26] += (byte)(i & 1);
            Watch(sentry, wrong);
        }

        Assert.InRange(sentry.Counters.RefusedToken(Refusal.OverBudget), 1_900, 2_000);
    }

    /// <summary>It is how knockknock's own daemon sees them: a rule with --log-tcp-sequence.</summary>
    [Fact]
    public void A_line_of_a_firewalls_log_tells_all_that_it_takes()
    {
        var fields = KnockknockPacket.Seal(_keys, 3, 22);
        var line = FormattableString.Invariant($"Nov 22 12:00:00 gate kernel: [ 1.000000] REJECT IN=eth0 OUT= MAC=02:00:00:00:00:01:02:00:00:00:00:02:08:00 SRC=10.77.0.2 DST=10.77.0.1 LEN=40 TOS=0x00 PREC=0x00 TTL=64 ID={fields.Identification} PROTO=TCP SPT=2345 DPT=1200 SEQ={fields.Sequence} ACK={fields.Acknowledgment} WINDOW={fields.Window} RES=0x00 SYN URGP=0");
        var room = new byte[LogLine.PacketRoom];
        Assert.Equal(LogFault.None, LogLine.TryRead(Encoding.ASCII.GetBytes(line), room, bare: false, out var packet));
        Assert.Equal(TokenRequest.OfCounter(3, 22), Read(Watch(New(), packet.Bytes)));
    }

    [Fact]
    public void No_packet_that_opens_nothing_costs_an_allocation()
    {
        var sentry = New();
        Watch(sentry, Packet(0));
        byte[][] packets = [Packet(0), Packet(90), Packet(1, to: 80)];
        Assert.Equal(0, Allocated.InSteadyState(_ =>
        {
            for (var i = 0; i < 1_000; i++)
            {
                foreach (var packet in packets)
                    sentry.Watch(new() { Bytes = packet, Link = LinkType.Raw, Time = 0 });
            }
        }));
    }
}
