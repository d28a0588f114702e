using Postern.Cli.Configuration;
using Postern.Reports;

namespace Postern.Cli.Tests.Configuration;

/// <summary>A port for single packets that moves, as it is written.</summary>
public sealed class MovingPortSettingsTests
{
    [Theory]
    [InlineData("pool: udp/10000-19999", "udp/10000-19999@60")]
    [InlineData("{pool: [udp/10000-19999, tcp/20000-20255], step: 2m30s}", "udp/10000-19999@150 tcp/20000-20255@150")]
    [InlineData("{ports: [udp/62201, icmp], pool: udp/10000-19999, step: 1h}", "udp/10000-19999@3600 udp/62201 icmp")]
    [InlineData("{ports: [], pool: udp/10000-19999}", "udp/10000-19999@60")]
    [InlineData("{pool: udp/10000-19999, ports: [icmp]}", "udp/10000-19999@60 icmp")]
    public void What_is_written_is_understood_and_reads_back_to_the_same(string spa, string places)
    {
        var configuration = Read("spa: " + (spa.StartsWith('{') ? spa : $"{{{spa}}}"));
        Assert.Equal(places, string.Join(' ', configuration.Spa!.Places));
        var text = ConfigurationWriter.Write(configuration);
        var again = Read(text);
        Assert.Equal(places, string.Join(' ', again.Spa!.Places));
        Assert.Equal(text, ConfigurationWriter.Write(again));
    }

    [Fact]
    public void Traps_lie_in_the_pool_too_or_a_scan_would_find_a_sequence_there()
    {
        var configuration = Read("services: {s: {ports: [tcp/22]}}\nknocks: {k: {sequence: [udp/11000, udp/13000, udp/15000], opens: [s]}}\nspa: {pool: udp/100-60000, ports: [udp/62000]}");
        var traps = configuration.ChooseTraps().Ports;
        Assert.Contains(traps, t => t.Kind == Knocks.Sequences.StepKind.Udp && t.Port is > 11_000 and < 13_000);
        Assert.Contains(traps, t => t.Kind == Knocks.Sequences.StepKind.Udp && t.Port is > 13_000 and < 15_000);
        Assert.True(configuration.IsServed(Knocks.Sequences.StepKind.Udp, 62_000));
        Assert.False(configuration.IsServed(Knocks.Sequences.StepKind.Udp, 62_201)); // the usual port is only for who says nothing
    }

    private static GateConfiguration Read(string text)
    {
        var read = ConfigurationReader.ReadText("f", text);
        Assert.Empty(read.Faults);
        return read.Configuration!;
    }
}
