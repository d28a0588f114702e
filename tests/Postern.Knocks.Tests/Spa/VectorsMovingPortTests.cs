using System.Globalization;
using System.Runtime.CompilerServices;
using Postern.Keys;
using Postern.Knocks.Spa;
using Postern.Reports;

namespace Postern.Knocks.Tests.Spa;

/// <summary>spec/vectors/moving-ports.txt, which another program made from the specification; and how such a port is written.</summary>
public sealed class VectorsMovingPortTests
{
    public static TheoryData<string> Lines { get; } = [.. File.ReadLines(PathOf()).Where(l => !l.StartsWith('#'))];

    [Theory]
    [MemberData(nameof(Lines))]
    public void The_port_is_that_of_the_vector(string line)
    {
        var words = line.Split(' ');
        using var secret = GateSecret.From(Convert.FromHexString(words[0]));
        using var key = secret.DeriveOuterKey();
        Assert.True(MovingPort.TryParse(words[1], out var moving));
        Assert.Equal(words[1], moving.ToString());
        var seconds = long.Parse(words[2], CultureInfo.InvariantCulture);
        Assert.Equal(ushort.Parse(words[3], CultureInfo.InvariantCulture), moving.PortAt(key, seconds));
        Assert.Equal(moving.PortAt(key, seconds + moving.Step), moving.PortAt(key, seconds, steps: 1));
    }

    [Theory]
    [InlineData("")]
    [InlineData("udp/62201")]
    [InlineData("udp/10000-19999")]
    [InlineData("udp/10000-19999@")]
    [InlineData("udp/10000-19999@9")]
    [InlineData("udp/10000-19999@3601")]
    [InlineData("udp/10000-19999@060")]
    [InlineData("udp/010000-19999@60")]
    [InlineData("udp/10000-19999@60s")]
    [InlineData("udp/10000-19999@60@60")]
    [InlineData("udp/10000-10254@60")] // 255 ports
    [InlineData("udp/0-19999@60")]
    [InlineData("udp/19999-10000@60")]
    [InlineData("icmp@60")]
    [InlineData("udp/10000-19999@60\0")]
    public void Refuses_what_is_no_moving_port(string text) => Assert.False(MovingPort.TryParse(text, out _));

    /// <summary>Ports of a pool come about equally often, so that who has seen many knows nothing of the next.</summary>
    [Fact]
    public void No_port_is_preferred()
    {
        using var secret = TokenSecret.From(new byte[32]);
        var moving = new MovingPort(new(Transport.Udp, 30_000, 30_255), 60);
        var times = new int[256];
        for (var step = 0; step < 25_600; step++)
            times[moving.PortOf(secret, step) - 30_000]++;
        Assert.InRange(times.Min(), 50, 100);
        Assert.InRange(times.Max(), 100, 150);
    }

    [Fact]
    public void Nothing_else_is_made() =>
        Assert.All([(new PortRange(Transport.Udp, 1, 255), 60), (new(Transport.Udp, 1, 256), 9), (default, 60)], bad => Assert.Throws<ArgumentException>(() => new MovingPort(bad.Item1, bad.Item2)));

    private static string PathOf([CallerFilePath] string here = "") => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "../../../spec/vectors/moving-ports.txt"));
}
