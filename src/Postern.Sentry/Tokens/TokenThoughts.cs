using Postern.Reports;
using Postern.Reports.Watching;

namespace Postern.Sentry.Tokens;

/// <summary>
/// What the detectors of tokens make of a packet that completes none: why not, and whose it is as far as that is known. What is refused is counted, whoever listens; the rest is only for who
/// watches, and is kept until the next packet.
/// </summary>
internal sealed class TokenThoughts(SentryCounters counters)
{
    /// <summary>Of a door that is not known: several look at such packets.</summary>
    public const int NoDoor = -1;

    private const int MostOfOnePacket = 8;

    private readonly Thought[] _thoughts = new Thought[MostOfOnePacket];
    private int _count;

    /// <summary>Somebody listens: what costs something to find out is worth it.</summary>
    public bool AreWanted { get; private set; }

    public ReadOnlySpan<Thought> OfPacket => _thoughts.AsSpan(0, _count);

    public void Begin(bool areWanted) => (_count, AreWanted) = (0, areWanted);

    public void Refuse(Refusal refusal, int door)
    {
        counters.CountToken(refusal);
        Note(new(KnockMethod.Token, door, refusal));
    }

    /// <param name="door">Whose.</param>
    /// <param name="made">So many parts are there.</param>
    /// <param name="of">So many it takes; zero: they are not counted.</param>
    public void NotePart(int door, int made, int of) => Note(new(KnockMethod.Token, door, Finding.Part) { Made = (byte)Math.Min(made, of), Of = (byte)of });

    private void Note(in Thought thought)
    {
        if (AreWanted && _count < MostOfOnePacket)
            _thoughts[_count++] = thought;
    }
}
