using System.Buffers.Binary;
using Postern.Reports.Spa;

namespace Postern.Reports.Errands;

public enum ErrandNoteKind : ushort
{
    /// <summary>Its <c>run</c> ended well.</summary>
    Ran = 0x30,

    /// <summary>Its <c>run</c> ended otherwise than with exit code 0, or could not be started. It is undone, if it can be.</summary>
    Failed = 0x31,

    /// <summary>Its <c>run</c> did not end in its time, and was killed. It is undone, if it can be.</summary>
    TimedOut = 0x32,

    /// <summary>The order was not carried out.</summary>
    Refused = 0x33,

    /// <summary>Its <c>undo</c> has ended, however it ended.</summary>
    Undone = 0x34,

    /// <summary>It is in force until then: told when a warden starts, and where an end is another than was ordered.</summary>
    Standing = 0x35,
}

/// <summary>Why an order was not carried out.</summary>
public enum ErrandRefusal : byte
{
    None = 0,

    /// <summary>No such definition stands in the configuration that the steward reads.</summary>
    UnknownAction = 1,

    /// <summary>The action is running, or being undone, for this address.</summary>
    Busy = 2,

    /// <summary>As many wait, or stand, as the steward will have.</summary>
    TooMany = 3,

    /// <summary>Its undo could not be written down first.</summary>
    NotWritten = 4,

    /// <summary>Nothing stands that could be extended or undone.</summary>
    NoSuchErrand = 5,
}

/// <summary>
/// What the steward tells the warden of an errand: one message of 104 bytes.
/// <code>
///  0  2  kind
///  2  2  source port
///  4  2  exit code   Failed, Undone; 0 to 255
///  6  1  signal      Failed, Undone: that ended it. Failed with neither: it could not be started
///  7  1  refusal     Refused
///  8  8  until       Standing: nanoseconds of uptime
/// 16 16  address
/// 32 32  service     its name, then zero
/// 64 16  holder      Standing: the key's hint as 16 hexadecimal digits, or zero
/// 80 24  data        Standing: what rode along when it was ordered, then zero; empty where nothing did
/// </code>
/// </summary>
public readonly record struct ErrandNote(ErrandNoteKind Kind, string Service, Address Address, ushort SourcePort)
{
    public const int Size = 2 + 2 + 2 + 1 + 1 + 8 + Address.Size + RequestLayout.MaxServiceName + 16 + ActionData.MaxLength;

    private const int NanosecondsPerTick = 100;
    private const int MaxSignal = 64;

    public byte ExitCode { get; init; }

    public byte Signal { get; init; }

    public ErrandRefusal Refusal { get; init; }

    /// <summary>By <see cref="Moment.Uptime"/>.</summary>
    public TimeSpan Until { get; init; }

    public string Holder { get; init; } = "";

    public string Data { get; init; } = "";

    public void Write(Span<byte> message)
    {
        message = message[..Size];
        message.Clear();
        BinaryPrimitives.WriteUInt16LittleEndian(message, (ushort)Kind);
        BinaryPrimitives.WriteUInt16LittleEndian(message[2..], SourcePort);
        BinaryPrimitives.WriteUInt16LittleEndian(message[4..], ExitCode);
        message[6] = Signal;
        message[7] = (byte)Refusal;
        BinaryPrimitives.WriteInt64LittleEndian(message[8..], Until.Ticks * NanosecondsPerTick);
        Address.Write(message[16..]);
        FixedText.Write(message[32..64], Service);
        FixedText.Write(message[64..80], Holder);
        FixedText.Write(message[80..], Data);
    }

    /// <summary>False for any message that <see cref="Write"/> cannot have made of a note that makes sense.</summary>
    public static bool TryRead(ReadOnlySpan<byte> message, out ErrandNote note)
    {
        note = default;
        if (message.Length != Size || message[5] != 0 || !FixedText.TryRead(message[32..64], out var service) || !FixedText.TryRead(message[64..80], out var holder)
            || !FixedText.TryRead(message[80..], out var data))
            return false;
        var nanoseconds = BinaryPrimitives.ReadInt64LittleEndian(message[8..]);
        note = new((ErrandNoteKind)BinaryPrimitives.ReadUInt16LittleEndian(message), service, Address.Read(message[16..]), BinaryPrimitives.ReadUInt16LittleEndian(message[2..]))
        {
            ExitCode = message[4],
            Signal = message[6],
            Refusal = (ErrandRefusal)message[7],
            Until = new(nanoseconds / NanosecondsPerTick),
            Holder = holder,
            Data = data,
        };
        return nanoseconds >= 0 && nanoseconds % NanosecondsPerTick == 0 && note.IsSound;
    }

    private bool IsSound =>
        ServiceName.IsValid(Service) && Address != Address.None && FixedText.IsHolder(Holder)
        && (Kind == ErrandNoteKind.Standing ? Until > TimeSpan.Zero : Until == TimeSpan.Zero && Holder.Length == 0 && Data.Length == 0)
        && (Data.Length == 0 || ActionData.IsValid(Data))
        && (Kind is ErrandNoteKind.Failed or ErrandNoteKind.Undone ? Signal <= MaxSignal && (Signal == 0 || ExitCode == 0) : Signal == 0 && ExitCode == 0)
        && (Kind == ErrandNoteKind.Refused ? Refusal is > ErrandRefusal.None and <= ErrandRefusal.NoSuchErrand : Refusal == ErrandRefusal.None)
        && Kind is >= ErrandNoteKind.Ran and <= ErrandNoteKind.Standing;
}
