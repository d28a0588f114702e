using System.Buffers.Binary;
using System.Collections.Frozen;
using System.Text;
using Postern.Confinement.Native;

namespace Postern.Confinement;

/// <summary>
/// Hears from the kernel (inotify(7)) that what a path leads to may have changed. Each folder on the way is watched for being moved or removed itself, each link for being
/// replaced, and the file at its end for being written to as well: not what else happens in those folders, so that nobody wakes us by working there. Only where something
/// on the way is missing, the folder that it would be in is watched for that name.
/// <code>
/// struct inotify_event   watch 4 · mask 4 · cookie 4 · length of the name 4 · name, filled up with NUL
/// </code>
/// All of it belongs to one thread, but <see cref="Stop"/>, which is any's.
/// </summary>
public sealed unsafe class PathWatch : IDisposable
{
    // sys/inotify.h
    private const uint Modified = 0x2;
    private const uint RightsChanged = 0x4; // and the number of links to it
    private const uint Written = 0x8;
    private const uint MovedHere = 0x80;
    private const uint Created = 0x100;
    private const uint SelfRemoved = 0x400;
    private const uint SelfMoved = 0x800;
    private const uint Forgotten = 0x8000;
    private const uint NotThroughLinks = 0x200_0000;
    private const uint InAddition = 0x2000_0000;

    /// <summary>As many as the kernel follows.</summary>
    private const int MostLinks = 40;

    /// <summary>Where all changes pass through this kernel (linux/magic.h): ext, xfs, btrfs, tmpfs, ramfs, overlay, f2fs, zfs, squashfs, bcachefs.</summary>
    private static readonly FrozenSet<long> Local =
        new long[] { 0xEF53, 0x5846_5342, 0x9123_683E, 0x0102_1994, 0x8584_58F6, 0x794C_7630, 0xF2F5_2010, 0x2FC1_2FC1, 0x7371_7368, 0xCA45_1A4E }.ToFrozenSet();

    private readonly string _path;
    private readonly Descriptor? _news;
    private readonly Descriptor _stopped;
    private readonly Descriptor _stop;
    private HashSet<int> _watches = [];
    private (int Folder, string Name) _missing;
    private volatile bool _isStopped;

    /// <param name="path">A full path. Nothing is watched before <see cref="Arm"/>.</param>
    /// <exception cref="IOException">No descriptors are left.</exception>
    public PathWatch(string path)
    {
        _path = path;
        (_stopped, _stop) = Pipe.Make();
        var news = Libc.OpenNews(Libc.NewsCloseOnExec | Libc.NewsDoNotWait);
        _news = news < 0 ? null : Descriptor.Adopt(news);
    }

    public bool IsStopped => _isStopped;

    /// <summary>
    /// Watches the way as it is now; what is looked at after that and changes later is heard. False: not all of it could be watched, or there is nothing at its end, or it
    /// is on a file system that others change behind this kernel. Then whoever wants to know has to look.
    /// </summary>
    public bool Arm()
    {
        if (_news is null)
            return false;
        var before = _watches;
        (_watches, _missing) = ([], (-1, ""));
        var whole = Walk(_news.Number);
        foreach (var watch in before)
        {
            if (!_watches.Contains(watch))
                _ = Libc.RemoveWatch(_news.Number, watch);
        }

        return whole;
    }

    /// <summary>Waits so long at most. True: something on the way was touched.</summary>
    public bool Wait(TimeSpan time) =>
        Waiting.ForInput(_news?.Number ?? _stopped.Number, _stopped.Number, time) && !_isStopped && _news is not null && Drain(_news.Number);

    /// <summary>Whoever waits goes on at once.</summary>
    public void Stop()
    {
        _isStopped = true;
        _stop.Dispose();
    }

    public void Dispose()
    {
        _stop.Dispose();
        _stopped.Dispose();
        _news?.Dispose();
    }

    private bool Walk(int news)
    {
        var left = new Stack<string>();
        Push(left, _path);
        var (at, links) = ("/", 0);
        var whole = TryWatch(news, at, SelfMoved | SelfRemoved) >= 0;
        while (left.TryPop(out var name))
        {
            if (name is "..")
            {
                at = Path.GetDirectoryName(at) ?? "/"; // no link is left in it
                continue;
            }

            var next = Path.Join(at, name);
            if (TryWatch(news, next, SelfMoved | SelfRemoved | NotThroughLinks) < 0)
            {
                if (Errno.Last is Errno.NoEntry or Errno.NotFolder)
                {
                    _missing = (TryWatch(news, at, Created | MovedHere | InAddition), name);
                    return false;
                }

                whole = false;
            }

            // Watched first and then read, so that no change falls between.
            if (new FileInfo(next).LinkTarget is { } target)
            {
                _ = TryWatch(news, next, RightsChanged | NotThroughLinks | InAddition);
                if (++links > MostLinks)
                    return false;
                at = target.StartsWith('/') ? "/" : at;
                Push(left, target);
                continue;
            }

            if (left.Count == 0)
                whole &= TryWatch(news, next, Modified | Written | RightsChanged | NotThroughLinks | InAddition) >= 0;
            at = next;
        }

        return whole && IsLocal(at);
    }

    private int TryWatch(int news, string path, uint mask)
    {
        var watch = Libc.AddWatch(news, path, mask);
        if (watch >= 0)
            _watches.Add(watch);
        return watch;
    }

    /// <summary>True where one of them is of the way; what happens to other names in a folder that one is missed in is not.</summary>
    private bool Drain(int news)
    {
        const int header = 16;
        const int room = 4096;
        var bytes = stackalloc byte[room];
        var heard = false;
        nint length;
        while ((length = Libc.Read(news, bytes, room)) > 0)
        {
            for (var rest = new ReadOnlySpan<byte>(bytes, (int)length); rest.Length >= header;)
            {
                var (watch, mask) = (BinaryPrimitives.ReadInt32LittleEndian(rest), BinaryPrimitives.ReadUInt32LittleEndian(rest[4..]));
                var name = rest.Slice(header, BinaryPrimitives.ReadInt32LittleEndian(rest[12..]));
                heard |= mask != Forgotten && (name.IsEmpty || (watch == _missing.Folder && IsMissing(name)));
                rest = rest[(header + name.Length)..];
            }
        }

        return heard;
    }

    private bool IsMissing(ReadOnlySpan<byte> name) => name.TrimEnd((byte)0).SequenceEqual(Encoding.UTF8.GetBytes(_missing.Name));

    private static bool IsLocal(string path)
    {
        var status = stackalloc long[32];
        return Libc.FileSystem(path, status) == 0 && Local.Contains(status[0]);
    }

    private static void Push(Stack<string> left, string path)
    {
        foreach (var name in path.Split('/').Reverse())
        {
            if (name is not ("" or "."))
                left.Push(name);
        }
    }
}
