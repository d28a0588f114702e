using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Globalization;
using Postern.Reports;

namespace Postern.Firewall.Nftables;

/// <summary>One TCP connection to a protected port, seen from this host.</summary>
internal readonly record struct LiveSocket(Address Peer, ushort PeerPort, ushort LocalPort);

/// <summary>
/// The connections that were there before us, from the kernel's own table (proc_net_tcp in the kernel's documentation):
/// <code>
///   sl  local_address rem_address   st ...
///    0: 0100007F:0016 0200007F:C350 01 ...
/// </code>
/// An address is words of 32 bits, each as the host orders it; a port is a number; both in hexadecimal.
/// </summary>
internal static class LiveSockets
{
    // Of the thread, not of the process: /proc/net would be the main thread's network namespace.
    private static readonly string[] Tables = ["/proc/thread-self/net/tcp", "/proc/thread-self/net/tcp6"];

    public static ImmutableArray<LiveSocket> Read(ImmutableArray<GuardedPorts> guarded)
    {
        var sockets = ImmutableArray.CreateBuilder<LiveSocket>();
        foreach (var table in Tables.Where(File.Exists)) // no tcp6 where IPv6 is off
        {
            foreach (var line in KernelLists.Lines(table).Skip(1))
            {
                if (TryParse(line, out var socket) && guarded.Any(ports => ports.Range.Contains(Transport.Tcp, socket.LocalPort)))
                    sockets.Add(socket);
            }
        }

        return sockets.ToImmutable();
    }

    /// <summary>False for a line of another shape, and for a socket whose peer has nothing more to send.</summary>
    public static bool TryParse(ReadOnlySpan<char> line, out LiveSocket socket)
    {
        socket = default;
        Span<Range> fields = stackalloc Range[5];
        if (line.SplitAny(fields, " ", StringSplitOptions.RemoveEmptyEntries) < 5
            || !TryParseEnd(line[fields[1]], out _, out var localPort)
            || !TryParseEnd(line[fields[2]], out var peer, out var peerPort)
            || !IsLive(line[fields[3]]))
            return false;
        socket = new LiveSocket(peer, peerPort, localPort);
        return true;
    }

    /// <summary>net/tcp_states.h: ESTABLISHED, FIN_WAIT1, FIN_WAIT2, CLOSE_WAIT, LAST_ACK, CLOSING.</summary>
    private static bool IsLive(ReadOnlySpan<char> state) => state is "01" or "04" or "05" or "08" or "09" or "0B";

    private static bool TryParseEnd(ReadOnlySpan<char> text, out Address address, out ushort port)
    {
        const int hexOfWord = 8;
        address = default;
        port = 0;
        var colon = text.IndexOf(':');
        if (colon is not (hexOfWord or 4 * hexOfWord) || !ushort.TryParse(text[(colon + 1)..], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out port))
            return false;

        Span<byte> bytes = stackalloc byte[Address.Size];
        for (var word = 0; word < colon / hexOfWord; word++)
        {
            if (!uint.TryParse(text.Slice(word * hexOfWord, hexOfWord), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var value))
                return false;
            BitConverter.TryWriteBytes(bytes[(4 * word)..], value);
        }

        address = colon == hexOfWord ? Address.FromV4(BinaryPrimitives.ReadUInt32BigEndian(bytes)) : Address.Read(bytes);
        return true;
    }
}
