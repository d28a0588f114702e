using System.Globalization;
using System.Text;
using System.Text.Json;
using Postern.Cli.CommandLine;
using Postern.Cli.Commands;
using Postern.Cli.Explaining;
using Postern.Knocks.Ports;
using Postern.Reports;

namespace Postern.Cli.Tests.Explaining;

/// <summary>
/// What real clients sent (<c>record</c> beside this file says how it was recorded), and what is said of it. A line that ought to read otherwise now is written anew
/// with <c>POSTERN_TEST_GOLDEN=write</c>; read what changed before it is kept.
/// </summary>
public sealed class ExplainTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("postern-explain-");

    public ExplainTests()
    {
        foreach (var file in Directory.GetFiles(Recorded))
        {
            var copy = In(Path.GetFileName(file));
            File.Copy(file, copy);
            File.SetUnixFileMode(copy, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }

        File.WriteAllText(In("postern.yaml"), File.ReadAllText(In("postern.yaml")).Replace("FOLDER", _folder.FullName, StringComparison.Ordinal));
    }

    private static string Recorded => Path.Combine(FindRoot(), "tests", "Postern.Cli.Tests", "Explaining", "recorded");

    public void Dispose() => _folder.Delete(recursive: true);

    [Theory]
    [InlineData("sequences", "sequences.txt")]
    [InlineData("fwknop", "fwknop.txt")]
    [InlineData("single", "single.txt")]
    public void Says_of_what_real_clients_sent(string recording, string golden) => AssertGolden(golden, Explain(recording + ".pcap").Output);

    [Fact]
    public void Machines_are_told_the_same() => AssertGolden("fwknop.json", Explain("fwknop.pcap", json: true).Output);

    [Fact]
    public void One_client_is_told_of_alone_and_all_packets_if_they_are_wanted()
    {
        var (_, one, _) = Explain("sequences.pcap", client: "192.0.2.9");
        Assert.Contains("address-denied", one, StringComparison.Ordinal);
        Assert.DoesNotContain("192.0.2.8", one, StringComparison.Ordinal);
        var (_, all, _) = Explain("sequences.pcap", all: true);
        Assert.Contains("no knock names it", all, StringComparison.Ordinal);
        Assert.True(Lines(all) > Lines(Explain("sequences.pcap").Output) + 20);
    }

    [Fact]
    public void Without_the_gates_key_the_sequences_are_judged_and_the_rest_is_said_to_be_missing()
    {
        File.Delete(In("gate.key"));
        Assert.Contains("opens ssh to 192.0.2.7", Explain("sequences.pcap").Output, StringComparison.Ordinal);
        var single = Explain("single.pcap").Output;
        Assert.Contains("as large as a single packet; without the gate's key nothing more can be said", single, StringComparison.Ordinal);
        Assert.Contains("spa: wrong-size", single, StringComparison.Ordinal);
        Assert.Contains("note: single packets are not judged", single, StringComparison.Ordinal);
        Assert.DoesNotContain("opens ssh", single, StringComparison.Ordinal);
    }

    [Fact]
    public void A_firewalls_log_is_explained_too()
    {
        File.WriteAllText(In("kern.log"), string.Concat(new[] { (7000, "TCP", 1), (8000, "UDP", 2), (9000, "TCP", 6) }.Select(l => LogLine(l.Item1, l.Item2, l.Item3))));
        var output = Explain("kern.log").Output;
        Assert.Contains("office: step 2 of 3", output, StringComparison.Ordinal);
        Assert.Contains("did not open: step 2 of 3, but it took 5 s, and within is 2s", output, StringComparison.Ordinal);
        Assert.Contains("mend: knock faster, or write within: 10s at 'office'", output, StringComparison.Ordinal);
        Assert.Contains("note: a log holds no data of packets", output, StringComparison.Ordinal);

        static string LogLine(int port, string protocol, int second) => string.Create(
            CultureInfo.InvariantCulture,
            $"2026-11-22T10:00:0{second}.000000+00:00 gate kernel: IN=eth0 OUT= MAC=02:00:00:00:00:01:02:00:00:00:00:02:08:00 SRC=192.0.2.7 DST=198.51.100.1 LEN={(protocol is "TCP" ? 60 : 29)} TOS=0x00 PREC=0x00 TTL=64 ID=1 DF PROTO={protocol} SPT=40000 DPT={port} {(protocol is "TCP" ? "WINDOW=64240 RES=0x00 SYN URGP=0" : "LEN=9")} \n");
    }

    /// <summary>It is a stranger's file.</summary>
    [Fact]
    public void A_file_that_was_cut_or_spoilt_is_explained_as_far_as_it_goes()
    {
        var whole = File.ReadAllBytes(In("sequences.pcap"));
        for (var length = 24; length < whole.Length; length += 97)
        {
            File.WriteAllBytes(In("cut.pcap"), whole[..length]);
            var (code, output, _) = Explain("cut.pcap");
            Assert.Equal(ExitCode.Done, code);
            Assert.Contains("packets;", output, StringComparison.Ordinal);
        }

        var random = new Random(7);
        for (var i = 0; i < 60; i++)
        {
            var spoilt = (byte[])whole.Clone();
            for (var j = 0; j < 20; j++)
                spoilt[random.Next(spoilt.Length)] = (byte)random.Next(256);
            File.WriteAllBytes(In("spoilt.pcap"), spoilt);
            try
            {
                Assert.Equal(ExitCode.Done, Explain("spoilt.pcap", all: true).Code);
            }
            catch (CommandFailure e)
            {
                Assert.Equal(ExitCode.Usage, e.ExitCode); // its first bytes say that it is something else
            }
        }
    }

    [Theory]
    [InlineData("", "is empty")]
    [InlineData("hello\nworld\n", "neither a capture file nor a log")]
    [InlineData("\u001f\u008b\u0008", "is compressed")]
    public void What_is_no_recording_is_refused(string content, string message)
    {
        File.WriteAllBytes(In("file"), Encoding.Latin1.GetBytes(content));
        var failure = Assert.Throws<CommandFailure>(() => Explain("file"));
        Assert.Equal(ExitCode.Usage, failure.ExitCode);
        Assert.Contains(message, failure.Message, StringComparison.Ordinal);
    }

    /// <summary>However many there are, what is kept of them is bounded, and who came furthest is not forgotten for those who sent one packet.</summary>
    [Fact]
    public void A_flood_in_a_recording_hides_nobody_who_knocked()
    {
        using (var file = new BinaryWriter(File.Create(In("flood.pcap"))))
        {
            WriteHeader(file);
            WriteSyn(file, 0, 0xc0000207, 7001);
            WriteSyn(file, 100, 0xc0000207, 8001);
            for (var i = 0; i < 3 * ClientBook.MostClients; i++)
                WriteSyn(file, 200 + (i / 1000), 0x0a000000 + (uint)i, 7000);
            WriteSyn(file, 500, 0xc0000207, 9001);
        }

        var summary = JsonDocument.Parse(Explain("flood.pcap", json: true).Output.TrimEnd().Split('\n')[^1]).RootElement.GetProperty("summary");
        Assert.InRange(summary.GetProperty("clients").GetArrayLength(), 1, ClientBook.MostClients);
        Assert.InRange(summary.GetProperty("clients_forgotten").GetInt64(), ClientBook.MostClients, 3 * ClientBook.MostClients);
        var client = Assert.Single(summary.GetProperty("clients").EnumerateArray(), c => c.GetProperty("client").GetString() is "192.0.2.7");
        Assert.Contains("opens web", client.GetProperty("done").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Each_refusal_has_its_words()
    {
        var words = Enum.GetValues<Refusal>().Select(r => (Refusal: r, Word: RefusalWords.Of(r))).ToArray();
        Assert.All(words, w => Assert.NotEqual(w.Refusal.Word(), w.Refusal == Refusal.None ? "" : w.Word.Why));
        Assert.Equal(words.Length, words.Select(w => w.Word.Why).Distinct().Count());
    }

    /// <summary>A token in ports of which only nine packets were recorded, and one that is made with another secret: each is told with the name of its knock.</summary>
    [Theory]
    [InlineData(9, "192.0.2.7, laptop: did not open", "too-short: 9 of the 16 parts that make a token")]
    [InlineData(24, "192.0.2.7, laptop: did not open", "bad-token: it is a token by no secret of this gate")]
    public void A_token_that_is_none_is_told_with_the_name_of_its_knock(int symbols, params string[] told)
    {
        File.WriteAllText(In("laptop.secret"), new string('a', 64) + "\n");
        File.SetUnixFileMode(In("laptop.secret"), UnixFileMode.UserRead | UnixFileMode.UserWrite);
        File.WriteAllText(In("postern.yaml"), $$"""
            services: {ssh: {ports: [tcp/22]} }
            knocks:
              laptop:
                method: ports
                secret_file: {{In("laptop.secret")}}
                opens: [ssh]
            """);
        File.SetUnixFileMode(In("postern.yaml"), UnixFileMode.UserRead | UnixFileMode.UserWrite);
        var ports = new ushort[PortSpan.Symbols];
        new PortSpan(20_000).Write(new byte[PortsToken.Size], ports);
        using (var file = new BinaryWriter(File.Create(In("tokens.pcap"))))
        {
            WriteHeader(file);
            foreach (var (i, port) in ports[..symbols].Index())
                WriteSyn(file, i, 0xc0000207, port);
        }

        var output = Explain("tokens.pcap").Output;
        Assert.Contains("laptop: part 9 of 16", output, StringComparison.Ordinal);
        Assert.All(told, line => Assert.Contains(line, output, StringComparison.Ordinal));
    }

    private static void WriteHeader(BinaryWriter file)
    {
        file.Write(0xa1b2c3d4u);
        file.Write((ushort)2);
        file.Write((ushort)4);
        file.Write(0L);
        file.Write(65_535u);
        file.Write(101u); // the IP header first
    }

    private static void WriteSyn(BinaryWriter file, int milliseconds, uint source, ushort port)
    {
        var packet = new byte[40];
        packet[0] = 0x45;
        packet[3] = 40;
        packet[8] = 64;
        packet[9] = 6;
        System.Buffers.Binary.BinaryPrimitives.WriteUInt32BigEndian(packet.AsSpan(12), source);
        System.Buffers.Binary.BinaryPrimitives.WriteUInt32BigEndian(packet.AsSpan(16), 0xc6336401);
        System.Buffers.Binary.BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(20), 40_000);
        System.Buffers.Binary.BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(22), port);
        packet[32] = 5 << 4;
        packet[33] = 2;
        file.Write(1_790_000_000 + (milliseconds / 1000));
        file.Write(milliseconds % 1000 * 1000);
        file.Write(packet.Length);
        file.Write(packet.Length);
        file.Write(packet);
    }

    private (int Code, string Output, string Error) Explain(string file, string? client = null, bool all = false, bool json = false)
    {
        using var output = new StringWriter { NewLine = "\n" };
        using var error = new StringWriter();
        var only = client is null ? (Address?)null : Address.TryParse(client, out var address) ? address : throw new ArgumentException(client, nameof(client));
        var code = ExplainCommand.Run(new(In(file), In("postern.yaml"), only, all, json), output, error, TimeZoneInfo.Utc, TestContext.Current.CancellationToken);
        return (code, output.ToString(), error.ToString());
    }

    private static void AssertGolden(string name, string actual)
    {
        var file = Path.Combine(Recorded, name);
        if (Environment.GetEnvironmentVariable("POSTERN_TEST_GOLDEN") is "write")
            File.WriteAllText(file, actual);
        Assert.Equal(File.ReadAllText(file), actual, ignoreLineEndingDifferences: true);
    }

    private static int Lines(string text) => text.Count(c => c == '\n');

    private string In(string name) => Path.Combine(_folder.FullName, name);

    private static string FindRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "Postern.slnx")))
            folder = folder.Parent!;
        return folder.FullName;
    }
}
