using System.Diagnostics;
using Postern.Reports;

namespace Postern.Firewall.Tests;

public sealed class KernelScaleTests : IDisposable
{
    private static readonly ProtectedService Ssh = Lab.Service("ssh", "tcp/22");
    private readonly Lab _lab = new();

    public void Dispose() => _lab.Dispose();

    /// <summary>Every other one wide; the rest narrow, with a holder: the dearest kind.</summary>
    private static Grantee To(int number) => number % 2 == 0
        ? new(Address.FromV4(0x0b000000u + (uint)number))
        : new(Address.FromV4(0x0b000000u + (uint)number), (ushort)(1 + (number % 60_000)), "0123456789abcdef");

    [Fact]
    public void One_more_grant_costs_the_same_among_a_hundred_thousand()
    {
        _lab.Apply(Ssh);
        Measure(0, 200); // warm
        var (empty, emptyWorst) = Measure(0, 2000);
        Fill(2000, 10_000);
        var (some, someWorst) = Measure(20_000, 2000);
        Fill(30_000, 100_000);
        var (many, manyWorst) = Measure(200_000, 2000);
        var started = Stopwatch.GetTimestamp();
        var held = _lab.Apply(Ssh, Lab.Service("web", "tcp/80"));
        var reload = Stopwatch.GetElapsedTime(started);
        Say($"a grant, median/p99 us: {empty:F1}/{emptyWorst:F1} at 0, {some:F1}/{someWorst:F1} at 10 k, {many:F1}/{manyWorst:F1} at 100 k; ratio {many / empty:F2}");
        Say($"set up again with {held.Length} grants in force: {reload.TotalMilliseconds:F0} ms");
        Assert.True(many / empty <= 4, $"{many:F1} us against {empty:F1} us");
        Assert.True(held.Length >= 110_000);

        // All of their service gone: each of them is taken out in the transaction that takes the service away.
        started = Stopwatch.GetTimestamp();
        Assert.Empty(_lab.Apply(Lab.Service("web", "tcp/80")));
        Say($"and without their service: {Stopwatch.GetElapsedTime(started).TotalMilliseconds:F0} ms");
    }

    [Fact]
    public void A_grant_allocates_nothing()
    {
        _lab.Apply(Ssh);
        var friend = new Grantee(Lab.Ip(Lab.FriendV6), 50_000, "0123456789abcdef");
        for (var i = 0; i < 200; i++)
            Change();
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1000; i++)
            Change();
        var each = (GC.GetAllocatedBytesForCurrentThread() - before) / 2000.0;
        Assert.True(each < 1, $"{each} bytes a call");

        void Change()
        {
            _lab.Firewall.Open(Ssh, friend, TimeSpan.FromSeconds(30));
            _lab.Firewall.Close(Ssh, friend);
        }
    }

    private (double Median, double Worst) Measure(int first, int count)
    {
        var times = new double[count];
        for (var i = 0; i < count; i++)
        {
            var started = Stopwatch.GetTimestamp();
            var result = _lab.Firewall.Open(Ssh, To(first + i), TimeSpan.FromHours(1));
            times[i] = Stopwatch.GetElapsedTime(started).TotalMicroseconds;
            Assert.True(result.Done);
        }

        Array.Sort(times);
        return (times[count / 2], times[count * 99 / 100]);
    }

    private void Fill(int first, int count)
    {
        for (var i = 0; i < count; i++)
            Assert.True(_lab.Firewall.Open(Ssh, To(first + i), TimeSpan.FromHours(1)).Done);
    }

    private static void Say(string text) => TestContext.Current.TestOutputHelper?.WriteLine(text);
}
