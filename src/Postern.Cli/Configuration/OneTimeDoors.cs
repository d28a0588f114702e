using System.Collections.Immutable;
using System.Globalization;
using Postern.Knocks.Sequences;
using Postern.Warden;

namespace Postern.Cli.Configuration;

/// <summary>The knocks of method one-time, and a door for each sequence of their files.</summary>
internal sealed record OneTimeDoors(ImmutableArray<OneTimeKnock> Knocks, ImmutableArray<KnockSequence> Sequences, ImmutableArray<Door> Doors)
{
    /// <summary>As many as there may be knocks.</summary>
    private const int MaxDoors = 16_384;

    /// <param name="knocks">All of the configuration, which are without faults.</param>
    /// <param name="faults">Of the files: a line that has one opens nothing, and that is all.</param>
    public static OneTimeDoors Read(ImmutableArray<Knock> knocks, FaultList faults)
    {
        var (known, sequences, doors) = (new Known(knocks), ImmutableArray.CreateBuilder<KnockSequence>(), ImmutableArray.CreateBuilder<Door>());
        var oneTime = ImmutableArray.CreateBuilder<OneTimeKnock>();
        foreach (var knock in knocks.Where(k => k.OneTime is not null))
        {
            var count = sequences.Count;
            foreach (var line in OneTimeFile.Read(knock.OneTime!.File, faults))
            {
                var sequence = knock.Sequence with { Steps = line.Steps };
                if (sequences.Count == MaxDoors)
                {
                    faults.Add(line.Place, string.Create(CultureInfo.InvariantCulture, $"more than {MaxDoors} one-time sequences in all"), "remove those that were used");
                    break;
                }

                if (!knock.Door.Stacks.IsEmpty && SequenceRules.StepsWithoutStack(sequence).FirstOrDefault() is { Kind: not StepKind.Tcp } blind)
                {
                    faults.Add(line.Place, $"'stack' of the knock '{knock.Door.Name}' is told by the packet that completes it, and {blind} may be that one", "write another sequence, or remove 'stack'");
                    continue;
                }

                if (known.Add(sequence, line.Place) is { } twin)
                {
                    faults.Add(line.Place, $"the steps are those of {twin}, so that one knock does both", "write another sequence");
                    continue;
                }

                sequences.Add(sequence);
                doors.Add(knock.Door with { OneTime = new(line.Digest(), knock.OneTime.InTurn) });
            }

            oneTime.Add(new(knock.Sequence, knock.Door, knock.OneTime, sequences.Count - count));
        }

        return new(oneTime.ToImmutable(), sequences.ToImmutable(), doors.ToImmutable());
    }

    /// <summary>Sequences by what would complete them.</summary>
    private sealed class Known
    {
        private readonly Dictionary<string, List<(KnockSequence Sequence, string Where)>> _alike = new(StringComparer.Ordinal);

        public Known(ImmutableArray<Knock> knocks)
        {
            foreach (var knock in knocks.Where(k => k.OneTime is null))
                Of(knock.Sequence).Add((knock.Sequence, $"the knock '{knock.Door.Name}' at {knock.Place}"));
        }

        /// <summary>Null: it is new.</summary>
        public string? Add(KnockSequence sequence, Place place)
        {
            var alike = Of(sequence);
            if (alike.Find(a => SequenceRules.AreTwins(a.Sequence, sequence)) is { Where: { } where })
                return where;
            alike.Add((sequence, place.ToString()));
            return null;
        }

        private List<(KnockSequence Sequence, string Where)> Of(KnockSequence sequence)
        {
            var steps = SequenceRules.Steps(sequence);
            if (!_alike.TryGetValue(steps, out var alike))
                _alike.Add(steps, alike = []);
            return alike;
        }
    }
}
