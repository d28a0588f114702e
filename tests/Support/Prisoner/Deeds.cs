using System.Globalization;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Postern.Confinement.Prisoner;

/// <summary>What a process may try.</summary>
internal static unsafe partial class Deeds
{
    public static string Do(string deed)
    {
        var words = deed.Split(' ');
        return words[0] switch
        {
            "call" => Call(words[1..]),
            "read" => File.ReadAllText(words[1]).Length > 0 ? "read" : "empty",
            "list" => Directory.GetFileSystemEntries(words[1]).Length > 0 ? "listed" : "empty",
            "write" => Write(words[1]),
            "collect" => Collect(),
            "thread" => Threads(),
            "throw" => Throw(),
            "generics" => Generics(),
            "timer" => Timers(),
            "tasks" => Tasks(),
            "heat" => Heat(),
            "clock" => DateTime.UtcNow.Year >= 2024 && Environment.TickCount64 > 0 ? "told" : "wrong",
            "random" => Guid.NewGuid() != Guid.NewGuid() ? "drawn" : "same",
        
            "status" => File.ReadAllText("/proc/self/status"),
            "tcp" => Tcp(int.Parse(words[1], CultureInfo.InvariantCulture)),
            "dump" => Dump(),
            "fill" => Fill(words[1], int.Parse(words[2], CultureInfo.InvariantCulture)),
            "limits" => Limits(),
            "sleep" => Sleep(),
            "nest" => Nest((Capabilities)ulong.Parse(words[1], CultureInfo.InvariantCulture)),
            "signal" => Signal(int.Parse(words[1], CultureInfo.InvariantCulture)),
            "abstract" => AbstractSocket(words[1]),
            "account" => Account.Find(words[1])?.ToString() ?? "nobody",
            _ => throw new ArgumentException("no such deed: " + deed, nameof(deed)),
        };
    }

    /// <summary>Starts a child of its own, whose /proc/self/status is the result.</summary>
    private static string Nest(Capabilities keep)
    {
        var (read, write) = Pipe.Make();
        using var output = read;
        try
        {
            using var child = Child.Start(new("/bin/cat", ["cat", "/proc/self/status"], []) { Descriptors = [null, write, null] }, new Confines { Keep = keep });
            write.Dispose();
            using var reader = new StreamReader(new FileStream(new Microsoft.Win32.SafeHandles.SafeFileHandle(output.Number, ownsHandle: false), FileAccess.Read, 0));
            return reader.ReadToEnd();
        }
        catch (ConfinementException e)
        {
            return $"{e.Message} | {e.Hint}";
        }
    }

    private static string Signal(int pid) =>
        Kill(pid, 0) < 0 ? "errno " + Marshal.GetLastPInvokeError().ToString(CultureInfo.InvariantCulture) : "done";

    private static string AbstractSocket(string name)
    {
        using var socket = new System.Net.Sockets.Socket(System.Net.Sockets.AddressFamily.Unix, System.Net.Sockets.SocketType.Stream, System.Net.Sockets.ProtocolType.Unspecified);
        socket.Connect(new System.Net.Sockets.UnixDomainSocketEndPoint("\0" + name));
        return "connected";
    }

    private static string Call(string[] words)
    {
        var values = stackalloc nint[6];
        for (var i = 1; i < words.Length; i++)
            values[i - 1] = words[i].StartsWith('@') ? Marshal.StringToCoTaskMemUTF8(words[i][1..]) : (nint)long.Parse(words[i], CultureInfo.InvariantCulture);
        var result = SystemCall(nint.Parse(words[0], CultureInfo.InvariantCulture), values[0], values[1], values[2], values[3], values[4], values[5]);
        return result < 0 ? "errno " + Marshal.GetLastPInvokeError().ToString(CultureInfo.InvariantCulture) : "done";
    }

    private static string Write(string path)
    {
        File.WriteAllText(path, "written");
        return "written";
    }

    private static string Fill(string path, int bytes)
    {
        Walls.Limit(openFiles: 64, fileBytes: 4096);
        File.WriteAllBytes(path, new byte[bytes]);
        return "filled";
    }

