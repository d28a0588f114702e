using System.Runtime.CompilerServices;
using System.Text;

namespace Postern.Packets.Tests.Logs;

/// <summary>Lines that Linux 6.18 wrote for rules of iptables (<c>[UFW BLOCK]</c>) and nftables (<c>S7A</c>, and <c>S7B</c> with <c>flags all</c>), as dmesg shows them.</summary>
public sealed class KernelLogTests
{
    private static readonly string Lines = File.ReadAllText(Path.Combine(Here(), "kernel-6.18.dmesg"));
    private static readonly DateTimeOffset Now = new(2026, 11, 22, 12, 0, 0, TimeSpan.FromHours(1));

    /// <summary>What loggers put before the kernel's line; the uptime stays where it is, or goes.</summary>
    public static TheoryData<string, bool> Headers => new()
    {
        { "Nov 22 11:23:43 gate kernel: ", true },
        { "Nov  2 01:02:03 gate kernel: ", false },
        { "2026-11-22T11:23:43.123456+01:00 gate kernel: ", true },
        { "2026-11-22T11:23:43+0100 gate kernel: ", false },
        { "2026-11-22T11:23:43Z gate kernel: ", true },
        { "2026-11-22T11:23:43,5-03:30 192.0.2.9 kernel: ", true },
        { "<4>Nov 22 11:23:43 gate kernel: ", true },
        { "<4>1 2026-11-22T11:23:43.1Z gate kernel - - - ", true },
        { "Sun Nov 22 11:23:43 2026 kern.warn kernel: ", true },
    };

    private static IEnumerable<string> Each => Lines.Split('\n', StringSplitOptions.RemoveEmptyEntries);

    [Fact]
    public void Every_line_says_what_it_is()
    {
        using var log = Open(Lines);
        while (log.TryReadLine(out var fault, out _))
            Assert.True(fault is LogFault.None or LogFault.OtherPacket, $"line {log.Line}: {fault}");
        Assert.Equal(Each.Count(), log.Line);
        var others = Each.Count(l => l.Contains("TYPE=0 ", StringComparison.Ordinal) || l.Contains("TYPE=129 ", StringComparison.Ordinal) || l.Contains(" [SRC=", StringComparison.Ordinal) || l.Contains("PROTO=47", StringComparison.Ordinal));
        Assert.Equal(others, log.Count(LogFault.OtherPacket));
    }

    [Fact]
    public void A_line_with_all_there_is_becomes_the_headers_that_the_packet_had()
    {
        var bytes = Read(Each.First(l => l.Contains("DPT=7000 SEQ=", StringComparison.Ordinal) && !l.Contains("UFW", StringComparison.Ordinal)), out _);
        byte[] expected =
        [
            0x45, 0, 0, 60, 0x29, 0xf1, 0, 0, 64, 6, 0, 0, 10, 9, 0, 1, 10, 9, 0, 1, // the bit DF and the sums are not written back
            0x88, 0x90, 0x1b, 0x58, .. Big(1833572492), .. Big(0), 0xa0, 2, 0xff, 0xd7, 0, 0, 0, 0,
            .. Convert.FromHexString("0204FFD70402080AE746BA43000000000103030A"),
        ];
        Assert.Equal(expected, bytes);
    }

    [Fact]
    public void What_reads_packets_reads_them()
    {
        var read = new List<string>();
        using var log = Open(Lines);
        while (log.TryRead(out var captured))
        {
            Assert.Equal(PacketFault.None, PacketView.TryRead(captured.Bytes, captured.Link, out var packet));
            read.Add($"{packet.Protocol} {packet.DestinationPort} {packet.Flags} {packet.PayloadLength} {packet.IsEchoRequest}");
            Assert.Equal(packet.Source, packet.Destination == Craft.Address("10.9.0.99") || packet.Source == Craft.Address("10.9.0.99") ? packet.Source : packet.Destination);
        }

        foreach (var knock in new[] { "Tcp 7000 Syn 0 False", "Udp 8000 None 3 False", "Icmp 0 None 77 True", "IcmpV6 0 None 77 True", "Tcp 81 Fin, Psh, Urg 0 False", "Tcp 82 Syn 0 False" })
            Assert.Contains(knock, read);
        Assert.Contains(read, r => r.StartsWith("Tcp ", StringComparison.Ordinal) && r.Contains("Rst, Ack 0", StringComparison.Ordinal));
    }

    [Theory]
    [MemberData(nameof(Headers))]
    public void Every_logger_s_form_is_read(string header, bool withUptime)
    {
        foreach (var line in Each)
        {
            var dressed = header + (withUptime ? line : line[(line.IndexOf(']', StringComparison.Ordinal) + 2)..]);
            using var log = Open(dressed + "\r\n");
            Assert.True(log.TryReadLine(out var fault, out _));
            Assert.True(fault is LogFault.None or LogFault.OtherPacket, $"{fault}: {dressed}");
        }
    }

