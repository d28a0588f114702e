using System.Net;
using System.Security.Cryptography;
using Postern.Keys;
using Postern.Knocks.Rolling;
using Postern.Knocks.Sequences;
using Postern.Reports;

namespace Postern.Client.Tokens;

/// <summary>
/// A sequence that follows from a secret and the time. Each is good once: where a round opens nothing, later ones send those of the time step after and of the one before, in case that the present one
/// was used already, or that this clock is off.
/// </summary>
/// <param name="plan">As the gate has it.</param>
/// <param name="secret">It stays the caller's.</param>
public sealed class RollingKnock(RollingPlan plan, TokenSecret secret) : IKnockMethod
{
    private static readonly int[] Turns = [0, 0, 1, -1];

    /// <summary>So many packets that mean nothing among those of a round, to other ports of the pool: at most 20.</summary>
    public int DecoyCount { get; init; }

    /// <summary>Where the gate sees us, knocking at this address; null: the address that packets leave with.</summary>
    public Func<IPAddress, CancellationToken, Task<Address>>? AddressFor { get; init; }

    public int Packets => plan.Longest + DecoyCount;

    public TimeSpan? Gap => null;

    public bool IsOnce => false;

    public bool IsAnswered => false;

    public async Task<KnockLetter> WriteAsync(IPAddress target, KnockRound round, CancellationToken cancellation)
    {
        var address = plan.IsBound ? await (AddressFor ?? LeavingWith.TowardsAsync)(target, cancellation) : Address.None;
        var step = plan.StepAt(DateTimeOffset.UtcNow.ToUnixTimeSeconds());
        var steps = new KnockStep[RollingPlan.MaxLength];
        var length = plan.Draw(secret, step + Turns[round.Number % Turns.Length], address, steps);
        var live = new HashSet<KnockStep>();
        for (var other = step - 1; other <= step + 1; other++)
        {
            var others = new KnockStep[RollingPlan.MaxLength];
            live.UnionWith(others[..plan.Draw(secret, other, address, others)]);
        }

        return new(Decoys.Mix(steps[..length], round.Number < Decoys.Rounds ? DecoyCount : 0, () => Draw(live), round.Gap));
    }

    /// <summary>A port of the pool that is no step now.</summary>
    private KnockStep Draw(HashSet<KnockStep> live)
    {
        while (true)
        {
            var number = RandomNumberGenerator.GetInt32(plan.PoolSize);
            foreach (var run in plan.Pool)
            {
                if (number < run.Width)
                {
                    var port = (ushort)(run.First + number);
                    var decoy = new KnockStep(run.Kind, port, port);
                    if (!live.Contains(decoy))
                        return decoy;
                    break;
                }

                number -= run.Width;
            }
        }
    }
}
