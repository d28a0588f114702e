using System.Runtime.InteropServices;

namespace Postern.Reports.Watching;

/// <summary>
/// What a sentry is told while it runs, and all that it ever is: that somebody watches, until when, and whom. One page of memory that the warden writes and the sentry can only read;
/// it is the only way in that direction, and nothing in it changes what the sentry decides.
/// <code>
///  0   8  until    nanoseconds of uptime; when they are over nobody watches
///  8   8  turn     odd while what follows is being written
/// 16   8  count    clients that are asked for by name, each of which is told of whatever others do
/// 24   8  others   1: all others are asked for too
/// 32 128  clients  addresses
/// </code>
/// In the processor's own order, each number written and read whole: both ends are on one machine.
/// </summary>
public static class WatchPage
{
    public const int Size = 4096;

    public const int MaxClients = 8;

    private const int UntilAt = 0;
    private const int TurnAt = 1;
    private const int CountAt = 2;
    private const int OthersAt = 3;
    private const int ClientsAt = 4;

    /// <summary>One writer at a time.</summary>
    public static void Write(Span<byte> page, long until, ReadOnlySpan<Address> clients, bool others)
    {
        var words = MemoryMarshal.Cast<byte, ulong>(page);
        var turn = Volatile.Read(ref words[TurnAt]) | 1;
        Volatile.Write(ref words[TurnAt], turn);
        Interlocked.MemoryBarrier();
        var count = Math.Min(clients.Length, MaxClients);
        Volatile.Write(ref words[CountAt], (ulong)count);
        Volatile.Write(ref words[OthersAt], others || clients.Length > MaxClients ? 1UL : 0);
        for (var i = 0; i < count; i++)
        {
            Volatile.Write(ref words[ClientsAt + (2 * i)], (ulong)clients[i].Value);
            Volatile.Write(ref words[ClientsAt + (2 * i) + 1], (ulong)(clients[i].Value >> 64));
        }

        Interlocked.MemoryBarrier();
        Volatile.Write(ref words[TurnAt], turn + 1);
        Volatile.Write(ref words[UntilAt], (ulong)until);
    }

    public static bool IsWatched(ReadOnlySpan<byte> page, long now) => (long)Volatile.Read(in MemoryMarshal.Cast<byte, ulong>(page)[UntilAt]) > now;

    /// <summary>Whether a packet of this source is asked for: by its name, or as any. Nobody's is while the page is being written.</summary>
    public static Asked AskedFor(ReadOnlySpan<byte> page, UInt128 source)
    {
        var words = MemoryMarshal.Cast<byte, ulong>(page);
        var turn = Volatile.Read(in words[TurnAt]);
        var asked = Volatile.Read(in words[OthersAt]) == 1 ? Asked.AsAny : Asked.No;
        for (var i = 0; i < (int)Math.Min(Volatile.Read(in words[CountAt]), MaxClients); i++)
        {
            if (Volatile.Read(in words[ClientsAt + (2 * i)]) == (ulong)source && Volatile.Read(in words[ClientsAt + (2 * i) + 1]) == (ulong)(source >> 64))
                asked = Asked.ByName;
        }

        Interlocked.MemoryBarrier();
        return turn % 2 == 0 && Volatile.Read(in words[TurnAt]) == turn ? asked : Asked.No;
    }
}

public enum Asked
{
    No,
    AsAny,
    ByName,
}
