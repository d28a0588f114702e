using System.Runtime.Intrinsics.X86;

namespace Postern.Packets.Ring;

/// <summary>
/// One block of a TPACKET_V3 ring (linux/if_packet.h), all numbers in the machine's byte order:
/// <code>
/// block     version 4 · private 4 · status 4 · packets 4 · offset of the first 4 · length 4 · sequence number 8 · time of first and last 16
/// packet    offset of the next 4 · seconds 4 · nanoseconds 4 · captured 4 · length 4 · status 4 · link header 2 · IP header 2 · …    (48)
///           sockaddr_ll: family 2 · protocol 2 · interface 4 · …                                                               (20)
/// </code>
/// The kernel writes a block while its status has the low bit clear, we read it while it is set. Every offset is checked against the
/// block before it is followed.
/// </summary>
internal unsafe struct RingBlock
{
    private const uint OwnedByReader = 1;

    private const int StatusOffset = 4 + 4;
    private const int PacketCountOffset = StatusOffset + 4;
    private const int FirstPacketOffset = PacketCountOffset + 4;

    private const int SequenceOffset = FirstPacketOffset + 4 + 4;

    private const int SecondsOffset = 4;
    private const int NanosecondsOffset = SecondsOffset + 4;
    private const int CapturedOffset = NanosecondsOffset + 4;
    private const int NetworkOffset = CapturedOffset + 4 + 4 + 4 + 2;
    private const int InterfaceOffset = PacketHeaderSize + 2 + 2;
    private const int PacketHeaderSize = 48;
    private const int LinkAddressSize = 20;
    private const int PacketMinSize = PacketHeaderSize + LinkAddressSize;

    // Tuning: the header of a packet's place, those of IP and UDP, and the beginning of the data.
    private const uint Line = 64;
    private const uint LinesAhead = 3 * Line;
    private const uint FarthestAhead = 2048;

    private byte* _start;
    private uint _size;
    private uint _next;
    private uint _left;

    public static bool IsReady(byte* start) => (Volatile.Read(ref *(uint*)(start + StatusOffset)) & OwnedByReader) != 0;

    /// <summary>
    /// A status that is neither the kernel's nor ours was written by a reader before us, and the kernel would never again write into that block, nor
    /// past it (__tpacket_v3_has_room asks for exactly 0): it gets its 0 back, unless it hands the block over at this very moment.
    /// </summary>
    public static void Repair(byte* start)
    {
        var status = Volatile.Read(ref *(uint*)(start + StatusOffset));
        if (status != 0 && (status & OwnedByReader) == 0)
            Interlocked.CompareExchange(ref *(uint*)(start + StatusOffset), 0u, status);
    }

    /// <summary>The how-manieth block it was when the kernel began to write into it.</summary>
    public static ulong Opened(byte* start) => Volatile.Read(ref *(ulong*)(start + SequenceOffset));

    public static RingBlock Open(byte* start, int size) => new()
    {
        _start = start,
        _size = (uint)size,
        _next = *(uint*)(start + FirstPacketOffset),
        _left = *(uint*)(start + PacketCountOffset),
    };

    public readonly bool IsOpen => _start != null;

    public readonly bool HasMore => _left > 0;

    /// <summary>Gives the block back to the kernel. What was read from it is gone.</summary>
    public void Close()
    {
        Volatile.Write(ref *(uint*)(_start + StatusOffset), 0u);
        _start = null;
    }

    /// <summary>The next packet from its IP header on. False at the end; then <paramref name="lost"/> is how many there were that make no sense.</summary>
    public bool TryNext(out RingPacket packet, out uint lost)
    {
        packet = default;
        lost = 0;
        if (_left == 0)
            return false;

        if (!TryRead(out packet, out var step))
        {
            lost = _left;
            _left = 0;
            return false;
        }

        _left--;
        _next += step;
        FetchAhead(step);
        return true;
    }

    /// <summary>
    /// The kernel wrote the packets on another processor, and to fetch a line from there takes longer than to judge what is in it: so the one after the next, which most
    /// likely is as far away again, is asked for now.
    /// </summary>
    private readonly void FetchAhead(uint step)
    {
        if (!Sse.IsSupported || _left < 2 || step > FarthestAhead || _size - _next < step + LinesAhead)
            return;
        var ahead = _start + _next + step;
        Sse.Prefetch0(ahead);
        Sse.Prefetch0(ahead + Line);
        Sse.Prefetch0(ahead + Line + Line);
    }

    private readonly bool TryRead(out RingPacket packet, out uint step)
    {
        packet = default;
        step = 0;
        if (_next > _size || _size - _next < PacketMinSize)
            return false;

        var header = _start + _next;
        var room = _size - _next;
        uint network = *(ushort*)(header + NetworkOffset);
        var captured = *(uint*)(header + CapturedOffset);
        step = *(uint*)header;
        if (network < PacketMinSize || network > room || captured > room - network || step > room)
            return false;

        // The last one points nowhere. Any other must go forward, or a wrong count would have us read it four billion times.
        if (_left > 1 && step < PacketMinSize)
            return false;

        packet = new()
        {
            Bytes = new(header + network, (int)captured),
            Interface = *(int*)(header + InterfaceOffset),
            Seconds = *(uint*)(header + SecondsOffset),
            Nanoseconds = *(uint*)(header + NanosecondsOffset),
        };
        return true;
    }
}

internal readonly ref struct RingPacket
{
    public ReadOnlySpan<byte> Bytes { get; init; }

    public int Interface { get; init; }

    public uint Seconds { get; init; }

    public uint Nanoseconds { get; init; }
}
