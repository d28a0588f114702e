using System.Collections.Immutable;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Postern.Knocks.Counted;

namespace Postern.Client.Tokens;

/// <summary>
/// Connects, and has the kernel's own SYN carry the token: nothing is sent that a connection would not send anyway. The gate drops the first SYN, as it drops any, and lets this one flow in;
/// the kernel sends the same again after a second, and that one passes. Needs CAP_NET_ADMIN.
/// </summary>
/// <remarks>
/// TCP_REPAIR lets a program set the sequence number before it connects. The time stamp is drawn anew by connect(); but where fast open puts the SYN off until there is something to send, it can be
/// set in between, and sending nothing sends a SYN without data and without the option of fast open: one like any other.
/// </remarks>
public static class SynConnector
{
    // include/uapi/linux/tcp.h
    private const int IpProtoTcp = 6;
    private const int Repair = 19;
    private const int RepairQueue = 20;
    private const int QueueSequence = 21;
    private const int Timestamp = 24;
    private const int FastOpenConnect = 30;
    private const int FastOpenNoCookie = 34;
    private const int SendQueue = 2;

    private const string TimestampSetting = "/proc/sys/net/ipv4/tcp_timestamps";

    /// <summary>A kernel sends its SYN again after 1 s and 3 s: by then it has passed, or the token was used by another who has the secret.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(3_500);

    private static readonly TimeSpan AfterRefusal = TimeSpan.FromMilliseconds(500);

    /// <param name="targets">At most one address of each family; the first that answers is taken.</param>
    /// <param name="port">Of TCP.</param>
    /// <param name="scribe">Makes the tokens.</param>
    /// <param name="timeout">Of all of it.</param>
    /// <param name="cancellation">Ends it early.</param>
    /// <returns>The connection, which the caller owns; null where none came about.</returns>
    /// <exception cref="KnockException">It cannot be done from here.</exception>
    public static async Task<Socket?> ConnectAsync(ImmutableArray<IPAddress> targets, ushort port, CountedScribe scribe, TimeSpan timeout, CancellationToken cancellation)
    {
        if (OperatingSystem.IsLinux() && File.Exists(TimestampSetting) && await File.ReadAllTextAsync(TimestampSetting, cancellation) is ['0', ..])
            throw new KnockException(KnockFault.Unsupported, "this system sends no TCP time stamps, in which half of the token stands", "sudo sysctl -w net.ipv4.tcp_timestamps=1");
        using var others = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var running = targets.Select(target => TryAsync(new(target, port), scribe, timeout, others.Token)).ToList();
        Socket? first = null;
        KnockException? why = null;
        while (running.Count > 0)
        {
            var done = await Task.WhenAny(running);
            running.Remove(done);
            try
            {
                var connection = await done;
                if (first is not null)
                    connection?.Dispose();
                first ??= connection;
            }
            catch (KnockException e)
            {
                why = e;
            }
            catch (OperationCanceledException) when (first is not null)
            {
                // Another was quicker.
            }

            if (first is not null)
                await others.CancelAsync();
        }

        return first ?? (why is null ? null : throw why);
    }

    private static async Task<Socket?> TryAsync(IPEndPoint endpoint, CountedScribe scribe, TimeSpan timeout, CancellationToken cancellation)
    {
        var start = Stopwatch.GetTimestamp();
        while (timeout - Stopwatch.GetElapsedTime(start) is var left && left > TimeSpan.Zero)
        {
            var socket = Start(endpoint, await scribe.WriteSynAsync(endpoint.Address, cancellation));
            if (await IsConnectedAsync(socket, left < Patience ? left : Patience, cancellation))
                return socket;
            socket.Dispose();
        }

        return null;
    }

    private static Socket Start(IPEndPoint endpoint, SynToken token)
    {
        var socket = new Socket(endpoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { Blocking = false };
        try
        {
            Set(socket, FastOpenConnect, 1);
            Set(socket, FastOpenNoCookie, 1);
            InRepair(socket, () =>
            {
                Set(socket, RepairQueue, SendQueue);
                Set(socket, QueueSequence, unchecked((int)token.Sequence));
            });
            socket.Connect(endpoint); // is put off
            var clock = RandomNumberGenerator.GetInt32(1 << (SynToken.ClockBits - 1));
            InRepair(socket, () => Set(socket, Timestamp, unchecked((int)((token.Timestamp >> SynToken.ClockBits << SynToken.ClockBits) | (uint)clock))));
            _ = socket.Send(ReadOnlySpan<byte>.Empty, SocketFlags.None, out var error);
            if (error is SocketError.Success or SocketError.InProgress or SocketError.WouldBlock)
                return socket;
            throw new SocketException((int)error);
        }
        catch (SocketException e)
        {
            socket.Dispose();
            throw e.SocketErrorCode == SocketError.AccessDenied
                ? new KnockException(KnockFault.MissingPrivilege, "this user may not choose what a connection begins with", "run it with sudo, or give the program the capability CAP_NET_ADMIN; or let the gate's knock have grant: address", e)
                : KnockException.From(e.SocketErrorCode, endpoint.Address, $"a connection to port {endpoint.Port}");
        }
    }

    private static void InRepair(Socket socket, Action act)
    {
        Set(socket, Repair, 1);
        act();
        Set(socket, Repair, 0);
    }

    private static void Set(Socket socket, int option, int value) => socket.SetRawSocketOption(IpProtoTcp, option, BitConverter.GetBytes(value));

    private static async Task<bool> IsConnectedAsync(Socket socket, TimeSpan patience, CancellationToken cancellation)
    {
        var start = Stopwatch.GetTimestamp();
        try
        {
            while (patience - Stopwatch.GetElapsedTime(start) is var left && left > TimeSpan.Zero)
            {
                if (socket.Poll(TimeSpan.Zero, SelectMode.SelectWrite))
                    return await EndAsync(socket, cancellation);
                await Task.Delay(TimeSpan.FromMilliseconds(5), cancellation);
            }
        }
        catch (OperationCanceledException)
        {
            socket.Dispose();
            throw;
        }

        return false;
    }

    /// <summary>It stands, or it was refused: then the next token is not sent at once.</summary>
    private static async Task<bool> EndAsync(Socket socket, CancellationToken cancellation)
    {
        if ((int)socket.GetSocketOption(SocketOptionLevel.Socket, SocketOptionName.Error)! == 0)
        {
            socket.Blocking = true;
            return true;
        }

        await Task.Delay(AfterRefusal, cancellation);
        return false;
    }
}
