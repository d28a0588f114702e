using System.Buffers.Binary;
using System.Collections.Immutable;
using Postern.Keys;
using Postern.Knocks.Counted;
using Postern.Knocks.Tracing;
using Postern.Packets;
using Postern.Reports;
using Postern.Reports.Tokens;
using Postern.Reports.Watching;

namespace Postern.Sentry.Tests.Tokens;

/// <summary>From the bytes of a SYN or a ping to the knock whose secret made its token, or to nothing.</summary>
public sealed class CountedWatchTests : IDisposable
{
    private const long Wall = 1_700_000_000;
    private const long Step = Wall / 30;

    private static readonly Address Sender = Address.FromV4(0x0a4d0002); // 10.77.0.2

    private readonly TokenSecret _secret = TokenSecret.From([.. Enumerable.Range(0, 32).Select(i => (byte)i)]);
    private readonly TokenSecret _other = TokenSecret.From([.. Enumerable.Range(1, 32).Select(i => (byte)i)]);

    public void Dispose()
    {
        _secret.Dispose();
        _other.Dispose();
    }

    private SynWatch ToAddress => new(_secret, [new(22, 22), new(8000, 8010)]);

    private Sentry New(params TokenWatch[] knocks)
    {
        var options = new SentryOptions(7, []) { Tokens = new([.. knocks], 1) };
        var read = SentryOrders.Read(new SentryOrders(options).Write("b"), "b")!;
        Assert.Equal(options.Filter().ToString(), read.Options.Filter().ToString());
        return new(read.Options) { WallOffset = Wall * 1_000_000_000 };
    }

    private byte[] Token(ReadOnlySpan<byte> label, long step = Step, byte count = 3, Address bound = default)
    {
        var token = new byte[CountedToken.Size];
        CountedToken.Write(_secret, label, step, count, bound, token);
        return token;
    }

