using FsCheck;
using FsCheck.Fluent;
using Postern.Packets;

namespace Postern.Packets.Tests;

/// <summary>The pcap and pcapng formats by their drafts, and files that are none.</summary>
public sealed class PcapFileTests
{
    private static readonly byte[] Knock = Craft.IPv4(17, Craft.Udp(7000, payload: [1, 2, 3]));

    internal sealed record Read(LinkType Link, long Time, byte[] Bytes);

    internal static (List<Read> Packets, CaptureFault? Fault) ReadAll(Stream stream)
    {
        using var file = new CaptureFile(stream);
        var packets = new List<Read>();
        while (file.TryRead(out var packet))
            packets.Add(new(packet.Link, packet.Time, packet.Bytes.ToArray()));
        Assert.False(file.TryRead(out _));
        return (packets, file.Fault);
    }

    private static (List<Read> Packets, CaptureFault? Fault) ReadAll(byte[] bytes) => ReadAll(new MemoryStream(bytes));

    private static byte[] Pcap(bool bigEndian, bool nanoseconds, uint link, params (uint Seconds, uint Fraction, byte[] Packet)[] records)
    {
        byte[] U32(uint value) => bigEndian ? [.. BitConverter.GetBytes(value).Reverse()] : BitConverter.GetBytes(value);
        byte[] versions = bigEndian ? [0, 2, 0, 4] : [2, 0, 4, 0];
        List<byte> bytes = [.. U32(nanoseconds ? 0xa1b23c4d : 0xa1b2c3d4), .. versions, .. U32(0), .. U32(0), .. U32(65535), .. U32(link)];
        foreach (var (seconds, fraction, packet) in records)
            bytes.AddRange([.. U32(seconds), .. U32(fraction), .. U32((uint)packet.Length), .. U32((uint)packet.Length), .. packet]);
        return [.. bytes];
    }

    [Theory]
    [InlineData(false, false, 1_700_000_000_123_456_000)]
    [InlineData(false, true, 1_700_000_000_000_123_456)]
    [InlineData(true, false, 1_700_000_000_123_456_000)]
    [InlineData(true, true, 1_700_000_000_000_123_456)]
    public void Both_byte_orders_and_both_clocks(bool bigEndian, bool nanoseconds, long time)
    {
        var (packets, fault) = ReadAll(Pcap(bigEndian, nanoseconds, 101, (1_700_000_000, 123456, Knock), (4_000_000_000, 0, [])));
        Assert.Null(fault);
        Assert.Equal(2, packets.Count);
        Assert.Equal((LinkType.Raw, time), (packets[0].Link, packets[0].Time));
        Assert.Equal(Knock, packets[0].Bytes);
        Assert.Equal(4_000_000_000_000_000_000, packets[1].Time);
        Assert.Empty(packets[1].Bytes);
    }

    [Theory]
    [InlineData(12, LinkType.Raw)]
    [InlineData(0x14000001, LinkType.Ethernet)]
    [InlineData(276, LinkType.LinuxCooked2)]
    public void The_kind_of_link(uint field, LinkType link) => Assert.Equal(link, ReadAll(Pcap(false, false, field, (1, 1, Knock))).Packets[0].Link);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_pcapng_with_interfaces_of_different_kinds_and_clocks(bool bigEndian)
    {
        var writer = new PcapNgWriter(bigEndian).Section()
            .Block(0x0bad, [1, 2, 3, 4])
            .Interface(101, snapLength: 20)
            .Interface(1, resolution: 9)
            .Interface(276, resolution: 0x80 | 10, offset: 1000)
            .Interface(113, resolution: 12)
            .Simple(Knock[..20], original: 500)
            .Enhanced(0, 5_000_000, Knock)
            .Enhanced(1, 1_700_000_000_123_456_789, Craft.Ethernet(Knock))
            .Enhanced(2, 1536, Craft.Cooked2(Knock))
            .Block(5, new byte[40])
            .Enhanced(3, 7_000_000_001_999, Craft.Cooked(Knock))
            .Simple(Knock[..20], original: 20);
        writer.Append(new PcapNgWriter(!bigEndian).Section().Interface(101).Enhanced(0, 9, Knock));

        var (packets, fault) = ReadAll(writer.ToArray());
        Assert.Null(fault);
        Assert.Equal(
            [(LinkType.Raw, 0), (LinkType.Raw, 5_000_000_000), (LinkType.Ethernet, 1_700_000_000_123_456_789), (LinkType.LinuxCooked2, 1001_500_000_000),
             (LinkType.LinuxCooked, 7_000_000_001), (LinkType.Raw, 7_000_000_001), (LinkType.Raw, 9000)],
            packets.Select(p => (p.Link, p.Time)));
        foreach (var packet in packets.Where(p => p.Bytes.Length > 20))
            Assert.Equal(PacketFault.None, PacketView.TryRead(packet.Bytes, packet.Link, out _));
    }

