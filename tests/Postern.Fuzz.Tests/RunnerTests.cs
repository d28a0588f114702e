using Postern.Fuzz.Engine;

namespace Postern.Fuzz.Tests;

/// <summary>That what is wrong with a parser is seen.</summary>
public sealed class RunnerTests
{
    private static object? _sink;

    [Fact]
    public void An_exception_is_a_finding() =>
        Assert.StartsWith("IndexOutOfRangeException", new Runner(new("t", input => _sink = input.ToArray()[5])).Run([1])!.Kind, StringComparison.Ordinal);

    [Fact]
    public void What_the_oracle_says_is_a_finding() =>
        Assert.Equal("not so", new Runner(new("t", input => Oracle.That(input.IsEmpty, "not so: here"))).Run([1])!.Kind);

    [Fact]
    public void Memory_beyond_the_bound_is_a_finding_and_that_of_the_oracle_is_not()
    {
        Target Taking(int before, int after) => new("t", input =>
        {
            Spent.Begin();
            _sink = new byte[before];
            Spent.End();
            _sink = new byte[after];
        }) { Memory = (1000, 10) };
        Assert.Equal("memory", new Runner(Taking(2000, 0)).Run([1])!.Kind);
        Assert.Null(new Runner(Taking(1000, 100_000)).Run([1, 2, 3, 4, 5]));
    }

    [Fact]
    public void Time_beyond_all_measure_is_a_finding() =>
        Assert.Equal("time", new Runner(new("t", _ =>
        {
            Spent.Begin();
            for (var from = Environment.CpuUsage.TotalTime; Environment.CpuUsage.TotalTime - from < TimeSpan.FromMilliseconds(50);)
                Thread.SpinWait(100);
            Spent.End();
        }) { Memory = (long.MaxValue / 2, 0) }) { Limit = TimeSpan.FromMilliseconds(10) }.Run([])!.Kind);

    [Fact]
    public void Chance_is_the_same_for_the_same_seed()
    {
        static string Draw(ulong seed) => string.Join(' ', Enumerable.Range(0, 200).Select(new Func<int, string>(_ => "")).Prepend(Convert.ToHexString(Changed(new(seed)))));
        Assert.Equal(Draw(7), Draw(7));
        Assert.NotEqual(Draw(7), Draw(8));
    }

    [Fact]
    public void The_mutator_keeps_to_its_length_and_reaches_everything()
    {
        var mutator = new Mutator(new(1), ["word"u8.ToArray()], maxLength: 16);
        var seen = new HashSet<byte>();
        for (var i = 0; i < 20_000; i++)
        {
            var changed = mutator.Change("0123456789abcdef"u8, "ABCDEFGH"u8);
            Assert.True(changed.Length <= 16);
            seen.UnionWith(changed);
        }

        Assert.Equal(256, seen.Count);
        Assert.Empty(new Mutator(new(1), [], maxLength: 0).Change([], []));
    }

    private static byte[] Changed(Chance chance)
    {
        var mutator = new Mutator(chance, [], maxLength: 64);
        byte[] bytes = [1, 2, 3, 4];
        for (var i = 0; i < 50; i++)
            bytes = mutator.Change(bytes, bytes);
        return bytes;
    }
}
