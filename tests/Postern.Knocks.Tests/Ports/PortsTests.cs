using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using Postern.Keys;
using Postern.Knocks.Ports;
using Postern.Knocks.Sequences;
using Postern.Reports;
using Postern.Reports.Tokens;
using static Postern.Knocks.Tests.Sequences.Knocking;

namespace Postern.Knocks.Tests.Ports;

/// <summary>Tokens in port numbers: written as another program writes them, and read whatever becomes of them on their way.</summary>
public sealed class PortsTests
{
    private const long Second = 1000 * Millisecond;

    private static readonly PortSpan Span = new(20_000);
    private static readonly TokenSecret Phone = TokenSecret.From([.. Enumerable.Range(0, 32).Select(i => (byte)i)]);
    private static readonly TokenSecret Laptop = TokenSecret.From([.. Enumerable.Range(7, 32).Select(i => (byte)i)]);

    public static TheoryData<string> Lines { get; } = [.. File.ReadLines(PathOf()).Where(l => !l.StartsWith('#'))];

    private static PortsDetector Watching(params PortsDoor[] doors) => new([.. doors], 1 << 20);

    private static PortsDoor Door(TokenSecret secret) => new(Span, Tcp: true, Udp: true, secret, TimeSpan.FromSeconds(10));

    private static ushort[] Write(PortsToken token, TokenSecret secret, UInt128 source = default)
    {
        var (bytes, ports) = (new byte[PortsToken.Size], new ushort[PortSpan.Symbols]);
        token.Write(secret, new(source), bytes);
        Span.Write(bytes, ports);
        return ports;
    }

    private static PortsFound[] Send(PortsDetector detector, UInt128 source, IEnumerable<ushort> ports, long now = 0) =>
        [.. ports.SelectMany((p, i) => detector.Observe(Packet(source, new(i % 2 == 0 ? StepKind.Tcp : StepKind.Udp, p, p)), now + (i * Millisecond), out _).ToArray())];

    [Theory]
    [MemberData(nameof(Lines))]
    public void The_ports_are_those_of_the_vector_and_read_back(string line)
    {
        var words = line.Split(' ');
        using var secret = TokenSecret.From(Convert.FromHexString(words[0]));
        var address = words[5] is "-" ? Address.None : new Address(Source(words[5]));
        var token = new PortsToken((uint)ulong.Parse(words[2]), words[4] is "-" ? (ushort)0 : TokenRequest.CodeOf(words[4]), byte.Parse(words[3]), words[5] is not "-");
        var (bytes, ports) = (new byte[PortsToken.Size], new ushort[PortSpan.Symbols]);
        token.Write(secret, address, bytes);
        Assert.Equal(words[6], Convert.ToHexStringLower(bytes));
        new PortSpan(ushort.Parse(words[1])).Write(bytes, ports);
        Assert.Equal(words[7..], ports.Select(p => p.ToString()));
        Assert.True(PortsToken.TryRead(secret, address, bytes, out var read, out _));
        Assert.Equal(token, read);
    }

    [Fact]
    public void Any_order_any_copies_and_any_third_lost()
    {
        var random = new Random(9);
        for (var i = 0; i < 2_000; i++)
        {
            var token = new PortsToken((uint)random.Next(), (ushort)random.Next(3), (byte)i, IsBound: false);
            ushort[] ports = [.. Write(token, Phone)];
            random.Shuffle(ports);
            ports = [.. ports[..(24 - random.Next(9))], .. ports[..5]];
            random.Shuffle(ports);
            var found = Send(Watching(Door(Laptop), Door(Phone)), Alice, ports);
            Assert.NotEmpty(found);
            Assert.All(found, f => Assert.Equal((1, token), (f.Door, f.Token)));
        }
    }

    /// <summary>Five of a hundred lost and a quarter out of order: the target is 99 of 100 tries, without sending anything twice.</summary>
    [Fact]
    public void A_bad_link_hardly_matters()
    {
        var (random, opened) = (new Random(10), 0);
        for (var i = 0; i < 5_000; i++)
        {
            var ports = Write(new((uint)i, 0, 0, false), Phone).Where(_ => random.NextDouble() >= 0.05).OrderBy(_ => random.Next()).ToArray();
            opened += Send(Watching(Door(Phone)), Alice, ports).Length;
        }

        Assert.InRange(opened, 4_990, 5_000); // 9 or more of 24 lost: 1.6 in a million
    }