    [Theory]
    [InlineData(0, 3)]
    [InlineData(6, 3_000)]
    [InlineData(19, 1)]
    [InlineData(127, 5)]
    [InlineData(255, 1)]
    public void Absurd_clocks_do_no_harm(byte resolution, ulong time)
    {
        var (packets, fault) = ReadAll(new PcapNgWriter(false).Section().Interface(1, resolution: resolution, offset: long.MaxValue)
            .Enhanced(0, time, Knock).Enhanced(0, ulong.MaxValue, Knock).ToArray());
        Assert.Null(fault);
        Assert.All(packets, p => Assert.Equal(long.MaxValue, p.Time));
    }

    [Fact]
    public void A_fault_says_what_and_where()
    {
        static void Expect(byte[] bytes, string what, long offset, int packets = 0)
        {
            var (read, fault) = ReadAll(bytes);
            Assert.Equal(new CaptureFault(what, offset), fault);
            Assert.Equal(packets, read.Count);
        }

        Expect([], "file ends before it says what it is", 0);
        Expect([1, 2, 3], "file ends before it says what it is", 3);
        Expect("just some text"u8.ToArray(), "neither a pcap nor a pcapng file", 0);
        Expect(Pcap(false, false, 1)[..20], "file ends inside its header", 20);
        var pcap = Pcap(false, false, 1, (1, 1, Knock), (2, 2, Knock));
        Expect(pcap[..^1], "file ends inside a packet", pcap.Length - 1, packets: 1);
        Expect(pcap[..30], "file ends inside the header of a packet", 30);
        pcap[24 + 8 + 2] = 5;
        Expect(pcap, "a packet longer than any", 24);
        pcap[4] = 3;
        Expect(pcap, "a version of the pcap format that nobody has defined", 4);

        PcapNgWriter Start() => new PcapNgWriter(false).Section().Interface(1);
        var start = Start().ToArray().Length;
        Expect(Start().Enhanced(1, 0, Knock).ToArray(), "a packet of an interface that was not described", start);
        Expect(new PcapNgWriter(false).Section().Simple(Knock).ToArray(), "a packet of an interface that was not described", 28);
        Expect(Start().Simple(Knock, original: 500).ToArray(), "a packet longer than its block", start);
        Expect(Start().Block(6, new byte[16]).ToArray(), "a packet block of an impossible length", start);
        Expect(Start().Block(3, []).ToArray(), "a packet block of an impossible length", start);
        Expect(Start().Block(1, [1, 0, 0, 0]).ToArray(), "an interface block of an impossible length", start);
        Expect(Start().Block(9, [], firstLength: 8).ToArray(), "a block of an impossible length", start);
        Expect(Start().Block(9, [], firstLength: 14).ToArray(), "a block of an impossible length", start);
        Expect(Start().Block(9, [], firstLength: 300_000).ToArray(), "a block longer than any", start);
        Expect(Start().Block(9, [], lastLength: 16).ToArray(), "a block whose two lengths differ", start);
        Expect(Start().Block(9, [1, 2, 3, 4]).ToArray()[..^2], "file ends inside a block", start + 14);
        Expect(Start().Block(0x0a0d0d0a, new byte[16]).ToArray(), "a section header without its byte-order magic", start);
        Assert.Equal("a block longer than any (at byte 12)", new CaptureFault("a block longer than any", 12).ToString());
    }

