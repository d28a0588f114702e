using System.Collections.Immutable;
using System.Globalization;
using Postern.Fuzz.Engine;
using Postern.Fuzz.Targets;

namespace Postern.Fuzz;

/// <param name="Targets">Whom to try; one after the other.</param>
/// <param name="Seconds">In all.</param>
/// <param name="Seed">Of chance.</param>
internal sealed record Options(ImmutableArray<Target> Targets, int Seconds, ulong Seed)
{
    public static Options Read(string[] args)
    {
        var options = new Options([], 60, (ulong)DateTime.UtcNow.Ticks);
        for (var i = 0; i < args.Length; i++)
        {
            options = args[i] switch
            {
                "--seconds" => options with { Seconds = int.Parse(Value(), CultureInfo.InvariantCulture) },
                "--seed" => options with { Seed = ulong.Parse(Value(), CultureInfo.InvariantCulture) },
                var name => options with { Targets = options.Targets.Add(Table.Find(name)) },
            };

            string Value() => ++i < args.Length ? args[i] : throw new ArgumentException($"{args[i - 1]} takes a number", nameof(args));
        }

        return options.Targets.IsEmpty ? options with { Targets = [.. Table.All] } : options;
    }
}