    private byte[] SynWith(byte[] token, ushort port = 22, ushort from = 40_000, bool timestamps = true, TcpFlags flags = TcpFlags.Syn)
    {
        var packet = new byte[60];
        packet[0] = 0x45;
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(2), 60);
        token.AsSpan(12, 2).CopyTo(packet.AsSpan(4));
        (packet[6], packet[8], packet[9]) = (0x40, 64, 6);
        BinaryPrimitives.WriteUInt32BigEndian(packet.AsSpan(12), 0x0a4d0002);
        BinaryPrimitives.WriteUInt32BigEndian(packet.AsSpan(16), 0x0a4d0001);
        var tcp = packet.AsSpan(20);
        BinaryPrimitives.WriteUInt16BigEndian(tcp, from);
        BinaryPrimitives.WriteUInt16BigEndian(tcp[2..], port);
        token.AsSpan(0, 4).CopyTo(tcp[4..]);
        (tcp[12], tcp[13]) = (0xa0, (byte)flags);
        BinaryPrimitives.WriteUInt16BigEndian(tcp[14..], 64_240);
        Convert.FromHexString(timestamps ? "020405b40402080a000000000000000001030307" : "020405b404020101010101010101010101030307").CopyTo(tcp[20..]);
        if (timestamps)
            token.AsSpan(8, 4).CopyTo(tcp[28..]);
        return packet;
    }

    private static byte[] Ping(byte[] data, byte type = 8)
    {
        var packet = new byte[28 + data.Length];
        packet[0] = 0x45;
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(2), (ushort)packet.Length);
        (packet[8], packet[9], packet[20]) = (64, 1, type);
        BinaryPrimitives.WriteUInt32BigEndian(packet.AsSpan(12), 0x0a4d0002);
        BinaryPrimitives.WriteUInt32BigEndian(packet.AsSpan(16), 0x0a4d0001);
        data.CopyTo(packet, 28);
        return packet;
    }

    private static Report? Watch(Sentry sentry, byte[] packet, long seconds = 0)
    {
        var reports = sentry.Watch(new() { Bytes = packet, Link = LinkType.Raw, Time = seconds * 1_000_000_000 });
        return reports.Length == 0 ? null : reports[0] with { Request = reports[0].Request.ToArray() };
    }

    private static TokenRequest Read(Report? report) => TokenRequest.TryRead(report!.Value.Request.Span, out var token) ? token.Value : throw new FormatException("no token");

    [Fact]
    public void A_token_in_a_SYN_is_reported_with_all_that_the_warden_needs()
    {
        var sentry = New(new SynWatch(_other, [new(22, 22)]), ToAddress);
        var report = Watch(sentry, SynWith(Token(CountedToken.SynLabel)))!.Value;
        Assert.Equal((ReportKind.Token, 1, 40_000, Sender, 22, ClientStack.Linux), (report.Kind, report.Door, report.SourcePort, report.Source, report.TcpPort, report.Stack));
        Assert.Equal(new TokenRequest(TokenMethod.Syn, Step * 30) { Number = 3 }, Read(report));
        var message = new byte[Report.SizeOf(ReportKind.Token)];
        report.Write(message);
        Assert.True(Report.TryRead(message, out var back));
        Assert.Equal(22, back.TcpPort);
    }

    [Fact]
    public void Every_bit_that_carries_the_token_counts()
    {
        var sentry = New(ToAddress);
        var good = SynWith(Token(CountedToken.SynLabel));
        foreach (var at in (int[])[4, 5, 24, 25, 26, 27, 48, 49, 50, 51])
        {
            for (var bit = 0; bit < 8; bit++)
            {
                var packet = good.ToArray();
                packet[at] ^= (byte)(1 << bit);
                Assert.Null(Watch(sentry, packet));
            }
        }

        Assert.Equal(6 * 8, sentry.Counters.RefusedToken(Refusal.BadToken)); // the others have no head of ours
        Assert.NotNull(Watch(sentry, good));
    }

    [Fact]
    public void A_connection_carries_the_sequence_number_and_the_upper_half_of_the_time_stamp()
    {
        var sentry = New(ToAddress with { IsOfConnection = true });
        var good = SynWith(Token(CountedToken.SynLabel));
        foreach (var (at, counts) in ((int, bool)[])[(24, true), (27, true), (48, true), (49, true), (50, false), (51, false), (4, false)])
        {
            var packet = good.ToArray();
            packet[at] ^= 1;
            packet[20] ^= (byte)at; // another source port, or it would be the same again
            Assert.Equal(counts, Watch(sentry, packet) is null);
        }
    }

    [Fact]
    public void What_is_no_first_segment_to_a_port_of_the_knock_or_has_no_time_stamp_is_not_looked_at()
    {
        var sentry = New(ToAddress);
        var token = Token(CountedToken.SynLabel);
        Assert.Null(Watch(sentry, SynWith(token, port: 23)));
        Assert.Null(Watch(sentry, SynWith(token, timestamps: false)));
        Assert.Null(Watch(sentry, SynWith(token, flags: TcpFlags.Syn | TcpFlags.Ack)));
        Assert.Null(Watch(sentry, SynWith(token, flags: TcpFlags.Ack)));
        Assert.Null(Watch(sentry, SynWith(Token(CountedToken.IcmpLabel))));
        Assert.NotNull(Watch(sentry, SynWith(token, port: 8005)));
    }

    [Fact]
    public void A_segment_that_is_sent_again_is_a_copy_and_one_of_another_is_for_the_warden_to_judge()
    {
        var sentry = New(ToAddress);
        var token = Token(CountedToken.SynLabel);
        Assert.NotNull(Watch(sentry, SynWith(token)));
        Assert.Null(Watch(sentry, SynWith(token)));
        Assert.Equal(1, sentry.Counters.RefusedToken(Refusal.Copy));
        Assert.NotNull(Watch(sentry, SynWith(token, from: 40_001)));
    }

    [Fact]
    public void Who_listens_is_told_whose_token_was_refused()
    {
        var trace = new Notes();
        var sentry = new Sentry(new(7, []) { Tokens = new([new SynWatch(_other, [new(25, 25)]), ToAddress, new IcmpWatch(_secret)], 1) }, trace: trace) { WallOffset = Wall * 1_000_000_000 };
        var token = Token(CountedToken.SynLabel);
        token[8] ^= 1;
        Assert.Null(Watch(sentry, SynWith(token)));
        Assert.Null(Watch(sentry, Ping(Token(CountedToken.IcmpLabel)[..12])));
        Assert.Equal([new(KnockMethod.Token, 1, Refusal.BadToken), new(KnockMethod.Token, 2, Refusal.TooShort)], trace.Thoughts);
    }

    private sealed class Notes : ITrace
    {
        public List<Thought> Thoughts { get; } = [];

        public bool Wants(in PacketView packet, long now) => true;

        public void Note(in Thought thought) => Thoughts.Add(thought);
    }

    [Fact]
    public void A_token_is_good_at_the_ports_of_its_own_knock_alone()
    {
        var sentry = New(ToAddress, new SynWatch(_other, [new(25, 25)]));
        Assert.Null(Watch(sentry, SynWith(Token(CountedToken.SynLabel), port: 25)));
        Assert.NotNull(Watch(sentry, SynWith(Token(CountedToken.SynLabel))));
    }

    /// <summary>Each is a wait for the disk: whoever has seen one token must not have the warden told of it from a thousand ports.</summary>
    [Fact]
    public void A_token_is_told_of_so_often_and_no_more()
    {
        var sentry = New(ToAddress);
        var told = Enumerable.Range(0, 1000).Count(i => Watch(sentry, SynWith(Token(CountedToken.SynLabel), from: (ushort)(20_000 + i))) is not null);
        Assert.Equal(6, told);
        Assert.Equal(994, sentry.Counters.RefusedToken(Refusal.Copy));
        Assert.NotNull(Watch(sentry, SynWith(Token(CountedToken.SynLabel, count: 4))));
    }

    [Fact]
    public void Late_and_early_ones_are_reported_with_their_time_for_the_warden_to_name()
    {
        var sentry = New(ToAddress);
        foreach (var off in (long[])[-4, -2, -1, 1, 4])
            Assert.Equal((ulong)((Step + off) * 30), Read(Watch(sentry, SynWith(Token(CountedToken.SynLabel, Step + off)))).Made);
        Assert.Null(Watch(sentry, SynWith(Token(CountedToken.SynLabel, Step - 5))));
        Assert.NotNull(Watch(sentry, SynWith(Token(CountedToken.SynLabel, Step + 10)), seconds: 300));
    }

    [Fact]
    public void A_bound_token_is_good_for_its_address_only_and_says_so()
    {
        var sentry = New(ToAddress with { IsBound = true });
        Assert.Null(Watch(sentry, SynWith(Token(CountedToken.SynLabel))));
        Assert.Null(Watch(sentry, SynWith(Token(CountedToken.SynLabel, bound: Address.FromV4(1)))));
        Assert.Equal(Sender, Read(Watch(sentry, SynWith(Token(CountedToken.SynLabel, bound: Sender)))).Bound);
    }

    [Theory]
    [InlineData(16, 56)] // Linux
    [InlineData(8, 56)] // BSD
    [InlineData(0, 16)] // no clock
    public void A_pattern_of_ping_is_found_where_systems_put_it(int clock, int size)
    {
        var sentry = New(new IcmpWatch(_secret));
        var token = Token(CountedToken.IcmpLabel);
        byte[] data = [.. Enumerable.Range(0, size).Select(i => i < clock ? (byte)i : token[(i - clock) % 16])];
        Assert.Null(Watch(sentry, Ping(data, type: 0)));
        Assert.Null(Watch(sentry, Ping(data[..(clock + 15)])));
        Assert.Equal(1, sentry.Counters.RefusedToken(Refusal.TooShort));
        Assert.Null(Watch(sentry, Ping(data[..(clock + 7)])));
        Assert.Equal(1, sentry.Counters.RefusedToken(Refusal.TooShort)); // any ping
        var report = Watch(sentry, Ping(data))!.Value;
        Assert.Equal((0, 0, 0), (report.Door, report.SourcePort, report.TcpPort));
        Assert.Equal(new TokenRequest(TokenMethod.Icmp, Step * 30) { Number = 3 }, Read(report));
        Assert.Null(Watch(sentry, Ping(data))); // ping -c 2
        data[clock + 15] ^= 1;
        Assert.Null(Watch(sentry, Ping(data)));
    }

    [Fact]
    public void No_packet_costs_an_allocation()
    {
        var sentry = New(ToAddress, new IcmpWatch(_other));
        byte[][] packets = [SynWith(Token(CountedToken.SynLabel)), SynWith(new byte[16]), Ping(new byte[56]), SynWith(Token(CountedToken.SynLabel, count: 5), port: 25)];
        Assert.Equal(0, Allocated.InSteadyState(_ =>
        {
            for (var i = 0; i < 5_000; i++)
            {
                foreach (var packet in packets)
                    sentry.Watch(new() { Bytes = packet, Link = LinkType.Raw, Time = i });
            }
        }));
    }
}
