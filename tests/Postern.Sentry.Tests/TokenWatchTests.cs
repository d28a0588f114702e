using System.Buffers.Binary;
using Postern.Keys;
using Postern.Knocks.Ports;
using Postern.Knocks.Rolling;
using Postern.Knocks.Sequences;
using Postern.Knocks.Tracing;
using Postern.Packets;
using Postern.Reports;
using Postern.Reports.Tokens;
using Postern.Reports.Watching;

namespace Postern.Sentry.Tests;

/// <summary>Tokens from the bytes of packets to a report, the way the live gate does it.</summary>
public sealed class TokenWatchTests
{
    private const long Second = 1_000_000_000;
    private const long Clock = 1_795_000_000;

    private static readonly Address Client = Address.FromV4(0x0a4d0002);
    private static readonly TokenSecret Key = TokenSecret.From(new byte[32]);
    private static readonly TokenSecret Other = TokenSecret.From([.. Enumerable.Range(0, 16).Select(i => (byte)i)]);
    private static readonly RollingPlan Plan = new([new(StepKind.Tcp, 30_000, 39_999), new(StepKind.Udp, 30_000, 39_999)]) { Step = TimeSpan.FromSeconds(60), IsBound = true };

    private static SentryOptions Options => new(7, [])
    {
        Tokens = new([new PortsWatch(Other, new(20_000), Tcp: true, Udp: true, TimeSpan.FromSeconds(10)), new RollingWatch(Key, Plan, TimeSpan.FromSeconds(9))], 5),
    };

    [Fact]
    public void Orders_of_tokens_are_read_as_they_were_written()
    {
        var orders = new SentryOrders(Options);
        var read = SentryOrders.Read(orders.Write("b"), "b")!;
        Assert.Equal(orders.Write("b"), read.Write("b"));
        Assert.Equal(Options.Filter().ToString(), read.Options.Filter().ToString());
        var rolling = Assert.IsType<RollingWatch>(read.Options.Tokens!.Knocks[1]);
        Assert.Equal((Plan.Step, true, TimeSpan.FromSeconds(9)), (rolling.Plan.Step, rolling.Plan.IsBound, rolling.Within));
        Assert.Equal(Plan.Pool, rolling.Plan.Pool);
        var bytes = orders.Write("b");
        for (var length = 0; length < bytes.Length; length++)
            Assert.ThrowsAny<IOException>(() => SentryOrders.Read(bytes[..length], "b"));
    }

    [Fact]
    public void The_kernel_lets_through_what_tokens_are_made_of()
    {
        var filter = Options.Filter();
        Assert.Equal([new(20_000, 26_143), new(30_000, 39_999)], filter.TcpPorts);
        Assert.Equal([new(20_000, 26_143), new(30_000, 39_999)], filter.UdpPorts);
        Assert.Equal((TcpFlags.Syn | TcpFlags.Ack, TcpFlags.Syn), (filter.TcpFlagsMask, filter.TcpFlagsSet));
    }

    [Fact]
    public void A_rolling_sequence_of_the_clocks_step_is_one_report_with_its_token()
    {
        var sentry = new Sentry(Options) { WallOffset = Clock * Second };
        var steps = new KnockStep[RollingPlan.MaxLength];
        var step = Plan.StepAt(Clock);
        var length = Plan.Draw(Key, step, Client, steps);
        for (var i = 0; i < length - 1; i++)
            Assert.Equal(0, sentry.Watch(Packet(steps[i], i)).Length);
        var report = Assert.Single(sentry.Watch(Packet(steps[length - 1], Second)).ToArray());
        Assert.Equal((ReportKind.Token, 7u, 1, Client), (report.Kind, report.Generation, report.Door, report.Source));
        Assert.True(TokenRequest.TryRead(report.Request.Span, out var token));
        Assert.Equal(new TokenRequest(TokenMethod.Rolling, (ulong)(step * 60)) { Number = (ulong)step, Bound = Client }, token);
        var message = new byte[Report.SizeOf(ReportKind.Token)];
        report.Write(message);
        Assert.True(Report.TryRead(message, out _));

        sentry.WallOffset += 180 * Second; // the clock is put right: that sequence is none any more
        for (var i = 0; i < length; i++)
            Assert.Equal(0, sentry.Watch(Packet(steps[i], (2 * Second) + i)).Length);
        Assert.Equal(length, sentry.Counters.RefusedToken(Refusal.WrongStep));
    }

    [Fact]
    public void A_token_in_ports_says_the_whole_time_though_it_carries_half_of_it()
    {
        foreach (var (clock, made) in new[] { (Clock, Clock - 5), (Clock, Clock + 5), ((1L << 32) + 3, (1L << 32) - 2), ((1L << 32) - 2, (1L << 32) + 3) })
        {
            var sentry = new Sentry(Options) { WallOffset = clock * Second };
            var (bytes, ports) = (new byte[PortsToken.Size], new ushort[PortSpan.Symbols]);
            new PortsToken((uint)made, TokenRequest.CodeOf("ssh"), 9, IsBound: false).Write(Other, Address.None, bytes);
            new PortSpan(20_000).Write(bytes, ports);
            var reports = ports.SelectMany((p, i) => sentry.Watch(Packet(new(StepKind.Tcp, p, p), i)).ToArray()).ToArray();
            var report = Assert.Single(reports);
            Assert.Equal(0, report.Door);
            Assert.True(TokenRequest.TryRead(report.Request.Span, out var token));
            Assert.Equal(((ulong)made, TokenRequest.CodeOf("ssh")), (token.Value.Made, token.Value.Service));
        }
    }

