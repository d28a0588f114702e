using System.Diagnostics;

namespace Postern.Confinement.Native;

internal static unsafe class Waiting
{
    /// <summary>False when the time was over first. Null: for ever. An end that is gone counts as input.</summary>
    public static bool ForInput(int fd, TimeSpan? time)
    {
        var start = Stopwatch.GetTimestamp();
        while (true)
        {
            var poll = new Libc.PollFd { Fd = fd, Events = Libc.PollIn };
            var seen = Libc.Poll(&poll, 1, Milliseconds(time - Stopwatch.GetElapsedTime(start)));
            if (seen > 0)
                return true;
            if (seen < 0 && Errno.Last is not (Errno.Interrupted or Errno.Again))
                throw Errno.Failed("poll");
            if (time is not null && Stopwatch.GetElapsedTime(start) >= time)
                return false;
        }
    }

    /// <summary>The same for either of two.</summary>
    public static bool ForInput(int one, int other, TimeSpan time)
    {
        var start = Stopwatch.GetTimestamp();
        var polls = stackalloc[] { new Libc.PollFd { Fd = one, Events = Libc.PollIn }, new Libc.PollFd { Fd = other, Events = Libc.PollIn } };
        while (true)
        {
            var seen = Libc.Poll(polls, 2, Milliseconds(time - Stopwatch.GetElapsedTime(start)));
            if (seen > 0)
                return true;
            if (seen < 0 && Errno.Last is not (Errno.Interrupted or Errno.Again))
                throw Errno.Failed("poll");
            if (Stopwatch.GetElapsedTime(start) >= time)
                return false;
        }
    }

    /// <summary>Until something can be written, or never again.</summary>
    public static void ForRoom(int fd)
    {
        var poll = new Libc.PollFd { Fd = fd, Events = Libc.PollOut };
        while (Libc.Interrupted(Libc.Poll(&poll, 1, -1)))
        {
        }
    }

    /// <summary>Rounded up, so that nobody wakes a moment too early and asks again in vain.</summary>
    private static int Milliseconds(TimeSpan? left) => left is not { } time ? -1 : (int)Math.Clamp(Math.Ceiling(time.TotalMilliseconds), 0, int.MaxValue);
}