    [Theory]
    [InlineData("Nov 22 11:23:43 gate logger: ")]
    [InlineData("Nov 22 11:23:43 gate root: kernel: ")]
    [InlineData("Nov 22 11:23:43 su: kernel: ")] // a logger that writes no host
    [InlineData("Nov 22 11:23:43 gate kernel[77]: ")]
    [InlineData("Nov 22 11:23:43 gate kernelx: ")]
    [InlineData("Nov 22 11:23:43 gate su[7]: kernel: ")]
    [InlineData("2026-11-22T11:23:43+00:00 gate app kernel: ")]
    [InlineData("")]
    [InlineData("kernel: ")]
    [InlineData("Nov 32 11:23:43 gate kernel: ")]
    [InlineData("Nov 22 24:23:43 gate kernel: ")]
    public void A_line_that_the_log_does_not_call_the_kernel_s_is_refused(string header)
    {
        foreach (var line in Each)
            Assert.Equal(LogFault.NotTheKernels, Fault(header + line[(line.IndexOf(']', StringComparison.Ordinal) + 2)..]));
    }

    [Fact]
    public void What_dmesg_shows_is_the_kernel_s_only_where_it_is_looked_for() =>
        Assert.All(Each, line => Assert.Equal(LogFault.NotTheKernels, LogLine.TryRead(Encoding.UTF8.GetBytes(line), new byte[LogLine.PacketRoom], bare: false, out _)));

    /// <summary>A disk ran full, a logger was killed: a part of a line must never be another packet.</summary>
    [Fact]
    public void A_line_that_was_cut_anywhere_is_the_same_packet_or_none()
    {
        foreach (var line in Each.Select(l => "Nov 22 11:23:43 gate kernel: " + l))
        {
            var whole = Fault(line) == LogFault.None ? View(line) : null;
            for (var length = 0; length < line.Length; length++)
            {
                foreach (var rest in new[] { "", "Nov 22 11:23:44 gate kernel: [1.000001] x", "2026-11-22T11:23:44+00:00 gate kernel: x" })
                {
                    var cut = line[..length] + rest;
                    Assert.True(Fault(cut) != LogFault.None || string.Equals(View(cut), whole, StringComparison.Ordinal), cut);
                }
            }
        }
    }