    [Fact]
    public void Wrong_values_among_them_are_mended()
    {
        var (random, opened) = (new Random(11), 0);
        for (var i = 0; i < 1_000; i++)
        {
            var ports = Write(new((uint)i, 0, 0, false), Phone).ToList();
            ports.RemoveAt(random.Next(24));
            for (var wrong = 0; wrong < 3; wrong++)
                ports.Insert(random.Next(ports.Count), (ushort)random.Next(Span.First, Span.Last + 1));
            opened += Send(Watching(Door(Phone)), Alice, ports).Length > 0 ? 1 : 0;
        }

        Assert.InRange(opened, 1_000, 1_000);
    }

    [Fact]
    public void The_next_token_of_the_same_client_needs_no_pause_though_some_of_it_is_lost()
    {
        var (random, detector) = (new Random(12), Watching(Door(Phone)));
        for (var i = 0; i < 300; i++)
        {
            var token = new PortsToken((uint)i, 0, 0, false);
            var ports = Write(token, Phone);
            random.Shuffle(ports);
            Assert.Contains(Send(detector, Alice, ports[..21], i * 2 * Second), f => f.Token == token);
        }
    }

    [Fact]
    public void One_that_is_bound_is_good_from_its_own_address_alone()
    {
        var ports = Write(new(1, 0, 0, IsBound: true), Phone, Alice);
        Assert.Empty(Send(Watching(Door(Phone)), Bob, ports));
        Assert.Equal(new Address(Alice), Assert.Single(Send(Watching(Door(Phone)), Alice, ports)).Bound);
    }

    /// <summary>Each part in time after the one before; the first is too long ago all the same.</summary>
    [Fact]
    public void All_symbols_must_fit_into_the_time()
    {
        var (ports, detector) = (Write(new(1, 0, 0, false), Phone), Watching(Door(Phone)));
        Assert.Empty(Send(detector, Alice, ports[..8]));
        Assert.Empty(Send(detector, Alice, ports[8..12], 6 * Second));
        Assert.Empty(Send(detector, Alice, ports[12..20], 12 * Second)); // 12 of them in time
        Assert.Single(Send(detector, Alice, ports[20..], 13 * Second));
    }

    /// <summary>The mask follows from the MAC, so that a token with another one is unmasked by that: all its bytes must be right, and the last as much as the first.</summary>
    [Theory]
    [InlineData(1, 7, 0, true)]
    [InlineData(1, 7, 1, false)]
    [InlineData(1, 0, 1, false)]
    [InlineData(2, 7, 0, false)] // a kind that is none
    [InlineData(0, 7, 0, false)]
    public void Every_byte_of_the_MAC_counts_and_so_does_the_kind(byte kind, int place, byte change, bool isOne)
    {
        var key = Enumerable.Range(0, 32).Select(i => (byte)i).ToArray();
        byte[] head = [kind, 0, 0, 0, 9, 0, 0, 5];
        byte[] text = [.. "postern ports v1 mac"u8, .. head, .. new byte[16]];
        var mac = HMACSHA256.HashData(key, text)[..8];
        mac[place] ^= change;
        text = [.. "postern ports v1 mask"u8, .. mac];
        var mask = HMACSHA256.HashData(key, text);
        byte[] token = [.. head.Select((b, i) => (byte)(b ^ mask[i])), .. mac];
        Assert.Equal(isOne, PortsToken.TryRead(Phone, new(Alice), token, out var read, out _));
        Assert.True(!isOne || read == new PortsToken(9, 0, 5, IsBound: false));
    }

    [Fact]
    public void Each_way_not_to_be_a_token_has_its_name()
    {
        var (ports, detector) = (Write(new(1, 0, 0, false), Laptop), Watching(Door(Phone)));
        Assert.Empty(Send(detector, Alice, ports[..15]));
        detector.Observe(Packet(Alice, new(StepKind.Tcp, ports[20], ports[20])), 0, out var one);
        Assert.Equal(PortsOutcome.BadToken, one);
        var random = new Random(13);
        var last = PortsOutcome.None;
        for (var place = 0; place < 24; place++)
        {
            var port = (ushort)(Span.First + (256 * place) + random.Next(256));
            detector.Observe(Packet(Bob, new(StepKind.Udp, port, port)), 0, out last);
        }

        Assert.Equal(PortsOutcome.Garbled, last);
        detector.Observe(Packet(Bob, Step("tcp/19999")), 0, out last);
        Assert.Equal(PortsOutcome.None, last);
        detector.Observe(Packet(Bob, new(StepKind.Tcp, ports[0], ports[0]), Packets.TcpFlags.Ack), 0, out last);
        Assert.Equal(PortsOutcome.None, last);
    }

