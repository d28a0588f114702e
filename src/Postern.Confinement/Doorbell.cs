using System.Runtime.InteropServices;
using Postern.Confinement.Native;

namespace Postern.Confinement;

/// <summary>
/// What one thread waits at, for channels and for whoever rings: an eventfd(2) beside their descriptors in one poll(2). So what comes by a channel wakes nobody but
/// the one who deals with it. Anybody may ring; one thread waits.
/// </summary>
public sealed unsafe partial class Doorbell : IDisposable
{
    private const int NonBlocking = 0x800; // EFD_NONBLOCK
    private const int CloseOnExec = 0x8_0000; // EFD_CLOEXEC

    private readonly Descriptor _bell;

    /// <exception cref="IOException">No descriptors are left.</exception>
    public Doorbell()
    {
        var number = EventDescriptor(0, NonBlocking | CloseOnExec);
        _bell = number >= 0 ? Descriptor.Adopt(number) : throw Errno.Failed("eventfd");
    }

    /// <summary>Whoever waits wakes; if nobody does, the next who comes will not wait. After <see cref="Dispose"/> nobody hears it.</summary>
    public void Ring()
    {
        try
        {
            using var bell = new Borrowed(_bell);
            ulong one = 1;
            _ = Write(bell.Number, &one, sizeof(ulong)); // it cannot be full: each wait empties it
        }
        catch (ObjectDisposedException)
        {
        }
    }

    /// <summary>Waits until somebody rings, a channel has something or its end, or the time is over.</summary>
    /// <param name="channels">Those that are disposed of meanwhile count as having something.</param>
    /// <param name="ready">Whether each has something.</param>
    /// <param name="time">Null: for ever.</param>
    public void Wait(ReadOnlySpan<Channel> channels, Span<bool> ready, TimeSpan? time)
    {
        Span<Libc.PollFd> polled = stackalloc Libc.PollFd[channels.Length + 1];
        var held = 0;
        try
        {
            polled[0] = new() { Fd = _bell.Number, Events = Libc.PollIn };
            for (var i = 0; i < channels.Length; i++)
            {
                polled[i + 1] = new() { Fd = -1 };
                held = i;
                var added = false;
                channels[i].Descriptor.DangerousAddRef(ref added);
                held = i + 1;
                polled[i + 1] = new() { Fd = channels[i].Descriptor.Number, Events = Libc.PollIn };
            }

            Poll(polled, time);
        }
        catch (ObjectDisposedException)
        {
            ready.Clear();
            if (held < ready.Length)
                ready[held] = true; // its end is for whoever reads it to find
            return;
        }
        finally
        {
            for (var i = 0; i < held; i++)
                channels[i].Descriptor.DangerousRelease();
        }

        for (var i = 0; i < channels.Length; i++)
            ready[i] = polled[i + 1].Seen != 0;
        ulong rung;
        if (polled[0].Seen != 0)
            _ = Read(_bell.Number, &rung, sizeof(ulong));
    }

    public void Dispose() => _bell.Dispose();

    private static void Poll(Span<Libc.PollFd> polled, TimeSpan? time)
    {
        var milliseconds = time is { } limit ? (int)Math.Clamp(Math.Ceiling(limit.TotalMilliseconds), 0, int.MaxValue) : -1;
        fixed (Libc.PollFd* first = polled)
        {
            // An interrupted wait is a short one: whoever waits looks again.
            if (Libc.Poll(first, (nuint)polled.Length, milliseconds) >= 0)
                return;
        }

        if (Errno.Last is not (Errno.Interrupted or Errno.Again))
            throw Errno.Failed("poll");
        foreach (ref var descriptor in polled)
            descriptor.Seen = 0;
    }

    [LibraryImport("libc", EntryPoint = "eventfd", SetLastError = true)]
    private static partial int EventDescriptor(uint initial, int flags);

    [LibraryImport("libc", EntryPoint = "read")]
    private static partial nint Read(int descriptor, void* bytes, nuint length);

    [LibraryImport("libc", EntryPoint = "write")]
    private static partial nint Write(int descriptor, void* bytes, nuint length);
}
