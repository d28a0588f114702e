using System.Collections.Immutable;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Postern.Confinement;

namespace Postern.Cli.Gate.Household;

/// <summary>
/// UDP sockets that the service manager has bound for us (sd_listen_fds(3)): descriptors from 3 on, as many as LISTEN_FDS says, if LISTEN_PID is us. They stay open here, for one
/// warden after another; what else was handed over is left alone.
/// </summary>
internal static class HandedSockets
{
    private const int First = 3;

    /// <summary>A unit has no more sockets than this; a number from the environment may be anything.</summary>
    private const int Most = 64;

    private static readonly ImmutableArray<(int Port, Descriptor Socket)> All = Read();

    /// <summary>The one that is bound to that port; null: there is none. It is not the caller's to dispose of.</summary>
    public static Descriptor? Find(int port) => All.FirstOrDefault(s => s.Port == port).Socket;

    private static ImmutableArray<(int Port, Descriptor Socket)> Read()
    {
        if (NumberOf("LISTEN_PID") != Environment.ProcessId || NumberOf("LISTEN_FDS") is not (> 0 and <= Most and var count))
            return [];
        return [.. Enumerable.Range(First, count).Select(number => (Port: PortOf(number), number)).Where(s => s.Port > 0).Select(s => (s.Port, Descriptor.Adopt(s.number)))];
    }

    private static int? NumberOf(string name) =>
        int.TryParse(Environment.GetEnvironmentVariable(name), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;

    /// <summary>0: not a bound UDP socket.</summary>
    private static int PortOf(int number)
    {
        try
        {
            using var socket = new Socket(new SafeSocketHandle(number, ownsHandle: false));
            return socket is { SocketType: SocketType.Dgram, ProtocolType: ProtocolType.Udp, LocalEndPoint: IPEndPoint local } ? local.Port : 0;
        }
        catch (SocketException)
        {
            return 0;
        }
    }
}
