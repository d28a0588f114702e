using System.Buffers.Binary;
using System.Collections.Immutable;

namespace Postern.Reports;

/// <summary>
/// The sign of life that the sentry gives at even times, and with it what it has counted since it started. The warden shows the numbers to people and believes
/// nothing else of them.
/// <code>
///  0  2  version = 1
///  2  2  kind = 0x8001
///  4  4  generation   of the configuration that the sentry works by
///  8 384 numbers      48 of 8 bytes, none negative; what they mean the sentry's counters know
/// </code>
/// All numbers are little-endian, as in <see cref="Report"/>.
/// </summary>
public sealed record Tally(uint Generation, ImmutableArray<long> Numbers)
{
    public const int Count = 48;

    public const int Size = 2 + 2 + 4 + (Count * sizeof(long));

    private const ushort Version = 1;
    private const ushort Kind = 0x8001;

    /// <exception cref="ArgumentException">Not so many numbers, or too little room.</exception>
    public static void Write(Span<byte> message, uint generation, ReadOnlySpan<long> numbers)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(numbers.Length, Count, nameof(numbers));
        BinaryPrimitives.WriteUInt16LittleEndian(message, Version);
        BinaryPrimitives.WriteUInt16LittleEndian(message[2..], Kind);
        BinaryPrimitives.WriteUInt32LittleEndian(message[4..], generation);
        for (var i = 0; i < Count; i++)
            BinaryPrimitives.WriteInt64LittleEndian(message[(8 + (i * sizeof(long)))..], numbers[i]);
    }

    /// <summary>False for any message that <see cref="Write"/> cannot have made of counts.</summary>
    public static bool TryRead(ReadOnlySpan<byte> message, out Tally? tally)
    {
        tally = null;
        if (message.Length != Size || BinaryPrimitives.ReadUInt16LittleEndian(message) != Version || BinaryPrimitives.ReadUInt16LittleEndian(message[2..]) != Kind)
            return false;
        var numbers = ImmutableArray.CreateBuilder<long>(Count);
        for (var i = 0; i < Count; i++)
        {
            var number = BinaryPrimitives.ReadInt64LittleEndian(message[(8 + (i * sizeof(long)))..]);
            if (number < 0)
                return false;
            numbers.Add(number);
        }

        tally = new(BinaryPrimitives.ReadUInt32LittleEndian(message[4..]), numbers.MoveToImmutable());
        return true;
    }
}