    [Fact]
    public void Who_listens_is_told_whose_token_it_would_be_how_much_of_it_is_there_and_why_not()
    {
        var notes = new Notes();
        var sentry = new Sentry(Options, trace: notes) { WallOffset = Clock * Second };
        var ports = PortsOf(Key);
        for (var i = 0; i < PortsToken.Size; i++)
            sentry.Watch(Packet(new(StepKind.Tcp, ports[i], ports[i]), i));
        Assert.Equal([.. Enumerable.Range(1, 15).Select(made => (0, Finding.Part, made, Refusal.None)), (0, Finding.Refused, 0, Refusal.BadToken)], notes.Taken());
        sentry.Watch(Packet(new(StepKind.Udp, 35_000, 35_000), Second));
        Assert.Equal([(1, Finding.Refused, 0, Refusal.WrongStep)], notes.Taken());
        sentry.Watch(Packet(new(StepKind.Udp, 80, 80), Second));
        Assert.Empty(notes.Taken());
    }

    /// <summary>Before a secret fits, a token could be either's.</summary>
    [Fact]
    public void Of_two_knocks_at_one_span_neither_is_blamed()
    {
        var notes = new Notes();
        var knock = new PortsWatch(Other, new(20_000), Tcp: true, Udp: true, TimeSpan.FromSeconds(10));
        var sentry = new Sentry(new(7, []) { Tokens = new([knock, knock with { Secret = TokenSecret.From([.. Enumerable.Repeat((byte)7, 32)]) }], 5) }, trace: notes);
        foreach (var port in PortsOf(Key)[..PortsToken.Size])
            sentry.Watch(Packet(new(StepKind.Tcp, port, port), 0));
        Assert.Equal((-1, Finding.Refused, 0, Refusal.BadToken), notes.Taken()[^1]);
    }

    private static ushort[] PortsOf(TokenSecret secret)
    {
        var (bytes, ports) = (new byte[PortsToken.Size], new ushort[PortSpan.Symbols]);
        new PortsToken((uint)Clock, 0, 9, IsBound: false).Write(secret, Address.None, bytes);
        new PortSpan(20_000).Write(bytes, ports);
        return ports;
    }

    private sealed class Notes : ITrace
    {
        private readonly List<Thought> _thoughts = [];

        public bool Wants(in PacketView packet, long now) => true;

        public void Note(in Thought thought) => _thoughts.Add(thought);

        public (int Door, Finding Finding, int Made, Refusal Refusal)[] Taken()
        {
            var taken = _thoughts.Select(t => (t.Door, t.Finding, (int)t.Made, t.Refusal)).ToArray();
            _thoughts.Clear();
            return taken;
        }
    }

    [Fact]
    public void No_packet_costs_an_allocation()
    {
        var sentry = new Sentry(Options) { WallOffset = Clock * Second };
        var random = new Random(1);
        var packets = Enumerable.Range(0, 500).Select(_ => Bytes(new(random.Next(2) == 0 ? StepKind.Tcp : StepKind.Udp, (ushort)random.Next(20_000, 40_000), 0))).ToArray();
        Assert.Equal(0, Allocated.InSteadyState(round =>
        {
            for (var i = 0; i < 20_000; i++)
            {
                var packet = packets[i % packets.Length];
                BinaryPrimitives.WriteInt32BigEndian(packet.AsSpan(12), i % 300);
                sentry.Watch(new() { Bytes = packet, Link = LinkType.Raw, Time = (round * 20_000L) + i });
            }
        }));
    }

    private static CapturedPacket Packet(KnockStep step, long time) => new() { Bytes = Bytes(step), Link = LinkType.Raw, Time = time };

    /// <summary>RFC 791 §3.1, from 10.77.0.2:40000 to 10.77.0.1.</summary>
    private static byte[] Bytes(KnockStep step)
    {
        var packet = new byte[40];
        packet[0] = 0x45;
        packet[3] = 40;
        packet[8] = 64;
        packet[9] = (byte)(step.Kind == StepKind.Tcp ? 6 : 17);
        BinaryPrimitives.WriteUInt32BigEndian(packet.AsSpan(12), 0x0a4d0002);
        BinaryPrimitives.WriteUInt32BigEndian(packet.AsSpan(16), 0x0a4d0001);
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(20), 40_000);
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(22), step.First);
        if (step.Kind == StepKind.Tcp)
            (packet[32], packet[33]) = (0x50, 0x02);
        else
            BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(24), 20);
        return packet;
    }
}
