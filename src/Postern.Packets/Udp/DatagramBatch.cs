using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Postern.Packets.Ring;

namespace Postern.Packets.Udp;

/// <summary>
/// Memory for so many datagrams as one call brings, laid out once. Each has its data behind room for the headers that are written before it:
/// <code>
/// room         IPv6 header 40 · UDP header 8       (or 20 unused · IPv4 header 20 · UDP header 8)
/// data         as much as is kept
/// name         struct sockaddr_in or sockaddr_in6  who sent it
/// control      struct cmsghdr …                    when it arrived, at which address
/// </code>
/// </summary>
internal sealed unsafe class DatagramBatch : IDisposable
{
    /// <summary>More than any knock has: what is longer is cut, and says how long it was.</summary>
    internal const int Kept = 1500;

    private const int Capacity = 32;
    private const int Room = RebuiltHeaders.MaxSize;
    private const int NameSize = 32;
    private const int ControlSize = 128;
    private const int Stride = ((Room + Kept + NameSize + ControlSize) / 16 + 1) * 16;

    private readonly Libc.Message* _messages = (Libc.Message*)NativeMemory.AllocZeroed(Capacity, (nuint)sizeof(Libc.Message));
    private readonly Libc.IoVector* _vectors = (Libc.IoVector*)NativeMemory.AllocZeroed(Capacity, (nuint)sizeof(Libc.IoVector));
    private readonly byte* _memory = (byte*)NativeMemory.AlignedAlloc(Capacity * Stride, 16);
    private int _count;
    private int _next;
    private UdpEndpoint _socket;
    private PacketClock _clock;

    /// <summary>A bound socket never sees a packet twice, so each gets its own number where a packet says what tells it from others.</summary>
    private ushort _number;

    /// <summary>Takes what has arrived at a socket, without waiting for more. False for nothing.</summary>
    /// <exception cref="CaptureException">The socket is none any more.</exception>
    public bool TryReceive(UdpEndpoint socket)
    {
        Prepare();
        _next = 0;
        _count = Libc.ReceiveMessages(socket.Fd, _messages, Capacity, Libc.MessageDoNotWait | Libc.MessageTruncated, null);
        if (_count < 0)
        {
            _count = 0;
            // Others are of the network, told once and over, or of now: nothing there yet, no memory.
            if (Marshal.GetLastPInvokeError() is Libc.EBadF or Libc.ENotSock or Libc.EFault or Libc.EInval)
                throw RingSocket.Failure("read datagrams");
        }

        _socket = socket;
        _clock.Open();
        return _count > 0;
    }

    private void Prepare()
    {
        for (var i = 0; i < Capacity; i++)
        {
            var memory = _memory + (i * Stride);
            _vectors[i] = new() { Base = memory + Room, Length = Kept };
            _messages[i].Header = new()
            {
                Vectors = _vectors + i,
                VectorCount = 1,
                Name = memory + Room + Kept,
                NameLength = NameSize,
                Control = memory + Room + Kept + NameSize,
                ControlLength = ControlSize,
            };
        }
    }

    /// <summary>So few that the socket holds many times as much.</summary>
    public bool WasSmall => _count < Capacity / 2;

    public bool TryNext(out CapturedPacket packet)
    {
        packet = default;
        if (_next == _count)
            return false;
        ref var message = ref _messages[_next];
        var memory = _memory + (_next * Stride);
        _next++;
        var (source, sourcePort) = ReadName((byte*)message.Header.Name);
        var (destination, time) = ReadControl(message.Header);
        var length = (int)message.Length;
        var headers = RebuiltHeaders.Write(new(memory, Room), source, destination, sourcePort, _socket.Port, length, _number++);
        packet = new()
        {
            Bytes = new(memory + Room - headers, headers + Math.Min(length, Kept)),
            Link = LinkType.Raw,
            Time = time,
            ReadAt = _clock.Uptime,
        };
        return true;
    }

    /// <summary>
    /// <code>
    /// sockaddr_in    family 2 · port 2 · address 4
    /// sockaddr_in6   family 2 · port 2 · flow 4 · address 16 · scope 4
    /// </code>
    /// </summary>
    private static (UInt128 Address, ushort Port) ReadName(byte* name)
    {
        var bytes = new ReadOnlySpan<byte>(name, NameSize);
        var port = BinaryPrimitives.ReadUInt16BigEndian(bytes[2..]);
        return *(ushort*)name == Libc.AfInet6
            ? (BinaryPrimitives.ReadUInt128BigEndian(bytes[8..]), port)
            : (RebuiltHeaders.Mapped(BinaryPrimitives.ReadUInt32BigEndian(bytes[4..])), port);
    }

    /// <summary>
    /// <code>
    /// struct cmsghdr     length (a word of the machine, this header included) · level 4 · type 4 · data, to a whole word
    ///   in_pktinfo       interface 4 · local address 4 · destination of the packet 4
    ///   in6_pktinfo      destination of the packet 16 · interface 4
    ///   timespec         seconds · nanoseconds
    /// </code>
    /// </summary>
    private (UInt128 Destination, long Time) ReadControl(in Libc.MessageHeader message)
    {
        var destination = _socket.Address;
        var time = _clock.Uptime;
        var header = sizeof(nuint) + sizeof(int) + sizeof(int);
        var rest = new ReadOnlySpan<byte>(message.Control, (int)Math.Min(message.ControlLength, ControlSize));
        while (rest.Length >= header)
        {
            var length = (int)MemoryMarshal.Read<nuint>(rest);
            if (length < header || length > rest.Length)
                break;
            var data = rest[header..length];
            switch (MemoryMarshal.Read<int>(rest[sizeof(nuint)..]), MemoryMarshal.Read<int>(rest[(sizeof(nuint) + sizeof(int))..]))
            {
                case (Libc.SolIPv4, Libc.IPv4PacketInfo) when data.Length >= 12:
                    destination = RebuiltHeaders.Mapped(BinaryPrimitives.ReadUInt32BigEndian(data[8..]));
                    break;
                case (Libc.SolIPv6, Libc.IPv6PacketInfo) when data.Length >= 16:
                    destination = BinaryPrimitives.ReadUInt128BigEndian(data);
                    break;
                case (Libc.SolSocket, Libc.SoTimestamp) when data.Length >= sizeof(Libc.TimeSpec):
                    var stamp = MemoryMarshal.Read<Libc.TimeSpec>(data);
                    time = _clock.ToUptime((uint)stamp.Seconds, (uint)stamp.Nanoseconds);
                    break;
            }

            rest = rest[Math.Min(rest.Length, (length + sizeof(nuint) - 1) / sizeof(nuint) * sizeof(nuint))..];
        }

        return (destination, time);
    }

    public void Dispose()
    {
        _count = _next = 0;
        NativeMemory.Free(_messages);
        NativeMemory.Free(_vectors);
        NativeMemory.AlignedFree(_memory);
    }
}

/// <summary>A bound socket: its number, and where it is bound to.</summary>
internal readonly record struct UdpEndpoint(int Fd, UInt128 Address, ushort Port);
