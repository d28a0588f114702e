using System.Diagnostics;
using Postern.Reports;
using Postern.Warden.Ledger;

namespace Postern.Warden.Tests;

/// <summary>The whole way, with a ledger on a disk: one packet is one grant, for ever.</summary>
public sealed class SpaReplayTests : IDisposable
{
    private readonly LedgerFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Ten_thousand_copies_before_and_after_a_restart_are_one_grant()
    {
        byte[] request;
        using (var ledger = _folder.Open())
        {
            var house = new SpaHouse(ledger);
            house.Pass(1);
            request = SpaHouse.Sign(house.Request("ssh", "web"));
            var granted = Enumerable.Range(0, 10_000).Count(i => house.Send(request, From(i)).Refusal == Refusal.None);
            Assert.Equal(1, granted);
            Assert.Equal(["+ssh 192.0.2.1 30", "+web 192.0.2.1 60"], house.Kernel.Notes);
        }

        for (var start = 0; start < 2; start++)
        {
            using var ledger = _folder.Open(TimeSpan.FromSeconds(2 + start));
            var house = new SpaHouse(ledger);
            house.Pass(3);
            Assert.All(Enumerable.Range(0, 10_000), i => Assert.Equal(Refusal.Replayed, house.Send(request, From(i)).Refusal));
            Assert.Empty(house.Kernel.Notes);
        }

        // Nor when the ledger is lost, and another begins.
        File.Delete(_folder.Path);
        using var next = _folder.Open(TimeSpan.FromSeconds(5));
        var after = new SpaHouse(next);
        after.Pass(6);
        Assert.Equal(Refusal.Replayed, after.Send(request).Refusal);
    }

    private static Address From(int i) => i % 2 == 0 ? SpaHouse.Home : Address.FromV4(0x0b00_0000 + (uint)i);

    /// <summary>What it costs, for BENCHMARKS.md; nothing here can fail for being slow.</summary>
    [Fact]
    public void What_a_request_costs()
    {
        Measure("Handle without a disk", new SpaHouse(), 3000);
        using (var ledger = _folder.Open())
            Measure("Handle with a ledger on this disk", new SpaHouse(ledger), 300);

        var house = new SpaHouse();
        var forged = SpaHouse.Sign(house.Request(), TestKeys.Bob);
        var unknown = SpaHouse.Sign(house.Request() with { KeyHint = 7 });
        foreach (var (what, packet) in (ReadOnlySpan<(string, byte[])>)[("a false signature", forged), ("an unknown key", unknown)])
        {
            for (var i = 0; i < 200; i++)
                house.Send(packet);
            var worked = Environment.CpuUsage.TotalTime;
            for (var i = 0; i < 3000; i++)
                house.Send(packet);
            Say($"{what}: {(Environment.CpuUsage.TotalTime - worked).TotalMicroseconds / 3000:F1} us of a processor");
        }
    }

    private static void Measure(string what, SpaHouse house, int count)
    {
        house.Pass(1);
        var packets = Enumerable.Range(1, count + 200).Select(i => SpaHouse.Sign(house.Request() with { Time = house.Time + (ulong)i })).ToArray();
        foreach (var packet in packets[..200])
            Assert.Equal(Refusal.None, house.Send(packet).Refusal);
        var (started, worked) = (Stopwatch.GetTimestamp(), Environment.CpuUsage.TotalTime);
        foreach (var packet in packets[200..])
            house.Send(packet);
        var each = Stopwatch.GetElapsedTime(started).TotalMicroseconds / count;
        var work = (Environment.CpuUsage.TotalTime - worked).TotalMicroseconds / count; // of the process: run this test alone
        Say($"{what}: {each:F1} us ({work:F1} of a processor), {1e6 / work:F0} a second and core");
    }

    [Fact]
    public void What_a_start_costs()
    {
        using (var ledger = _folder.Open())
            Assert.True(ledger.TryRemember(LedgerFolder.Key(0), 0, LedgerFolder.StartTime + 1));
        var bytes = new byte[64 * 10_001];
        LedgerFormat.WriteHeader(bytes, 0);
        for (var i = 1; i <= 10_000; i++)
            LedgerFormat.Write(bytes.AsSpan(64 * i), new(LedgerRecordKind.Accepted, LedgerFolder.Key(i), 1, (ulong)i));
        File.WriteAllBytes(_folder.Path, bytes);
        for (var turn = 0; turn < 3; turn++)
        {
            var started = Stopwatch.GetTimestamp();
            using var ledger = _folder.Open();
            var time = Stopwatch.GetElapsedTime(started);
            Assert.Equal(10_000, ledger.Count);
            Say($"a start with 10 000 entries: {time.TotalMilliseconds:F1} ms");
        }

        using var open = _folder.Open();
        var began = Stopwatch.GetTimestamp();
        for (var i = 0; i < 300; i++)
            Assert.True(open.TryRemember(LedgerFolder.Key(1), 1, LedgerFolder.StartTime + (ulong)i));
        Say($"an append, flushed: {Stopwatch.GetElapsedTime(began).TotalMicroseconds / 300:F0} us on this disk");
    }

    private static void Say(string text) => TestContext.Current.TestOutputHelper?.WriteLine(text);
}