    private static readonly byte[][] Files =
    [
        Pcap(false, false, 101, (1, 1, Knock), (2, 2, Knock)),
        Pcap(true, true, 1, (1, 1, Craft.Ethernet(Knock))),
        new PcapNgWriter(false).Section().Interface(101).Interface(1, 0, 9, 5).Block(77, [1, 2, 3, 4]).Enhanced(1, 1, Craft.Ethernet(Knock)).Simple(Knock).ToArray(),
        new PcapNgWriter(true).Section().Interface(276).Enhanced(0, 1, Craft.Cooked2(Knock)).Append(new PcapNgWriter(false).Section().Interface(101).Simple(Knock)).ToArray(),
    ];

    [Fact]
    public void Cut_anywhere_it_ends_with_a_fault_or_between_two_blocks()
    {
        foreach (var file in Files)
        {
            Assert.Null(ReadAll(file).Fault);
            var whole = ReadAll(file).Packets.Count;
            var clean = 0;
            for (var length = 0; length < file.Length; length++)
            {
                var (packets, fault) = ReadAll(file[..length]);
                Assert.True(packets.Count < whole || (packets.Count == whole && fault is not null));
                if (fault is null)
                    clean++;
            }

            Assert.InRange(clean, 1, 8);
        }
    }

    [Fact]
    public void Mutations_of_valid_files()
    {
        var mutated = from file in Gen.Elements(Files)
                      from edits in Gen.ArrayOf(Gen.Choose(0, file.Length - 1).Zip(ArbMap.Default.GeneratorFor<byte>()), 3)
                      select edits.Aggregate((byte[])file.Clone(), (bytes, edit) =>
                      {
                          bytes[edit.Item1] = edit.Item2;
                          return bytes;
                      });
        Prop.ForAll(mutated.ToArbitrary(), bytes => ReadAll(bytes).Packets.Sum(p => p.Bytes.Length) <= bytes.Length).Check(PropertyPacketTests.Thorough(5000));
    }

    [Fact]
    public void Endless_content_is_read_in_bounded_memory()
    {
        var block = new PcapNgWriter(false).Block(77, new byte[60_000]).ToArray();
        byte[] start = [.. new PcapNgWriter(false).Section().Interface(1).ToArray()];
        using var file = new CaptureFile(new Endless(start, block, 2000));
        var before = GC.GetAllocatedBytesForCurrentThread();
        Assert.False(file.TryRead(out _));
        Assert.Null(file.Fault);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 10_000);
    }

    [Fact]
    public void Stop_ends_it()
    {
        using var file = new CaptureFile(new MemoryStream(Files[0]));
        Assert.True(file.TryRead(out _));
        file.Stop();
        Assert.False(file.TryRead(out _));
        Assert.Null(file.Fault);
        Assert.Equal(0, file.Dropped);
    }

    [Fact]
    public void What_the_system_says_is_thrown()
    {
        Assert.Throws<FileNotFoundException>(() => CaptureFile.Open("/nonexistent.pcap"));
        Assert.Throws<UnauthorizedAccessException>(() => CaptureFile.Open("/proc"));
    }

    private sealed class Endless(byte[] start, byte[] block, int times) : Stream
    {
        private byte[] _current = start;
        private int _at;
        private int _left = times;

        public override int Read(Span<byte> buffer)
        {
            if (_at == _current.Length)
            {
                if (_left-- == 0)
                    return 0;
                (_current, _at) = (block, 0);
            }

            var count = Math.Min(buffer.Length, _current.Length - _at);
            _current.AsSpan(_at, count).CopyTo(buffer);
            _at += count;
            return count;
        }

        public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override void Flush() => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
