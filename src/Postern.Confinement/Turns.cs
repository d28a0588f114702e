using System.Runtime.InteropServices;
using Postern.Confinement.Native;

namespace Postern.Confinement;

/// <summary>
/// How long a turn of a thread at the processor may be (the slice of the scheduler's). It is no priority: whoever asks for short turns has no larger share of the processor, but a
/// thread that wakes with a short turn before it need not wait until somebody else's long one is over, some 3 ms.
/// Linux takes the wish from ordinary threads since 6.12, and needs no right for it; an older one takes no notice.
/// </summary>
public static unsafe class Turns
{
    private const uint Ordinary = 0; // SCHED_OTHER

    /// <summary>The least that Linux takes.</summary>
    private static readonly TimeSpan Shortest = TimeSpan.FromTicks(1000);

    /// <summary>Of the calling thread, and of those that it starts from now on. One that does not run by ordinary rules (SCHED_FIFO, SCHED_BATCH…) stays as it is.</summary>
    public static void Shorten()
    {
        if (Get() is not { Policy: Ordinary } now)
            return;
        now.Turn = (ulong)(Shortest.Ticks * TimeSpan.NanosecondsPerTick);
        _ = Libc.Call(Numbers.SetScheduling, 0, (nint)(&now), 0, 0, 0); // where it may not, it is as prompt as others are
    }

    /// <summary>Of the calling thread; zero where the kernel has no such thing.</summary>
    internal static TimeSpan Turn => Get() is { } now ? TimeSpan.FromTicks((long)now.Turn / TimeSpan.NanosecondsPerTick) : TimeSpan.Zero;

    private static Scheduling? Get()
    {
        Scheduling now;
        return Libc.Call(Numbers.GetScheduling, 0, (nint)(&now), sizeof(Scheduling), 0, 0) == 0 ? now : null;
    }

    /// <summary>struct sched_attr (linux/sched/types.h), as it was first: 48 bytes.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct Scheduling
    {
        public uint Size;
        public uint Policy;
        public ulong Flags;
        public int Nice;
        public uint Priority;
        public ulong Turn; // sched_runtime
        public ulong Deadline;
        public ulong Period;
    }
}
