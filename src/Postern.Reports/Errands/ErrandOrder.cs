using System.Buffers.Binary;
using Postern.Reports.Spa;

namespace Postern.Reports.Errands;

public enum ErrandOrderKind : ushort
{
    /// <summary>Run it. Where it has run for this address and still stands, it is extended and not run again.</summary>
    Run = 0x20,

    /// <summary>Where it stands, it ends then and not before; it is never run.</summary>
    Extend = 0x21,

    /// <summary>Undo it now.</summary>
    Undo = 0x22,
}

/// <summary>
/// What the warden tells the steward: one message of 184 bytes. The steward reads it as if an enemy had written it: no order says what to
/// execute, only which of the definitions that the steward has itself read.
/// <code>
///   0  2  kind
///   2  2  source port   that the grant is narrowed to; 0: any
///   4  4  zero
///   8  8  until         nanoseconds of uptime; zero where nothing is to be undone later, and for Undo
///  16 16  action        fingerprint of the definition; zero for Undo
///  32 16  address
///  48 32  service       its name, then zero
///  80 64  key           Run: the name of the key (<see cref="KeyName"/>), then zero; empty where no key asked
/// 144 16  holder        the key's hint as 16 hexadecimal digits, or zero; zero for Undo
/// 160 24  data          Run: what rode along (<see cref="ActionData"/>), then zero; empty where nothing did
/// </code>
/// All numbers are little-endian: both ends are on one machine.
/// </summary>
public readonly record struct ErrandOrder(ErrandOrderKind Kind, string Service, Address Address, ushort SourcePort)
{
    public const int Size = 2 + 2 + 4 + 8 + 16 + Address.Size + RequestLayout.MaxServiceName + KeyName.MaxLength + 16 + ActionData.MaxLength;

    private const int NanosecondsPerTick = 100;

    /// <summary>By <see cref="Moment.Uptime"/>; zero where nothing is to be undone later.</summary>
    public TimeSpan Until { get; init; }

    /// <summary>Which definition: the fingerprint that the configuration gave it.</summary>
    public UInt128 Action { get; init; }

    public string Key { get; init; } = "";

    public string Holder { get; init; } = "";

    public string Data { get; init; } = "";

    public void Write(Span<byte> message)
    {
        message = message[..Size];
        message.Clear();
        BinaryPrimitives.WriteUInt16LittleEndian(message, (ushort)Kind);
        BinaryPrimitives.WriteUInt16LittleEndian(message[2..], SourcePort);
        BinaryPrimitives.WriteInt64LittleEndian(message[8..], Until.Ticks * NanosecondsPerTick);
        BinaryPrimitives.WriteUInt128LittleEndian(message[16..], Action);
        Address.Write(message[32..]);
        FixedText.Write(message[48..80], Service);
        FixedText.Write(message[80..144], Key);
        FixedText.Write(message[144..160], Holder);
        FixedText.Write(message[160..], Data);
    }

    /// <summary>False for any message that <see cref="Write"/> cannot have made of an order that makes sense.</summary>
    public static bool TryRead(ReadOnlySpan<byte> message, out ErrandOrder order)
    {
        order = default;
        if (message.Length != Size || message[4..8].ContainsAnyExcept((byte)0)
            || !FixedText.TryRead(message[48..80], out var service) || !FixedText.TryRead(message[80..144], out var key) || !FixedText.TryRead(message[144..160], out var holder)
            || !FixedText.TryRead(message[160..], out var data))
            return false;
        var nanoseconds = BinaryPrimitives.ReadInt64LittleEndian(message[8..]);
        order = new((ErrandOrderKind)BinaryPrimitives.ReadUInt16LittleEndian(message), service, Address.Read(message[32..]), BinaryPrimitives.ReadUInt16LittleEndian(message[2..]))
        {
            Until = new(nanoseconds / NanosecondsPerTick),
            Action = BinaryPrimitives.ReadUInt128LittleEndian(message[16..]),
            Key = key,
            Holder = holder,
            Data = data,
        };
        return nanoseconds >= 0 && nanoseconds % NanosecondsPerTick == 0 && order.IsSound;
    }

    private bool IsSound =>
        ServiceName.IsValid(Service) && Address != Address.None && (Data.Length == 0 || (Kind == ErrandOrderKind.Run && ActionData.IsValid(Data))) && KeyName.IsValid(Key) && FixedText.IsHolder(Holder)
        && Kind switch
        {
            ErrandOrderKind.Run => Action != 0,
            ErrandOrderKind.Extend => Action != 0 && Until > TimeSpan.Zero && Key.Length == 0,
            ErrandOrderKind.Undo => Action == 0 && Until == TimeSpan.Zero && Key.Length == 0 && Holder.Length == 0,
            _ => false,
        };
}
