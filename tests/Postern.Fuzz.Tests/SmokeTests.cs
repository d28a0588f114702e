using Postern.Fuzz.Engine;
using Postern.Fuzz.Targets;

namespace Postern.Fuzz.Tests;

/// <summary>Every parser over its corpus, and over some thousands of changes of it that are the same in every run. Without guidance: <c>fuzz/run</c> is for that.</summary>
public sealed class SmokeTests
{
    private const ulong Seed = 20_270_131;

    public static TheoryData<string> Targets => [.. Table.All.Select(t => t.Name)];

    [Theory]
    [MemberData(nameof(Targets))]
    public void What_holds_of_a_parser_holds_for_the_corpus_and_for_what_is_like_it(string name)
    {
        var target = Table.Find(name);
        var corpus = Corpus.Committed(name);
        Assert.NotEmpty(corpus);
        var runner = new Runner(target);
        var chance = new Chance(Seed);
        var mutator = new Mutator(chance, Words.Of(corpus), target.MaxLength);
        foreach (var input in corpus)
            Assert.Null(runner.Run(input));
        for (var i = 0; i < target.Smoke; i++)
            Assert.Null(runner.Run(mutator.Change(chance.Of(corpus), chance.Of(corpus))));
    }

    [Fact]
    public void Every_folder_of_the_corpus_is_of_a_target() =>
        Assert.Equal(Table.All.Select(t => t.Name).Order(), Directory.GetDirectories(Repository.Corpus).Select(Path.GetFileName).Order());

    [Fact]
    public void The_corpus_stays_small() =>
        Assert.True(Directory.GetFiles(Repository.Corpus, "*", SearchOption.AllDirectories).Sum(f => new FileInfo(f).Length) < 2_000_000);
}