    private static string Limits()
    {
        Walls.Limit(openFiles: 77, fileBytes: 1 << 20, processes: 500);
        return File.ReadAllText("/proc/self/limits");
    }

    private static string Dump()
    {
        Walls.ForbidDumps();
        return "forbidden";
    }

    private static string Sleep()
    {
        Thread.Sleep(Timeout.Infinite);
        return "";
    }

    /// <summary>All generations, small and large objects, with a pause for the background collector, and memory given back.</summary>
    private static string Collect()
    {
        var kept = new List<byte[]>();
        for (var i = 0; i < 400; i++)
        {
            kept.Add(new byte[i % 10 == 0 ? 200_000 : 5_000]);
            if (i % 100 == 99)
                GC.Collect(2, GCCollectionMode.Forced, blocking: i > 200, compacting: i > 300);
        }

        kept.Clear();
        GC.Collect(2, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        return "collected";
    }

    private static string Threads()
    {
        var done = 0;
        var threads = Enumerable.Range(0, 8).Select(_ => new Thread(() => Interlocked.Increment(ref done)) { Name = "prisoner" }).ToArray();
        foreach (var thread in threads)
            thread.Start();
        foreach (var thread in threads)
            thread.Join();
        return done == 8 ? "threaded" : "lost some";
    }

    private static string Throw()
    {
        try
        {
            Deeper(5);
            return "nothing thrown";
        }
        catch (InvalidOperationException e)
        {
            return e.ToString().Contains(nameof(Deeper), StringComparison.Ordinal) && Divide(0) ? "caught" : "no trace";
        }

        static void Deeper(int left)
        {
            if (left == 0)
                throw new InvalidOperationException("deep");
            Deeper(left - 1);
        }

        static bool Divide(int by)
        {
            try
            {
                return 1 / by > 5; // by a signal of the processor
            }
            catch (DivideByZeroException)
            {
                return true;
            }
        }
    }

    /// <summary>Code that nobody compiled before.</summary>
    private static string Generics()
    {
        var sum = new Dictionary<(byte, Half), decimal> { [(1, (Half)2)] = 3m }.Sum(pair => pair.Value) + new SortedSet<Int128> { 4, 5 }.Count;
        return sum == 5m ? "compiled" : "wrong";
    }

    private static string Timers()
    {
        using var rung = new ManualResetEventSlim();
        using var timer = new Timer(_ => rung.Set(), null, 20, Timeout.Infinite);
        return rung.Wait(30_000) ? "rung" : "silent";
    }

    private static string Tasks()
    {
        var sum = 0;
        Parallel.For(0, 100, i => Interlocked.Add(ref sum, i));
        Task.Delay(10).Wait();
        return sum == 4950 ? "worked" : "wrong";
    }

    /// <summary>Long enough for methods to be compiled again, better, by the background compiler, and to be replaced while they run.</summary>
    private static string Heat()
    {
        var sum = 0L;
        for (var round = 0; round < 40; round++)
        {
            for (var i = 0; i < 20_000; i++)
                sum += Hot(i);
            Thread.Sleep(5);
        }

        return sum > 0 ? "hot" : "cold";

        [MethodImpl(MethodImplOptions.NoInlining)]
        static int Hot(int i) => (i * 7) ^ (i >> 3) & 0xFF;
    }

    private static string Descriptors() => string.Join(' ', Enumerable.Range(0, 256).Where(fd => FileControl(fd, 1, 0) >= 0));

    private static string Tcp(int port)
    {
        using var socket = new System.Net.Sockets.Socket(System.Net.Sockets.AddressFamily.InterNetwork, System.Net.Sockets.SocketType.Stream, System.Net.Sockets.ProtocolType.Tcp);
        socket.Connect(System.Net.IPAddress.Loopback, port);
        return "connected";
    }

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    private static partial nint SystemCall(nint number, nint a, nint b, nint c, nint d, nint e, nint f);

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int Kill(int pid, int signal);

    [LibraryImport("libc", EntryPoint = "fcntl", SetLastError = true)]
    private static partial int FileControl(int fd, int command, nint argument);
}
