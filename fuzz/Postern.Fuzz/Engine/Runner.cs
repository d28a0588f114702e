using System.Globalization;

namespace Postern.Fuzz.Engine;

/// <summary>Runs one input, and says what was wrong.</summary>
public sealed class Runner(Target target)
{
    /// <summary>No parser of ours has business for so long; RSA keys with odd numbers in them take the longest. A machine that is busy elsewhere gets other tries.</summary>
    public static readonly TimeSpan UsualLimit = TimeSpan.FromSeconds(1);

    private const int Tries = 3;

    /// <summary>Null: time does not count. It is time on the clock and of the processor: on a machine that others use either alone says little.</summary>
    public TimeSpan? Limit { get; init; }

    public Finding? Run(byte[] input)
    {
        var finding = RunOnce(input);
        // What is made once for all (statics, code, what the runtime keeps beside it) is made by the first few that need it.
        for (var tries = 0; finding is { Kind: "memory" or "time" } && tries < Tries; tries++)
            finding = RunOnce(input);
        return finding;
    }

    private Finding? RunOnce(byte[] input)
    {
        Spent.Clear();
        var processor = Limit is null ? default : Environment.CpuUsage.TotalTime;
        try
        {
            target.Try(input);
        }
        catch (Exception e)
        {
            return Finding.Of(target, e, input);
        }
        finally
        {
            Spent.End();
        }

        if (Spent.Bytes > target.Memory.Base + (target.Memory.PerByte * input.Length))
            return new(target.Name, "memory", string.Create(CultureInfo.InvariantCulture, $"{Spent.Bytes} bytes allocated for {input.Length}"), input);
        if (Limit is { } limit && Spent.Time > limit && Environment.CpuUsage.TotalTime - processor > limit)
            return new(target.Name, "time", string.Create(CultureInfo.InvariantCulture, $"{Spent.Time.TotalMilliseconds:F0} ms for {input.Length} bytes"), input);
        return null;
    }
}
