using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;
using Postern.Reports.Errands;

namespace Postern.Reports.Tokens;

/// <summary>
/// What a token says, once it is known to be made with the secret of a knock: in one form for all methods, by which it is also known when it comes again.
/// <code>
///  0  1  method
///  1  1  length       of the data
///  2  2  service      zero: all that the knock opens; otherwise the code of one of them (CodeOf)
///  4  4  zero
///  8  8  made         seconds since 1970 at which it was made, or its time step began; zero where it has a counter and no time
/// 16 16  address      that alone it is good for; zero: any
/// 32  8  number       what else tells it from others of its knock; of knockknock, 2 zero bytes, the port that is asked for, 2, and the counter, 4
/// 40 24  data         and zero after it
/// </code>
/// All numbers are big-endian, so that marks in a ledger mean the same on any machine.
/// </summary>
/// <param name="Method">Of the knock.</param>
/// <param name="Made">Seconds since 1970.</param>
public readonly record struct TokenRequest(TokenMethod Method, ulong Made)
{
    public const int Size = 1 + 1 + 2 + 4 + 8 + Address.Size + 8 + MaxData;

    public const int MaxData = ActionData.MaxLength;

    /// <summary>9999-12-31T23:59:59Z: later there is no moment that could be written.</summary>
    private const ulong LastSecond = 253_402_300_799;

    /// <summary>Zero: all that the knock opens and closes.</summary>
    public ushort Service { get; init; }

    /// <summary>The only address that it is good for; none: any.</summary>
    public Address Bound { get; init; }

    public ulong Number { get; init; }

    /// <summary>What rides along, for an action: see <see cref="ActionData"/>. Null is none.</summary>
    public string? Data { get; init; }

    /// <summary>A packet of knockknock with this counter, for this port.</summary>
    public static TokenRequest OfCounter(uint counter, ushort port) => new(TokenMethod.Knockknock, 0) { Number = (ulong)port << 32 | counter };

    /// <summary>The lower half of <see cref="Number"/>.</summary>
    public uint Counter => (uint)Number;

    /// <summary>What stands above it.</summary>
    public ushort Port => (ushort)(Number >> 32);

    /// <summary>Of a service, by its name: the first two bytes of its SHA-256, and one where they are zero.</summary>
    public static ushort CodeOf(string service)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(Encoding.UTF8.GetBytes(service), hash);
        return Math.Max((ushort)1, BinaryPrimitives.ReadUInt16BigEndian(hash));
    }

    public void Write(Span<byte> bytes)
    {
        bytes = bytes[..Size];
        bytes.Clear();
        bytes[0] = (byte)Method;
        BinaryPrimitives.WriteUInt16BigEndian(bytes[2..], Service);
        BinaryPrimitives.WriteUInt64BigEndian(bytes[8..], Made);
        Bound.Write(bytes[16..]);
        BinaryPrimitives.WriteUInt64BigEndian(bytes[32..], Number);
        if (Data is { } data)
            bytes[1] = (byte)Encoding.ASCII.GetBytes(data, bytes[^MaxData..]);
    }

    /// <summary>False for any bytes that <see cref="Write"/> cannot have made of a token.</summary>
    public static bool TryRead(ReadOnlySpan<byte> bytes, [NotNullWhen(true)] out TokenRequest? token)
    {
        token = null;
        if (bytes.Length != Size || bytes[1] > MaxData || bytes[4..8].ContainsAnyExcept((byte)0))
            return false;
        var (method, made) = ((TokenMethod)bytes[0], BinaryPrimitives.ReadUInt64BigEndian(bytes[8..]));
        var data = bytes.Slice(Size - MaxData, bytes[1]);
        if (!IsMethod(method) || made > LastSecond || !(data.IsEmpty || ActionData.IsValid(data)) || bytes[(Size - MaxData + data.Length)..].ContainsAnyExcept((byte)0))
            return false;
        token = new(method, made)
        {
            Service = BinaryPrimitives.ReadUInt16BigEndian(bytes[2..]),
            Bound = Address.Read(bytes[16..]),
            Number = BinaryPrimitives.ReadUInt64BigEndian(bytes[32..]),
            Data = data.IsEmpty ? null : Encoding.ASCII.GetString(data),
        };
        return method != TokenMethod.Knockknock || token == OfCounter(token.Value.Counter, token.Value.Port);
    }

    private static bool IsMethod(TokenMethod method) => method is TokenMethod.Rolling or TokenMethod.Ports or TokenMethod.Syn or TokenMethod.Icmp or TokenMethod.Knockknock;
}
