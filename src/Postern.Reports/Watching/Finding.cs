namespace Postern.Reports.Watching;

/// <summary>What one door made of one packet. A closed list, for people who ask why a knock does not open; nothing is decided by it.</summary>
public enum Finding : byte
{
    None = 0,

    /// <summary>A step that was not made before.</summary>
    Step,

    /// <summary>A step that was made already: a repeat, or the packet seen twice.</summary>
    Again,

    /// <summary>The last step: the sequence is whole.</summary>
    Completed,

    /// <summary>A step out of turn; what was done before is void.</summary>
    OutOfTurn,

    /// <summary>A later step of a door at which its source has not begun, or may not begin while it is at another.</summary>
    NotBegun,

    /// <summary>A step that would have gone on with others, were they not too long ago.</summary>
    TooLate,

    /// <summary>A trap: whatever its source has done at any door is void.</summary>
    Trap,

    /// <summary>A step by its port, and not by its TCP flags.</summary>
    WrongFlags,

    /// <summary>A step by its port, and sent to another address than the door listens at.</summary>
    WrongDestination,

    /// <summary>A step by its port, and of the other family of addresses.</summary>
    WrongFamily,

    /// <summary>A packet that is a knock by itself, or the last of those that are one together: the warden has it now.</summary>
    Passed,

    /// <summary>Refused by the sentry; the refusal says why.</summary>
    Refused,

    /// <summary>A part of something that is whole only with more packets.</summary>
    Part,
}

public static class FindingText
{
    /// <summary>As it stands in the lines of JSON: <c>out-of-turn</c>.</summary>
    public static string Word(this Finding finding) => finding switch
    {
        Finding.None => "none",
        Finding.Step => "step",
        Finding.Again => "again",
        Finding.Completed => "completed",
        Finding.OutOfTurn => "out-of-turn",
        Finding.NotBegun => "not-begun",
        Finding.TooLate => "too-late",
        Finding.Trap => "trap",
        Finding.WrongFlags => "wrong-flags",
        Finding.WrongDestination => "wrong-destination",
        Finding.WrongFamily => "wrong-family",
        Finding.Passed => "passed",
        Finding.Refused => "refused",
        Finding.Part => "part",
        _ => throw new ArgumentOutOfRangeException(nameof(finding), finding, "no finding"),
    };
}
