using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace Postern.Reports.Spa;

public enum ReceiptOutcome : byte
{
    Granted = 0,
    Refused = 1,
    Closed = 2,
}

/// <summary>
/// What a gate answers to a request that is signed rightly and asks for an answer (spec/spa.md §9), as it lies inside both seals. Numbers are big-endian.
/// <code>
///  0  1  version = 1
///  1  1  outcome
///  2  8  request time     of the request, unchanged
/// 10  8  gate time        nanoseconds since 1970-01-01T00:00:00Z
/// 18 16  address          that was judged
/// 34  4  seconds left     granted: 1 or more; otherwise 0
/// 38  1  word length      refused: 1 … 32; otherwise 0
///     n  word             of the refusal
///     …  zero, to the end
/// </code>
/// </summary>
public sealed record Receipt(ReceiptOutcome Outcome, ulong RequestTime, ulong GateTime, Address Address)
{
    public const int Size = 152;

    public const int MaxWord = 32;

    private const byte Version = 1;
    private const int WordAt = 1 + 1 + 8 + 8 + Address.Size + 4 + 1;

    /// <summary>Until the first of the grants ends.</summary>
    public uint SecondsLeft { get; init; }

    /// <summary>Why not, as <see cref="RefusalText.Word"/> has it; a newer gate may have words that we do not. Empty where it was not refused.</summary>
    public string Word { get; init; } = "";

    private bool IsSound =>
        Outcome is ReceiptOutcome.Granted or ReceiptOutcome.Refused or ReceiptOutcome.Closed
        && Outcome == ReceiptOutcome.Granted == SecondsLeft > 0
        && (Outcome == ReceiptOutcome.Refused ? IsWord(Word) : Word.Length == 0);

    /// <exception cref="InvalidOperationException">It is one that no reader would take.</exception>
    public void Write(Span<byte> body)
    {
        if (!IsSound)
            throw new InvalidOperationException("a receipt that no reader would take");
        body = body[..Size];
        body.Clear();
        body[0] = Version;
        body[1] = (byte)Outcome;
        BinaryPrimitives.WriteUInt64BigEndian(body[2..], RequestTime);
        BinaryPrimitives.WriteUInt64BigEndian(body[10..], GateTime);
        Address.Write(body[18..]);
        BinaryPrimitives.WriteUInt32BigEndian(body[34..], SecondsLeft);
        body[38] = (byte)Word.Length;
        Encoding.ASCII.GetBytes(Word, body[WordAt..]);
    }

    /// <summary>False for whatever <see cref="Write"/> cannot have made.</summary>
    public static bool TryRead(ReadOnlySpan<byte> body, [NotNullWhen(true)] out Receipt? receipt)
    {
        receipt = null;
        if (body.Length != Size || body[0] != Version || body[38] > MaxWord || body[(WordAt + body[38])..].ContainsAnyExcept((byte)0))
            return false;
        var read = new Receipt(
            (ReceiptOutcome)body[1],
            BinaryPrimitives.ReadUInt64BigEndian(body[2..]),
            BinaryPrimitives.ReadUInt64BigEndian(body[10..]),
            Address.Read(body[18..]))
        {
            SecondsLeft = BinaryPrimitives.ReadUInt32BigEndian(body[34..]),
            Word = Encoding.Latin1.GetString(body.Slice(WordAt, body[38])),
        };
        receipt = read.IsSound ? read : null;
        return receipt is not null;
    }

    /// <summary>Words of a to z, joined by single hyphens: safe to show as it is.</summary>
    private static bool IsWord(string text)
    {
        if (text.Length is 0 or > MaxWord)
            return false;
        var last = '-';
        foreach (var c in text)
        {
            if (c is not ((>= 'a' and <= 'z') or '-') || (c == '-' && last == '-'))
                return false;
            last = c;
        }

        return last != '-';
    }
}
