using Postern.Client.Spa;

namespace Postern.Client.Tests.Spa;

/// <summary>spec/spa.md §6 and §10: one way to write each.</summary>
public sealed class CarrierTests
{
    [Theory]
    [InlineData("icmp")]
    [InlineData("udp/62201")]
    [InlineData("tcp/1")]
    [InlineData("tcp/65535")]
    [InlineData("udp/10000-19999@60")]
    [InlineData("tcp/1-65535@3600")]
    public void Reads_and_writes_carriers(string text)
    {
        Assert.True(Carrier.TryParse(text, out var carrier));
        Assert.Equal(text, carrier.ToString());
    }

    [Theory]
    [InlineData("")]
    [InlineData("udp")]
    [InlineData("udp/")]
    [InlineData("udp/0")]
    [InlineData("udp/01")]
    [InlineData("udp/65536")]
    [InlineData("udp/1-2")]
    [InlineData("udp/ 1")]
    [InlineData("udp/10000-19999")]
    [InlineData("udp/10000-19999@5")]
    [InlineData("udp/10000-10100@60")]
    [InlineData("icmp/8")]
    [InlineData("udp/6443\0")] // found by fuzzing: the runtime's parsers pass over zeros behind a number
    public void Refuses_what_is_no_carrier(string text) => Assert.False(Carrier.TryParse(text, out _));
}
