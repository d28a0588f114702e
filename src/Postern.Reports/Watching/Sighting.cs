using System.Buffers.Binary;

namespace Postern.Reports.Watching;

/// <summary>
/// What the sentry says of one packet while somebody watches: 72 bytes. Nothing is decided by it; the warden shows it to people, and reads it as if an enemy had written it.
/// <code>
///  0  2  version = 1
///  2  2  kind = 5
///  4  4  generation   of the configuration that the sentry works by
///  8  4  door         its place in the list of its method; -1: no door's own
/// 12  2  source port  0 where there is none (ICMP)
/// 14  2  value        the port that was sent to; of an echo request, how many bytes it carries
/// 16 16  source
/// 32 16  destination
/// 48  8  seen         nanoseconds of uptime
/// 56  1  method
/// 57  1  finding
/// 58  1  made         steps
/// 59  1  of           steps
/// 60  1  refusal      0 unless the finding is that it was refused
/// 61  1  protocol     6 TCP, 17 UDP, 1 an echo request
/// 62  2  late         hundredths of a second; 0 unless the finding is that it was too late
/// 64  4  held back    packets that were not told of since the last one that was
/// 68  4  zero
/// </code>
/// All numbers are little-endian, as in <see cref="Report"/>.
/// </summary>
public readonly record struct Sighting(uint Generation, Thought Thought, Address Source, Address Destination, long Seen)
{
    public const int Size = 72;

    public const byte Echo = 1;

    private const ushort Version = 1;
    private const ushort Kind = 5;
    private const long NanosecondsPerUnit = 10_000_000;

    public ushort SourcePort { get; init; }

    /// <summary>The port that was sent to; of an echo request, how many bytes it carries.</summary>
    public ushort Value { get; init; }

    /// <summary>As IP numbers them; <see cref="Echo"/> for an echo request of either family.</summary>
    public byte Protocol { get; init; }

    public uint HeldBack { get; init; }

    public void Write(Span<byte> message)
    {
        message = message[..Size];
        message.Clear();
        BinaryPrimitives.WriteUInt16LittleEndian(message, Version);
        BinaryPrimitives.WriteUInt16LittleEndian(message[2..], Kind);
        BinaryPrimitives.WriteUInt32LittleEndian(message[4..], Generation);
        BinaryPrimitives.WriteInt32LittleEndian(message[8..], Thought.Door);
        BinaryPrimitives.WriteUInt16LittleEndian(message[12..], SourcePort);
        BinaryPrimitives.WriteUInt16LittleEndian(message[14..], Value);
        Source.Write(message[16..]);
        Destination.Write(message[32..]);
        BinaryPrimitives.WriteInt64LittleEndian(message[48..], Seen);
        message[56] = (byte)Thought.Method;
        message[57] = (byte)Thought.Finding;
        message[58] = Thought.Made;
        message[59] = Thought.Of;
        message[60] = (byte)Thought.Refusal;
        message[61] = Protocol;
        BinaryPrimitives.WriteUInt16LittleEndian(message[62..], (ushort)Math.Clamp(Thought.Late / NanosecondsPerUnit, Thought.Late > 0 ? 1 : 0, ushort.MaxValue));
        BinaryPrimitives.WriteUInt32LittleEndian(message[64..], HeldBack);
    }

    /// <summary>False for any message that <see cref="Write"/> cannot have made of a sentry's thoughts.</summary>
    public static bool TryRead(ReadOnlySpan<byte> message, out Sighting sighting)
    {
        sighting = default;
        if (message.Length != Size
            || BinaryPrimitives.ReadUInt16LittleEndian(message) != Version
            || BinaryPrimitives.ReadUInt16LittleEndian(message[2..]) != Kind
            || message[68..].ContainsAnyExcept((byte)0))
            return false;
        var thought = new Thought((KnockMethod)message[56], BinaryPrimitives.ReadInt32LittleEndian(message[8..]), (Finding)message[57])
        {
            Made = message[58],
            Of = message[59],
            Refusal = (Refusal)message[60],
            Late = BinaryPrimitives.ReadUInt16LittleEndian(message[62..]) * NanosecondsPerUnit,
        };
        sighting = new(
            BinaryPrimitives.ReadUInt32LittleEndian(message[4..]),
            thought,
            Address.Read(message[16..]),
            Address.Read(message[32..]),
            BinaryPrimitives.ReadInt64LittleEndian(message[48..]))
        {
            SourcePort = BinaryPrimitives.ReadUInt16LittleEndian(message[12..]),
            Value = BinaryPrimitives.ReadUInt16LittleEndian(message[14..]),
            Protocol = message[61],
            HeldBack = BinaryPrimitives.ReadUInt32LittleEndian(message[64..]),
        };
        return sighting.Seen >= 0 && sighting.Protocol is (byte)Transport.Tcp or (byte)Transport.Udp or Echo && IsOne(thought);
    }

    private static bool IsOne(in Thought thought) =>
        Enum.IsDefined(thought.Method) && Enum.IsDefined(thought.Finding) && Enum.IsDefined(thought.Refusal)
        && thought.Finding != Finding.None
        && thought.Door >= -1
        && thought.Made <= thought.Of
        && thought.Refusal != Refusal.None == (thought.Finding == Finding.Refused)
        && (thought.Late == 0 || thought.Finding == Finding.TooLate);
}
