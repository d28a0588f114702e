using System.Buffers.Binary;
using System.Text;

namespace Postern.Steward;

/// <summary>What the steward and the warden may say to each other about processes. What they say about errands has numbers from 0x20 on.</summary>
public enum StewardWord : ushort
{
    /// <summary>Warden: a packet socket, please, with a ring, and nothing more; the number is 1 where whole packets are to be kept in it, else 0. Answered by <see cref="Socket"/>, or <see cref="NoSocket"/>.</summary>
    WantPacketSocket = 0x01,

    /// <summary>Warden: a UDP socket bound to the port that is its number. Answered likewise.</summary>
    WantUdpSocket = 0x02,

    /// <summary>Warden: start a sentry and call it by this id. With it: what it reads its orders from, what it reports to, what it captures from.</summary>
    StartSentry = 0x03,

    /// <summary>Warden: end the sentry of this id.</summary>
    EndSentry = 0x04,

    /// <summary>Warden: everything stands, the gate guards; the text is for the service manager.</summary>
    Ready = 0x05,

    /// <summary>Warden: a reload begins.</summary>
    Reloading = 0x06,

    /// <summary>Warden: it does its work.</summary>
    Alive = 0x07,

    /// <summary>Warden: the log that the configuration names, followed from now on: a pipe, with a program of the steward's at its other end. Answered likewise.</summary>
    WantLog = 0x08,

    /// <summary>Steward: the first message; id: the how-manieth warden it speaks to, number: its process, text: when it began (ISO 8601). With it, where they can be had: raw IPv4 and IPv6 sockets for receipts.</summary>
    Welcome = 0x10,

    /// <summary>Steward: the socket that was wanted, with it.</summary>
    Socket = 0x11,

    /// <summary>Steward: it cannot be had; the text says why, and what mends it.</summary>
    NoSocket = 0x12,

    /// <summary>Steward: the sentry of this id runs; the number is its process.</summary>
    SentryStarted = 0x13,

    /// <summary>Steward: the sentry of this id has ended, or was never there; the text says how.</summary>
    SentryEnded = 0x14,

    /// <summary>Steward: read the configuration anew.</summary>
    Reload = 0x15,

    /// <summary>Steward: end, in good order.</summary>
    Stop = 0x16,
}

/// <summary>
/// One message between steward and warden, of one size:
/// <code>
///   0   2  word
///   2   2  length of the text in bytes, at most 500
///   4   4  id        of the sentry, or of the question
///   8   4  number    what the word says it is
///  12 500  text      UTF-8, zero after it
/// </code>
/// All numbers are little-endian: both ends are on one machine.
/// </summary>
public readonly record struct StewardMessage(StewardWord Word, int Id = 0, int Number = 0, string Text = "")
{
    public const int MaxText = 500;

    public const int Size = 2 + 2 + 4 + 4 + MaxText;

    /// <summary>A text that is too long is cut.</summary>
    public void Write(Span<byte> message)
    {
        message = message[..Size];
        message.Clear();
        BinaryPrimitives.WriteUInt16LittleEndian(message, (ushort)Word);
        BinaryPrimitives.WriteInt32LittleEndian(message[4..], Id);
        BinaryPrimitives.WriteInt32LittleEndian(message[8..], Number);
        Encoding.UTF8.GetEncoder().Convert(Text, message[12..], flush: true, out _, out var written, out _);
        BinaryPrimitives.WriteUInt16LittleEndian(message[2..], (ushort)written);
    }

    /// <summary>False for any message that <see cref="Write"/> cannot have made.</summary>
    public static bool TryRead(ReadOnlySpan<byte> message, out StewardMessage read)
    {
        read = default;
        if (message.Length != Size)
            return false;
        var word = (StewardWord)BinaryPrimitives.ReadUInt16LittleEndian(message);
        var length = BinaryPrimitives.ReadUInt16LittleEndian(message[2..]);
        if (!Enum.IsDefined(word) || length > MaxText || message[(12 + length)..].ContainsAnyExcept((byte)0))
            return false;
        read = new(word, BinaryPrimitives.ReadInt32LittleEndian(message[4..]), BinaryPrimitives.ReadInt32LittleEndian(message[8..]), Encoding.UTF8.GetString(message.Slice(12, length)));
        return true;
    }
}
