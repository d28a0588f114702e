using System.Globalization;
using System.Runtime.CompilerServices;
using Postern.Keys;
using Postern.Knocks.Ports;
using Postern.Knocks.Sequences;
using Postern.Reports;
using Postern.Reports.Tokens;
using static Postern.Knocks.Tests.Sequences.Knocking;

namespace Postern.Knocks.Tests.Ports;

/// <summary>What rides along with a token in port numbers: spec/vectors/knocks/ports-data.txt, which another program made, and whatever becomes of the packets on their way.</summary>
public sealed class PortsDataTests
{
    private const long Second = 1000 * Millisecond;

    private static readonly PortSpan Span = new(20_000) { HasData = true };
    private static readonly TokenSecret Phone = TokenSecret.From([.. Enumerable.Range(0, 32).Select(i => (byte)i)]);
    private static readonly TokenSecret Laptop = TokenSecret.From([.. Enumerable.Range(7, 32).Select(i => (byte)i)]);

    public static TheoryData<string> Lines { get; } = [.. File.ReadLines(PathOf()).Where(l => !l.StartsWith('#'))];

    private static PortsDoor Door(TokenSecret secret) => new(Span, Tcp: true, Udp: true, secret, TimeSpan.FromSeconds(10));

    private static PortsDetector Watching(params PortsDoor[] doors) => new([.. doors], 1 << 20);

    private static ushort[] Write(PortsToken token, TokenSecret secret)
    {
        var (bytes, ports) = (new byte[token.Length], new ushort[PortSpan.SymbolsFor(token.Data.Length)]);
        token.Write(secret, Address.None, bytes);
        Span.Write(bytes, ports);
        return ports;
    }

    private static PortsFound[] Send(PortsDetector detector, IEnumerable<ushort> ports, long now = 0) =>
        [.. ports.SelectMany((p, i) => detector.Observe(Packet(Alice, new(i % 2 == 0 ? StepKind.Tcp : StepKind.Udp, p, p)), now + (i * Millisecond), out _).ToArray())];

    [Theory]
    [MemberData(nameof(Lines))]
    public void The_ports_are_those_of_the_vector_and_read_back(string line)
    {
        var words = line.Split(' ');
        using var secret = TokenSecret.From(Convert.FromHexString(words[0]));
        var address = words[5] is "-" ? Address.None : new Address(Source(words[5]));
        var token = new PortsToken((uint)ulong.Parse(words[2], CultureInfo.InvariantCulture), words[4] is "-" ? (ushort)0 : TokenRequest.CodeOf(words[4]), byte.Parse(words[3], CultureInfo.InvariantCulture), words[5] is not "-") { Data = words[6] };
        var (bytes, ports) = (new byte[token.Length], new ushort[PortSpan.SymbolsFor(token.Data.Length)]);
        token.Write(secret, address, bytes);
        Assert.Equal(words[7], Convert.ToHexStringLower(bytes));
        new PortSpan(ushort.Parse(words[1], CultureInfo.InvariantCulture)) { HasData = true }.Write(bytes, ports);
        Assert.Equal(words[8..], ports.Select(p => p.ToString(CultureInfo.InvariantCulture)));
        Assert.True(PortsToken.TryPeek(secret, bytes, out var length));
        Assert.Equal(words[6].Length, length);
        Assert.True(PortsToken.TryRead(secret, address, bytes, out var read, out _));
        Assert.Equal(token, read);
        bytes[^1] ^= 1;
        Assert.False(PortsToken.TryRead(secret, address, bytes, out _, out _));
    }

    /// <summary>Any eight of the token may be lost, and any eight of its data. One without data opens at the same span.</summary>
    [Fact]
    public void Any_order_any_copies_and_eight_of_each_lost()
    {
        var random = new Random(9);
        for (var i = 0; i < 1_000; i++)
        {
            var token = new PortsToken((uint)random.Next(), (ushort)random.Next(3), (byte)i, IsBound: false) { Data = new string((char)('a' + (i % 26)), i % 25) };
            var ports = Write(token, Phone);
            var (head, data) = (ports[..24], ports[24..]);
            random.Shuffle(head);
            random.Shuffle(data);
            ushort[] sent = [.. head[random.Next(9)..], .. data.Skip(random.Next(9)), .. head[^5..]];
            random.Shuffle(sent);
            var found = Send(Watching(Door(Laptop), Door(Phone)), sent);
            Assert.Contains(found, f => f.Token == token && f.Door == 1);
            Assert.All(found, f => Assert.Equal(token, f.Token));
        }
    }

