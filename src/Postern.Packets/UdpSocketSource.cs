using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Postern.Packets.Ring;
using Postern.Packets.Udp;

namespace Postern.Packets;

/// <summary>
/// The datagrams that arrive at ports of our own, as packets: for a container that may not capture. It sees less than <see cref="PacketRing"/> (no TCP,
/// no echo requests, no port that it has not bound, nothing that the firewall drops), it takes the ports for itself, and costs a call for up to 32
/// datagrams instead of none. Each socket is read in turn, so that a flood to one does not silence another.
/// <para>
/// <see cref="TryRead(out CapturedPacket)"/> belongs to one thread; <see cref="Stop"/>, <see cref="Dropped"/> and <see cref="Dispose"/> may be called from any.
/// Memory is laid out once, here and in the kernel.
/// </para>
/// </summary>
public sealed unsafe class UdpSocketSource : IPacketSource
{
    /// <summary>Asked of the kernel, which gives no more than net.core.rmem_max: room for some hundreds of datagrams.</summary>
    private const int ReceiveBuffer = 1 << 20;

    private readonly ImmutableArray<Socket> _sockets;
    private readonly UdpEndpoint[] _endpoints;
    private readonly uint[] _dropsSeen;
    private readonly Libc.PollFd[] _poll;
    private readonly DatagramBatch _batch;
    private readonly ReaderTurn _turn;
    private Gathering _gathering;
    private int _taken;
    private int _at;
    private long _dropped;

    /// <summary>Takes over sockets that are bound already, as a service manager hands them on. What waits in them is read first.</summary>
    /// <exception cref="ArgumentException">None, or one that is no bound UDP socket.</exception>
    /// <exception cref="CaptureException">The system does not let us, or cannot.</exception>
    public UdpSocketSource(ImmutableArray<Socket> bound)
    {
        _sockets = bound.IsDefaultOrEmpty ? throw new ArgumentException("no socket to read from", nameof(bound)) : bound;
        _endpoints = [.. bound.Select(EndpointOf)];
        _dropsSeen = [.. _endpoints.Select(e => DropsOf(e.Fd))];
        foreach (var endpoint in _endpoints)
            AskForDetails(endpoint.Fd);

        _turn = new();
        _poll = [.. _endpoints.Select(e => new Libc.PollFd { Fd = e.Fd, Events = Libc.PollIn }), new() { Fd = _turn.Wake, Events = Libc.PollIn }];
        _at = _endpoints.Length;
        _batch = new();
    }

    /// <summary>Binds these ports on every address of the host, IPv4 and IPv6 in one socket where the system has both.</summary>
    /// <exception cref="CaptureException">A port is taken, or is not ours to take.</exception>
    public static UdpSocketSource Open(ImmutableArray<ushort> ports)
    {
        var sockets = new List<Socket>();
        try
        {
            foreach (var port in ports.Distinct())
                sockets.Add(Bind(port));
            return new([.. sockets]);
        }
        catch
        {
            foreach (var socket in sockets)
                socket.Dispose();
            throw;
        }
    }

    /// <summary>One such socket, for somebody else to read from.</summary>
    /// <exception cref="CaptureException">The port is taken, or is not ours to take.</exception>
    public static Socket Bind(ushort port)
    {
        Socket? socket = null;
        try
        {
            socket = Socket.OSSupportsIPv6
                ? new Socket(AddressFamily.InterNetworkV6, SocketType.Dgram, ProtocolType.Udp) { DualMode = true }
                : new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
            socket.ReceiveBufferSize = ReceiveBuffer;
            socket.Bind(new IPEndPoint(socket.AddressFamily == AddressFamily.InterNetworkV6 ? IPAddress.IPv6Any : IPAddress.Any, port));
            return socket;
        }
        catch (SocketException e)
        {
            socket?.Dispose();
            var (hint, missingPrivilege) = e.SocketErrorCode switch
            {
                SocketError.AddressAlreadyInUse => ("another program listens there: choose another port, or stop that program", false),
                SocketError.AccessDenied => ("ports below 1024 need the capability CAP_NET_BIND_SERVICE; or choose a higher one", true),
                _ => ("the kernel said no for a reason that we do not know of", false),
            };
            throw new CaptureException($"cannot listen on udp/{port}: {e.Message}", hint, missingPrivilege);
        }
    }