    [Theory]
    [InlineData("SPT=51495", "SPT=65536", LogFault.Impossible)]
    [InlineData("DPT=8000", "DPT=99999999999999999999", LogFault.Impossible)]
    [InlineData("DPT=8000", "DPT=", LogFault.Cut)]
    [InlineData("DPT=8000", "DPT=-1", LogFault.Cut)]
    [InlineData("DPT=8000", "DPT=8000 DPT=9000", LogFault.Cut)]
    [InlineData("DPT=8000 ", "DPT=8000  ", LogFault.Cut)]
    [InlineData("LEN=11", "LEN=7", LogFault.Impossible)]
    [InlineData("LEN=11", "LEN=12", LogFault.Impossible)]
    [InlineData("LEN=11", "LEN=1", LogFault.Impossible)]
    [InlineData("LEN=11", "LEN=11 SRC=192.0.2.1", LogFault.Cut)]
    [InlineData("LEN=31", "LEN=3", LogFault.Impossible)]
    [InlineData("LEN=31", "LEN=132", LogFault.Impossible)] // of an LEN=112 at the end, the last digit was lost
    [InlineData("LEN=31", "LEN=33", LogFault.Impossible)]
    [InlineData("LEN=31", "LEN=35", LogFault.None)] // options that the rule does not show
    [InlineData("SRC=10.9.0.1", "SRC=10.9.0.256", LogFault.Impossible)]
    [InlineData("SRC=10.9.0.1", "SRC=10.9.0", LogFault.Cut)]
    [InlineData("SRC=10.9.0.1", "SRC=10.9.0.1.1", LogFault.Cut)]
    [InlineData("SRC=10.9.0.1", "SRC=", LogFault.Cut)]
    [InlineData("SRC=10.9.0.1", "SRC=fd00:0009:0000:0000:0000:0000:0000:0001", LogFault.Impossible)]
    [InlineData("PROTO=UDP", "PROTO=UDPLITE", LogFault.OtherPacket)]
    [InlineData("PROTO=UDP", "PROTO=", LogFault.OtherPacket)]
    [InlineData(" DF ", " MF ", LogFault.OtherPacket)]
    [InlineData(" DF ", " FRAG:185 ", LogFault.OtherPacket)]
    [InlineData("IN=lo OUT= ", "IN= OUT=lo ", LogFault.Outgoing)]
    [InlineData("IN=lo ", "", LogFault.Cut)]
    [InlineData("LEN=11", "LEN=11 UID=0 GID=0 MARK=0x1f", LogFault.None)]
    [InlineData("MAC=", "MACSRC=02:00:00:00:00:01 MACDST=02:00:00:00:00:02 MACPROTO=0800 MAC=", LogFault.Cut)]
    [InlineData("S7A IN=lo", "the prefix IN= of OUT= mine IN=lo", LogFault.None)]
    public void One_word_makes_the_difference(string word, string other, LogFault expected)
    {
        var line = Each.First(l => l.Contains("S7A", StringComparison.Ordinal) && l.Contains("DPT=8000 LEN=11 ", StringComparison.Ordinal));
        Assert.Equal(LogFault.None, Fault(line));
        Assert.Contains(word, line, StringComparison.Ordinal);
        Assert.Equal(expected, Fault(line.Replace(word, other, StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("Nov 22 11:23:43 gate kernel: ", "2026-11-22T11:23:43+01:00")]
    [InlineData("Dec 31 23:59:59 gate kernel: ", "2025-12-31T23:59:59+01:00")]
    [InlineData("Feb 29 00:00:00 gate kernel: ", "2024-02-29T00:00:00+01:00")]
    [InlineData("2026-11-22T11:23:43.123456+00:00 gate kernel: ", "2026-11-22T11:23:43.123456Z")]
    [InlineData("2026-11-22T11:23:43-0330 gate kernel: ", "2026-11-22T11:23:43-03:30")]
    [InlineData("Sun Nov 22 11:23:43 2020 kern.warn kernel: ", "2020-11-22T11:23:43+01:00")]
    public void The_time_is_the_line_s_with_what_it_leaves_open_from_now(string header, string expected)
    {
        var line = Each.First();
        using var log = Open(header + line[(line.IndexOf(']', StringComparison.Ordinal) + 2)..]);
        Assert.True(log.TryRead(out var packet));
        Assert.Equal(DateTimeOffset.Parse(expected, System.Globalization.CultureInfo.InvariantCulture), DateTimeOffset.UnixEpoch.AddTicks(packet.Time / 100));
    }

    /// <summary>Two packets in one second of the logger's are as far apart as the kernel says.</summary>
    [Fact]
    public void The_uptime_tells_what_the_seconds_hide()
    {
        var line = Each.First()[15..];
        using var log = Open($"Nov 22 11:23:43 gate kernel: [  100.900000] {line}\nNov 22 11:23:43 gate kernel: [  101.100000] {line}\nNov 22 11:25:43 gate kernel: [    1.000000] {line}\n");
        Assert.True(log.TryRead(out var first));
        var began = first.Time;
        Assert.True(log.TryRead(out var second));
        Assert.Equal(200_000_000, second.Time - began);
        Assert.True(log.TryRead(out var third));
        Assert.Equal(120_000_000_000, third.Time - began);
    }

    [Fact]
    public void Whatever_is_between_the_lines_is_stepped_over_and_counted()
    {
        var line = "Nov 22 11:23:43 gate kernel: " + Each.First(l => l.Contains("DPT=8000", StringComparison.Ordinal));
        using var log = Open($"{line}\n{new string('x', 100_000)}\n\n\0\u001b[31m{line}\n{new string('y', 2049)}\nNov 22 11:23:43 gate sshd[7]: hello\n{line}");
        Assert.True(log.TryRead(out _));
        Assert.True(log.TryRead(out _));
        Assert.False(log.TryRead(out _));
        Assert.Equal((2, 2, 2, 1), (log.Count(LogFault.None), log.TooLong, log.Count(LogFault.OtherLine), log.Count(LogFault.NotTheKernels)));
    }

    private static string Here([CallerFilePath] string file = "") => Path.GetDirectoryName(file)!;

    private static byte[] Big(uint number) => [(byte)(number >> 24), (byte)(number >> 16), (byte)(number >> 8), (byte)number];

    private static LogFile Open(string text) => new(new MemoryStream(Encoding.UTF8.GetBytes(text)), Now);

    private static byte[] Read(string line, out LogFault fault)
    {
        fault = LogLine.TryRead(Encoding.UTF8.GetBytes(line), new byte[LogLine.PacketRoom], bare: true, out var packet);
        return packet.Bytes.ToArray();
    }

    private static LogFault Fault(string line)
    {
        _ = Read(line, out var fault);
        return fault;
    }

    /// <summary>All that a knock is told by.</summary>
    private static string View(string line)
    {
        Assert.Equal(PacketFault.None, PacketView.TryRead(Read(line, out _), LinkType.Raw, out var packet));
        return $"{packet.Source:x} {packet.Destination:x} {packet.Protocol} {packet.SourcePort} {packet.DestinationPort} {packet.Flags} {packet.PayloadLength} {packet.IsEchoRequest}";
    }
}