    /// <summary>He makes a try of each packet, and those that are too many are not made; the client beside him is not touched.</summary>
    [Fact]
    public void A_source_that_floods_has_few_tries_and_costs_others_nothing()
    {
        var (random, detector, tries, refused) = (new Random(14), Watching(Door(Phone)), 0, 0);
        for (var i = 0; i < 20_000; i++)
        {
            var port = (ushort)random.Next(Span.First, Span.Last + 1);
            detector.Observe(Packet(Bob, new(StepKind.Udp, port, port)), i * 50_000L, out var outcome);
            tries += outcome == PortsOutcome.Garbled ? 1 : 0;
            refused += outcome == PortsOutcome.OverBudget ? 1 : 0;
        }

        Assert.InRange(tries, 64, 85);
        Assert.InRange(refused, 15_000, 20_000);
        Assert.Single(Send(detector, Alice, Write(new(1, 0, 0, false), Phone), Second));
    }

    /// <summary>Nine thousand sources in the same moment, whose symbols are no words: what proves tokens is not spent on them.</summary>
    [Fact]
    public void Junk_of_many_sources_leaves_the_client_his_proof()
    {
        var (random, detector, refused) = (new Random(16), new PortsDetector([Door(Phone)]), 0);
        for (var i = 0; i < 9_000; i++)
        {
            for (var place = 0; place <= PortsToken.Size; place++)
                refused += Junk(detector, Source("198.51.0.0") + (UInt128)i, Span, place, random) == PortsOutcome.OverBudget ? 1 : 0;
        }

        Assert.InRange(refused, 6_000, 9_000); // of those of just sixteen symbols, which are always a word
        Assert.Single(Send(detector, Alice, Write(new(1, 0, 0, false), Phone)[4..]));
    }

    /// <summary>Whoever makes words of the code by the thousand, at a span that he knows, takes nothing from a knock at another.</summary>
    [Fact]
    public void A_flood_at_one_span_costs_another_nothing()
    {
        var other = new PortSpan(40_000);
        var (random, detector) = (new Random(17), new PortsDetector([Door(Phone), Door(Laptop) with { Span = other }]));
        var (ports, last) = (new ushort[PortSpan.Symbols], PortsOutcome.None);
        for (var i = 0; i < 12_000; i++)
        {
            var word = new byte[PortsToken.Size];
            random.NextBytes(word);
            other.Write(word, ports);
            foreach (var port in ports[..17])
                detector.Observe(Packet(Source("198.51.0.0") + (UInt128)i, new(StepKind.Udp, port, port)), 0, out last);
        }

        Assert.Equal(PortsOutcome.OverBudget, last);
        Assert.Single(Send(detector, Alice, Write(new(1, 0, 0, false), Phone)));
    }

    private static PortsOutcome Junk(PortsDetector detector, UInt128 source, PortSpan span, int place, Random random)
    {
        var port = (ushort)(span.First + (256 * place) + random.Next(256));
        detector.Observe(Packet(source, new(StepKind.Udp, port, port)), 0, out var outcome);
        return outcome;
    }

    [Fact]
    public void A_flood_of_false_sources_does_not_push_out_a_client()
    {
        var (random, detector) = (new Random(15), new PortsDetector([Door(Phone)]));
        var (ports, found) = (Write(new(1, 0, 0, false), Phone), 0);
        for (var i = 0; i < 24_000; i++)
        {
            var port = (ushort)random.Next(Span.First, Span.Last + 1);
            detector.Observe(Packet(Source("198.51.0.0") + (UInt128)i, new(StepKind.Udp, port, port)), i * 20_000L, out _);
            if (i % 1000 == 0)
                found += detector.Observe(Packet(Alice, new(StepKind.Tcp, ports[i / 1000], ports[i / 1000])), i * 20_000L, out _).Length;
        }

        Assert.Equal(1, found);
    }

    private static string PathOf([CallerFilePath] string here = "") => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "../../../spec/vectors/knocks/ports.txt"));
}