    private static UdpEndpoint EndpointOf(Socket socket)
    {
        if (socket.SocketType != SocketType.Dgram || socket.ProtocolType != ProtocolType.Udp || socket.LocalEndPoint is not IPEndPoint { Port: not 0 } local)
            throw new ArgumentException("not a bound UDP socket", nameof(socket));
        Span<byte> address = stackalloc byte[16];
        local.Address.MapToIPv6().TryWriteBytes(address, out _);
        return new((int)socket.Handle, BinaryPrimitives.ReadUInt128BigEndian(address), (ushort)local.Port);
    }

    /// <summary>Where the kernel does not do it, the packet has the address of the socket and the time of the reading.</summary>
    private static void AskForDetails(int fd)
    {
        var yes = 1;
        _ = Libc.SetOption(fd, Libc.SolSocket, Libc.SoTimestamp, &yes, sizeof(int));
        _ = Libc.SetOption(fd, Libc.SolIPv6, Libc.IPv6ReceivePacketInfo, &yes, sizeof(int));
        _ = Libc.SetOption(fd, Libc.SolIPv4, Libc.IPv4PacketInfo, &yes, sizeof(int));
    }

    /// <inheritdoc/>
    /// <exception cref="CaptureException">The kernel has taken a socket away.</exception>
    public bool TryRead(out CapturedPacket packet) => TryRead(out packet, long.MaxValue);

    /// <inheritdoc/>
    /// <exception cref="CaptureException">The kernel has taken a socket away.</exception>
    public bool TryRead(out CapturedPacket packet, long deadline)
    {
        _turn.Begin();
        try
        {
            return TryNext(out packet, deadline);
        }
        finally
        {
            _turn.End();
        }
    }

    private bool TryNext(out CapturedPacket packet, long deadline)
    {
        packet = default;
        while (!_turn.IsStopped)
        {
            if (_batch.TryNext(out packet))
            {
                _taken++;
                return true;
            }

            if (TryReceive())
                continue;
            var now = Libc.Nanoseconds(Libc.ClockMonotonic);
            if (now >= deadline)
                break;
            if (_gathering.RestBefore(now, _taken) is > 0 and var rest && _batch.WasSmall)
                RingSocket.Rest(_turn.Wake, Math.Min(rest, deadline - now));
            _taken = 0;
            Wait(deadline - Libc.Nanoseconds(Libc.ClockMonotonic));
        }

        return false;
    }

    /// <summary>From the next socket that had something when last asked, and from each only once, before all are asked again.</summary>
    private bool TryReceive()
    {
        while (_at < _endpoints.Length)
        {
            var endpoint = _endpoints[_at];
            var returned = _poll[_at++].Returned;
            if ((returned & Libc.PollInvalid) != 0)
                throw new CaptureException($"the socket of udp/{endpoint.Port} is closed", "somebody else in this process closed it", missingPrivilege: false);
            if (returned != 0 && _batch.TryReceive(endpoint))
                return true;
        }

        return false;
    }

    private void Wait(long nanoseconds)
    {
        fixed (Libc.PollFd* poll = _poll)
        {
            if (Libc.Poll(poll, (nuint)_poll.Length, Libc.Milliseconds(nanoseconds)) >= 0)
                _at = 0;
            else if (Marshal.GetLastPInvokeError() != Libc.EIntr)
                throw RingSocket.Failure("wait for datagrams");
        }
    }

    /// <summary>Datagrams that found no room in a socket, or whose checksum was wrong: the kernel counts them together. Zero before Linux 4.12, which does not say.</summary>
    public long Dropped
    {
        get
        {
            lock (_turn.Control)
            {
                if (!_turn.IsClosed)
                    CountDrops();
                return _dropped;
            }
        }
    }

    private void CountDrops()
    {
        for (var i = 0; i < _endpoints.Length; i++)
        {
            var drops = DropsOf(_endpoints[i].Fd);
            _dropped += drops - _dropsSeen[i];
            _dropsSeen[i] = drops;
        }
    }

    /// <summary>How many messages found no room in a socket of any kind, since it was made.</summary>
    internal static uint DropsOf(int fd)
    {
        const int Numbers = 9;
        var info = stackalloc uint[Numbers];
        uint length = Numbers * sizeof(uint);
        return Libc.GetOption(fd, Libc.SolSocket, Libc.SoMemoryInfo, info, &length) == 0 && length == Numbers * sizeof(uint) ? info[Numbers - 1] : 0;
    }

    public void Stop() => _turn.Stop();

    public void Dispose() => _turn.Close(Release);

    private void Release()
    {
        CountDrops();
        _batch.Dispose();
        foreach (var socket in _sockets)
            socket.Dispose();
    }
}
