using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Postern.Client;

/// <summary>
/// A SYN that carries data, from an unprivileged user: TCP Fast Open (RFC 7413) without its cookie, which Linux allows for each socket. The socket hears no answer
/// and is gone before the SYN could be repeated, so that neither a handshake nor the data follows, whoever listens there.
/// </summary>
internal static class SynWithData
{
    // include/uapi/linux/tcp.h
    private const int IpProtoTcp = 6;
    private const int FastOpenConnect = 30;
    private const int FastOpenNoCookie = 34;

    // include/uapi/asm-generic/socket.h, linux/filter.h
    private const int SolSocket = 1;
    private const int AttachFilter = 26;
    private const ulong ReturnNothing = 0x06; // struct sock_filter: BPF_RET | BPF_K, 0 bytes

    private static readonly LingerOption Abandon = new(enable: true, seconds: 0);

    /// <exception cref="KnockException">This system cannot.</exception>
    public static Socket Open(AddressFamily family)
    {
        if (!OperatingSystem.IsLinux())
            throw Unsupported("only Linux lets a program send data in a SYN", null);
        var socket = new Socket(family, SocketType.Stream, ProtocolType.Tcp) { Blocking = false, LingerState = Abandon };
        try
        {
            socket.SetRawSocketOption(IpProtoTcp, FastOpenConnect, BitConverter.GetBytes(1));
            socket.SetRawSocketOption(IpProtoTcp, FastOpenNoCookie, BitConverter.GetBytes(1));
            HearNothing(socket);
            return socket;
        }
        catch (SocketException e)
        {
            socket.Dispose();
            throw Unsupported("this system does not let a program send data in a SYN", e);
        }
    }

    /// <exception cref="KnockException">Not all of it fits one SYN.</exception>
    public static SocketError Send(IPEndPoint endpoint, ReadOnlySpan<byte> data)
    {
        using var socket = Open(endpoint.AddressFamily);
        try
        {
            socket.Connect(endpoint); // is put off until there is data
            var sent = socket.Send(data, SocketFlags.None, out var error);
            if (error == SocketError.Success && sent < data.Length)
                throw new KnockException(KnockFault.Unsupported, $"a SYN to {endpoint.Address} cannot carry {data.Length} bytes", "use another carrier: --carrier udp");
            return error == SocketError.WouldBlock ? SocketError.Success : error;
        }
        catch (SocketException e)
        {
            return e.SocketErrorCode;
        }
    }

    /// <summary>An answer can come while the SYN is still being sent: a neighbour is quick.</summary>
    private static void HearNothing(Socket socket)
    {
        var program = GCHandle.Alloc(ReturnNothing, GCHandleType.Pinned);
        try
        {
            // struct sock_fprog { unsigned short len; struct sock_filter *filter; }
            Span<byte> fprog = stackalloc byte[2 * IntPtr.Size];
            fprog.Clear();
            MemoryMarshal.Write(fprog, (ushort)1);
            MemoryMarshal.Write(fprog[IntPtr.Size..], program.AddrOfPinnedObject());
            socket.SetRawSocketOption(SolSocket, AttachFilter, fprog);
        }
        finally
        {
            program.Free();
        }
    }

    private static KnockException Unsupported(string what, Exception? inner) => new(
        KnockFault.Unsupported, what, "use another carrier: --carrier udp, or icmp; on Linux: sudo sysctl -w net.ipv4.tcp_fastopen=1", inner);
}
