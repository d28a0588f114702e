using System.Runtime.InteropServices;

namespace Postern.Packets;

/// <summary>
/// The packets in one datagram of nfnetlink_log (linux/netfilter/nfnetlink_log.h), read as if an enemy had written it. Any bytes give an answer; none give an exception or an
/// allocation.
/// <code>
/// message      length 4 · type 2 · flags 2 · sequence 4 · port 4 · family 1 · version 1 · group 2 · attributes     (to a multiple of 4)
/// attribute    length 2 · type 2 · value                                                                           (to a multiple of 4)
///   payload    9    the packet, from its IP header on
/// </code>
/// Numbers of netlink's own are the machine's.
/// </summary>
public ref struct NflogMessages(ReadOnlySpan<byte> datagram)
{
    private const int HeaderSize = 4 + 2 + 2 + 4 + 4;
    private const int FamilySize = 1 + 1 + 2;
    private const int AttributeHeaderSize = 2 + 2;
    private const ushort PacketType = 4 << 8; // NFNL_SUBSYS_ULOG, NFULNL_MSG_PACKET
    private const ushort AttributeTypeMask = 0x3fff;
    private const ushort PayloadAttribute = 9;

    private ReadOnlySpan<byte> _rest = datagram;

    /// <summary>Bytes that were not read yet.</summary>
    public readonly int Left => _rest.Length;

    /// <summary>The next packet that has bytes. What is no packet is stepped over; what is cut ends it.</summary>
    /// <param name="packet">From its IP header on.</param>
    public bool TryNext(out ReadOnlySpan<byte> packet)
    {
        while (TryTake(ref _rest, HeaderSize, MemoryMarshal.TryRead(_rest, out uint length) ? length : 0, out var message))
        {
            if (MemoryMarshal.Read<ushort>(message[4..]) != PacketType || message.Length < HeaderSize + FamilySize)
                continue;
            packet = FindPayload(message[(HeaderSize + FamilySize)..]);
            if (!packet.IsEmpty)
                return true;
        }

        packet = default;
        return false;
    }

    private static ReadOnlySpan<byte> FindPayload(ReadOnlySpan<byte> rest)
    {
        while (TryTake(ref rest, AttributeHeaderSize, MemoryMarshal.TryRead(rest, out ushort length) ? length : 0u, out var attribute))
        {
            if ((MemoryMarshal.Read<ushort>(attribute[2..]) & AttributeTypeMask) == PayloadAttribute)
                return attribute[AttributeHeaderSize..];
        }

        return default;
    }

    private static bool TryTake(scoped ref ReadOnlySpan<byte> rest, int least, uint length, out ReadOnlySpan<byte> taken)
    {
        taken = default;
        if (length < least || length > rest.Length)
            return false;
        taken = rest[..(int)length];
        rest = rest[(int)Math.Min((length + 3) & ~3u, (uint)rest.Length)..];
        return true;
    }
}
