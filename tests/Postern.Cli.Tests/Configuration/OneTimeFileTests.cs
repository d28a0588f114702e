using Postern.Cli.Configuration;
using Postern.Knocks.Sequences;

namespace Postern.Cli.Tests.Configuration;

/// <summary>Files of sequences that are good once: what a line may be, and what a fault in one does.</summary>
public sealed class OneTimeFileTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("postern-once-");

    private string File => Path.Combine(_folder.FullName, "office.sequences");

    public void Dispose() => _folder.Delete(recursive: true);

    [Theory]
    [InlineData("7000,8000:udp,9000", "tcp/7000 udp/8000 tcp/9000")]
    [InlineData("  7000 , 8000 : UDP,9000:tcp\r", "tcp/7000 udp/8000 tcp/9000")]
    [InlineData("tcp/7000, udp/8000-8010, icmp/120", "tcp/7000 udp/8000-8010 icmp/120")]
    [InlineData("7000,udp/8000", "tcp/7000 udp/8000")]
    [InlineData("#7000,8000", "")]
    [InlineData("   ", "")]
    public void A_line_is_a_sequence(string line, string steps)
    {
        var lines = OneTimeFile.ReadText("f", line + "\n1,2,3\n", new());
        Assert.Equal(steps, string.Join(' ', lines.Where(l => l.Place.Line == 1).SelectMany(l => l.Steps)));
    }

    [Theory]
    [InlineData("7000,ssh", "f:1:1: 'ssh' is not a step")]
    [InlineData("7000,,9000", "f:1:1: '' is not a step")]
    [InlineData(" 7000,0", "f:1:2: '0' is not a step")]
    [InlineData("7000,65536", "f:1:1: '65536' is not a step")]
    [InlineData("7000,-1", "f:1:1: '-1' is not a step")]
    [InlineData("7000x,1", "f:1:1: '7000x' is not a step")]
    [InlineData("7000,8000:sctp", "f:1:1: '8000:sctp' is not a step")]
    [InlineData("1,1,1,1,1,1,1,1,1", "f:1:1: more than 8 steps overlap others")]
    [InlineData("tcp/1-5,3", "f:1:1: the steps tcp/1-5 and tcp/3 overlap in part")]
    public void A_fault_keeps_out_its_line_alone(string line, string fault)
    {
        var faults = new FaultList();
        var lines = OneTimeFile.ReadText("f", line + "\n1,2,3\n", faults);
        Assert.StartsWith(fault, Assert.Single(faults.Faults).ToString(), StringComparison.Ordinal);
        Assert.Equal(2, Assert.Single(lines).Place.Line);
    }

    [Fact]
    public void The_same_twice_is_a_fault_and_the_first_counts()
    {
        var faults = new FaultList();
        Assert.Single(OneTimeFile.ReadText("f", "1,2,3\ntcp/1,tcp/2,tcp/3\n", faults));
        Assert.StartsWith("f:2:1: the sequence of line 1 again", Assert.Single(faults.Faults).ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Not_more_than_can_be_watched()
    {
        var faults = new FaultList();
        Assert.Equal(OneTimeFile.MaxLines, OneTimeFile.ReadText("f", string.Concat(Enumerable.Range(0, OneTimeFile.MaxLines + 1).Select(i => $"{1 + i},{10_000 + i},{20_000 + i}\n")), faults).Length);
        Assert.Equal(OneTimeFile.MaxLines + 1, Assert.Single(faults.Faults).Line);
    }

    [Fact]
    public void What_is_used_stays_so_however_it_is_written()
    {
        var lines = OneTimeFile.ReadText("f", "7000,8000:udp\n7000,8000\n", new());
        Assert.Equal(OneTimeFile.ReadText("g", "# x\n tcp/7000, udp/8000\n", new())[0].Digest(), lines[0].Digest());
        Assert.NotEqual(lines[0].Digest(), lines[1].Digest());
    }

    [Fact]
    public void Each_line_is_a_door_and_the_knock_prints_as_one()
    {
        Write("7000,8000:udp,9000\n7000,9000,8000:udp\n");
        var read = Read();
        Assert.Empty(read.KeyFaults);
        var configuration = read.Configuration!;
        Assert.Equal(["plain", "office", "office"], configuration.Sequences.Select(s => s.Name).ToArray());
        Assert.Equal(["plain", "office", "office"], configuration.Warden.Doors.Select(d => d.Name).ToArray());
        Assert.Equal((2, 1), (configuration.KnockCount, configuration.PlainDoors));
        Assert.All(configuration.Sequences.Skip(1), s => Assert.Equal((StepOrder.Strict, TimeSpan.FromSeconds(7)), (s.Order, s.Within)));
        Assert.True(configuration.NeedsLedger);
        Assert.All(configuration.Warden.Doors.Skip(1), d => Assert.True(d.OneTime!.InTurn));
        var printed = ConfigurationWriter.Write(configuration);
        Assert.Equal(printed, ConfigurationWriter.Write(ConfigurationReader.ReadText("printed", printed).Configuration!));
    }

    [Fact]
    public void In_any_order_two_lines_of_the_same_ports_are_one()
    {
        Write("7000,8000,9000\n9000,8000,7000\n1,7,3\n");
        var read = Read("any");
        Assert.Equal(["2", "3"], read.KeyFaults.Select(f => $"{f.Line}").ToArray()); // line 3 is the knock 'plain'
        Assert.Single(read.Configuration!.OneTime, k => k.Count == 1);
    }

    [Theory]
    [InlineData(UnixFileMode.UserRead | UnixFileMode.OtherRead)]
    [InlineData(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupWrite)]
    public void Others_may_not_read_it(UnixFileMode mode)
    {
        Write("7000,8000,9000\n");
        System.IO.File.SetUnixFileMode(File, mode);
        var read = Read();
        Assert.Contains("others can read it", Assert.Single(read.KeyFaults).Message, StringComparison.Ordinal);
        Assert.Equal(0, Assert.Single(read.Configuration!.OneTime).Count);
    }

    [Fact]
    public void A_file_that_is_not_there_stops_no_other_knock()
    {
        var read = Read();
        Assert.Contains("no such file", Assert.Single(read.KeyFaults).Message, StringComparison.Ordinal);
        Assert.Equal("plain", Assert.Single(read.Configuration!.Sequences).Name);
    }

    [Fact]
    public async Task Check_says_so()
    {
        Write("7000,8000,9000\nseven\n");
        var configuration = Path.Combine(_folder.FullName, "postern.yaml");
        System.IO.File.WriteAllText(configuration, Text("strict"));
        System.IO.File.SetUnixFileMode(configuration, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        var (code, _, error) = await CommandLineFrameTests.RunAsync("check", "--config", configuration);
        Assert.Equal(1, code);
        Assert.Contains($"{File}:2:1: 'seven' is not a step", error, StringComparison.Ordinal);
    }

    private void Write(string text)
    {
        System.IO.File.WriteAllText(File, text);
        System.IO.File.SetUnixFileMode(File, UnixFileMode.UserRead | UnixFileMode.UserWrite);
    }

    private ConfigurationResult Read(string order = "strict") => ConfigurationReader.ReadText("f", Text(order));

    private string Text(string order) => $$$"""
        services: {ssh: {ports: [tcp/22]}}
        knocks:
          plain: {sequence: [tcp/1, tcp/7, tcp/3], opens: [ssh]}
          office: {method: one-time, sequences_file: {{{File}}}, in_turn: true, order: {{{order}}}, within: 7s, opens: [ssh] }
        """;
}
