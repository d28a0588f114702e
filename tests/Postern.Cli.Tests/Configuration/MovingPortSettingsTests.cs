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
    public void No_trap_lies_in_the_pool()
    {
        var configuration = Read("services: {s: {ports: [tcp/22]}}\nknocks: {k: {sequence: [udp/1, udp/5, udp/3], opens: [s]}}\nspa: {pool: udp/100-60000}");
        Assert.DoesNotContain(configuration.ChooseTraps().Ports, t => t.Kind == Knocks.Sequences.StepKind.Udp && t.Port is >= 100 and <= 60_000);
        Assert.True(configuration.Spa!.Watches(Transport.Udp, 100));
        Assert.False(configuration.Spa.Watches(Transport.Udp, 62_201)); // the usual port is only for who says nothing
    }

    private static GateConfiguration Read(string text)
    {
        var read = ConfigurationReader.ReadText("f", text);
        Assert.Empty(read.Faults);
        return read.Configuration!;
    }
}
