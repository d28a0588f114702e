using System.Reflection;
using System.Runtime.Loader;
using Postern.Fuzz.Engine;

namespace Postern.Fuzz.Tests;

/// <summary>That code which counts its branches leads the fuzzer where blind chance does not come.</summary>
public sealed class GuidanceTests
{
    /// <summary>The guided one needs about a third of them.</summary>
    private const int Executions = 200_000;

    [Fact]
    public void What_counts_its_branches_is_seen_through_and_what_does_not_is_not()
    {
        var attempt = Counting(typeof(NestedMagic));
        var guided = new Campaign(new("guided", attempt), [new byte[8]], seed: 1);
        guided.RunTimes(Executions);
        var finding = Assert.Single(guided.Findings);
        Assert.Equal("found", new InvalidOperationException(finding.What).Message.Split('\n')[0].Split(": ")[1].Trim());
        Assert.True(guided.Kept.Count >= 4, "each right byte is kept");

        var blind = new Campaign(new("blind", NestedMagic.Read), [new byte[8]], seed: 1);
        blind.RunTimes(Executions);
        Assert.Empty(blind.Findings);
        Assert.Equal(0, blind.EdgeCount);
        TestContext.Current.SendDiagnosticMessage($"guided: {guided.Executions} executions, {guided.EdgeCount} edges; blind: none in {blind.Executions}");
    }

    [Fact]
    public void Code_that_counts_does_what_it_did_before()
    {
        var attempt = Counting(typeof(Shapes), out var answers);
        attempt([]);
        Assert.Equal(Shapes.All(), answers());
        Assert.True(Edges.Counts.ContainsAnyExcept((byte)0));
    }

    [Fact]
    public void A_finding_that_is_shorter_is_kept_in_its_place()
    {
        var campaign = new Campaign(new("trimmed", Counting(typeof(NestedMagic))), [[.. "abcP"u8, 0xc5, .. new byte[400]]], seed: 1);
        campaign.RunTimes(5_000);
        Assert.All(campaign.Kept.Skip(1), kept => Assert.True(kept.Length < 64, $"{kept.Length} bytes"));
    }

    private static Attempt Counting(Type type) => Counting(type, out _);

    /// <summary>The same type, of a copy of this assembly in which it counts.</summary>
    private static Attempt Counting(Type type, out Func<string> answers)
    {
        var copy = Path.Combine(Path.GetTempPath(), $"postern-fuzz-{Guid.NewGuid():N}.dll");
        try
        {
            Assert.True(Instrumenter.Rewrite(type.Assembly.Location, copy, name => name.StartsWith(type.FullName!, StringComparison.Ordinal)) > 3);
            using var bytes = new MemoryStream(File.ReadAllBytes(copy));
            var counting = new AssemblyLoadContext("counting").LoadFromStream(bytes).GetType(type.FullName!)!;
            answers = counting.GetMethod("All")?.CreateDelegate<Func<string>>() ?? (() => "");
            return counting.GetMethod("Read", BindingFlags.Public | BindingFlags.Static)!.CreateDelegate<Attempt>();
        }
        finally
        {
            File.Delete(copy);
        }
    }
}