    [Fact]
    public void Nothing_is_found_before_the_data_is_whole_nor_if_it_was_changed()
    {
        var ports = Write(new PortsToken(7, 0, 0, false) { Data = "nas-2" }, Phone);
        var detector = Watching(Door(Phone));
        Assert.Empty(Send(detector, ports[..28]));
        Assert.Equal("nas-2", Assert.Single(Send(detector, ports[28..30], Second)).Token.Data);

        // Symbols of another token's data do not fit this one's MAC, whichever and however many come.
        var other = Write(new PortsToken(8, 0, 0, false) { Data = "nas-3" }, Phone);
        Assert.Empty(Send(Watching(Door(Phone)), [.. ports[..24], .. other[24..]]));
    }

    [Fact]
    public void A_knock_that_carries_no_data_takes_no_token_with_data()
    {
        var ports = Write(new PortsToken(7, 0, 0, false) { Data = "nas" }, Phone);
        var detector = new PortsDetector([new(new(20_000), Tcp: true, Udp: true, Phone, TimeSpan.FromSeconds(10))], 1 << 20);
        Assert.Empty(Send(detector, ports));
        var last = PortsOutcome.None;
        _ = detector.Observe(Packet(Alice, new(StepKind.Udp, (ushort)(ports[3] ^ 1), (ushort)(ports[3] ^ 1))), Second, out last);
        Assert.Equal(PortsOutcome.BadToken, last);
    }

    /// <summary>One who knows the secret may write what he likes; what is outside of the set is by no token.</summary>
    [Fact]
    public void What_may_not_ride_along_is_not_written_and_not_read()
    {
        Assert.All((string[])["-rf", "a/b", "a b", "é", ".x", new('a', 25)], data => Assert.Throws<ArgumentException>(() => new PortsToken(1, 0, 0, false) { Data = data }.Write(Phone, Address.None, new byte[64])));
        var taken = Enumerable.Range(0, 256).Count(value => PortsToken.TryRead(Phone, Address.None, Signed((byte)value), out _, out _));
        Assert.Equal(26 + 26 + 10, taken); // first of all: letters and digits

        // A token whose data is this one byte, made by hand.
        static byte[] Signed(byte data)
        {
            byte[] head = [9, 0, 0, 0, 1, 0, 0, 0];
            var tag = Mac([.. "postern ports v1 mac"u8, .. head, .. new byte[16], data])[..8];
            var (mask, dataMask) = (Mac([.. "postern ports v1 mask"u8, .. tag]), Mac([.. "postern ports v1 data"u8, .. tag]));
            return [.. head.Zip(mask, (a, b) => (byte)(a ^ b)), .. tag, (byte)(data ^ dataMask[0])];
        }

        static byte[] Mac(byte[] text)
        {
            var mac = new byte[TokenSecret.MacSize];
            Phone.Mac(text, mac);
            return mac;
        }
    }

    /// <summary>A stranger's scan of the whole span, and then a genuine token from the same address.</summary>
    [Fact]
    public void Tries_are_bounded_and_come_back()
    {
        var detector = Watching(Door(Phone));
        var now = 0L;
        for (var port = Span.First; port < Span.Last; port++)
            Assert.Empty(detector.Observe(Packet(Alice, new(StepKind.Tcp, port, port)), now += Millisecond, out _).ToArray());
        var token = new PortsToken(9, 0, 0, false) { Data = "0123456789abcdef01234567" };
        Assert.Equal(token, Assert.Single(Send(detector, Write(token, Phone), now + (20 * Second))).Token);
    }

    private static string PathOf([CallerFilePath] string here = "") => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "../../../spec/vectors/knocks/ports-data.txt"));
}
