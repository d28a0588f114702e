namespace Postern.Reports.Watching;

/// <summary>What one door made of one packet, and how far the packet's source is with it now.</summary>
/// <param name="Method">Which list of doors.</param>
/// <param name="Door">Its place in that list; -1 for what is no door's own: a trap, or a refusal before it is known whose the packet is.</param>
/// <param name="Finding">What it made of it.</param>
public readonly record struct Thought(KnockMethod Method, int Door, Finding Finding)
{
    /// <summary>Of a packet that is a knock by itself: passed on to the warden, or refused for this.</summary>
    public Thought(KnockMethod method, int door, Refusal refusal)
        : this(method, door, refusal == Refusal.None ? Finding.Passed : Finding.Refused) => Refusal = refusal;

    /// <summary>Steps that are made now; of <see cref="Finding.OutOfTurn"/>: that were made before.</summary>
    public byte Made { get; init; }

    /// <summary>Steps that there are; 0: none are counted.</summary>
    public byte Of { get; init; }

    /// <summary>Of <see cref="Finding.Refused"/>.</summary>
    public Refusal Refusal { get; init; }

    /// <summary>Of <see cref="Finding.TooLate"/>: nanoseconds since the step that is longest ago.</summary>
    public long Late { get; init; }
}
