using System.Runtime.CompilerServices;
using Postern.Keys;
using Postern.Knocks.Rolling;
using Postern.Knocks.Sequences;
using Postern.Reports;
using static Postern.Knocks.Tests.Sequences.Knocking;

namespace Postern.Knocks.Tests.Rolling;

/// <summary>spec/vectors/knocks/rolling.txt, which another program made from the specification.</summary>
public sealed class VectorsRollingTests
{
    public static TheoryData<string> Lines { get; } = [.. File.ReadLines(PathOf()).Where(l => !l.StartsWith('#'))];

    [Theory]
    [MemberData(nameof(Lines))]
    public void The_steps_are_those_of_the_vector(string line)
    {
        var words = line.Split(' ');
        using var secret = TokenSecret.From(Convert.FromHexString(words[0]));
        var address = words[6] is "-" ? Address.None : new Address(Source(words[6]));
        var plan = new RollingPlan([.. words[5].Split(',').Select(Step)])
        {
            Step = TimeSpan.FromSeconds(int.Parse(words[2])),
            Shortest = int.Parse(words[3]),
            Longest = int.Parse(words[4]),
            IsBound = words[6] is not "-",
        };
        var steps = new KnockStep[RollingPlan.MaxLength];
        var length = plan.Draw(secret, plan.StepAt(long.Parse(words[1])), address, steps);
        Assert.Equal(words[7..], steps[..length].Select(s => s.ToString()));
    }

    private static string PathOf([CallerFilePath] string here = "") => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "../../../spec/vectors/knocks/rolling.txt"));
}
