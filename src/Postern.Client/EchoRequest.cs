using System.Buffers.Binary;
using System.Net.Sockets;

namespace Postern.Client;

/// <summary>
/// An echo request of ICMP (RFC 792) or ICMPv6 (RFC 4443 §4.1).
/// <code>
/// 0 1 type        8, or 128 in ICMPv6
/// 1 1 code        0
/// 2 2 checksum    of ICMP: RFC 1071 over the whole message; of ICMPv6: zero here, the kernel knows the pseudo-header
/// 4 2 identifier
/// 6 2 sequence number
/// 8 n data
/// </code>
/// All numbers are big-endian.
/// </summary>
internal static class EchoRequest
{
    private const int HeaderSize = 1 + 1 + 2 + 2 + 2;
    private const byte TypeV4 = 8;
    private const byte TypeV6 = 128;

    public static byte[] Write(AddressFamily family, ushort identifier, ReadOnlySpan<byte> data)
    {
        var message = new byte[HeaderSize + data.Length];
        message[0] = family == AddressFamily.InterNetworkV6 ? TypeV6 : TypeV4;
        BinaryPrimitives.WriteUInt16BigEndian(message.AsSpan(4), identifier);
        BinaryPrimitives.WriteUInt16BigEndian(message.AsSpan(6), 1);
        data.CopyTo(message.AsSpan(HeaderSize));
        if (family == AddressFamily.InterNetwork)
            BinaryPrimitives.WriteUInt16BigEndian(message.AsSpan(2), Checksum(message));
        return message;
    }

    /// <summary>So many bytes of no consequence, as ping fills them: 0, 1, 2 …</summary>
    public static byte[] Data(ushort size)
    {
        var data = new byte[size];
        for (var i = 0; i < size; i++)
            data[i] = (byte)i;
        return data;
    }

    internal static ushort Checksum(ReadOnlySpan<byte> message)
    {
        uint sum = 0;
        for (; message.Length >= 2; message = message[2..])
            sum += BinaryPrimitives.ReadUInt16BigEndian(message);
        if (message.Length == 1)
            sum += (uint)message[0] << 8;
        while (sum >> 16 != 0)
            sum = (sum & 0xffff) + (sum >> 16);
        return (ushort)~sum;
    }
}
