using System.Collections.Immutable;
using System.Net;
using System.Security.Cryptography;
using Postern.Knocks.Sequences;

namespace Postern.Client;

/// <summary>A knock sequence: every round sends each step once, in order.</summary>
public sealed class SequenceKnock(ImmutableArray<KnockStep> steps) : IKnockMethod
{
    public int Packets => steps.Length;

    public TimeSpan? Gap => null;

    public bool IsOnce => false;

    public bool IsAnswered => false;

    /// <summary>The packets of one round, as they would be sent now: a run of ports is rolled anew each time.</summary>
    public ImmutableArray<KnockPacket> Write(KnockRound round) => SequenceWriter.Write(steps.AsSpan(), round.Gap, RandomNumberGenerator.GetInt32);

    public Task<KnockLetter> WriteAsync(IPAddress target, KnockRound round, CancellationToken cancellation) =>
        Task.FromResult(new KnockLetter([.. Write(round).Select(p => new KnockMessage(p, default))]));
}
