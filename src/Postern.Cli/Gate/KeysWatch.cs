using Postern.Confinement;
using Postern.Keys;

namespace Postern.Cli.Gate;

/// <summary>
/// Notices that the file of keys changed. The kernel tells it at once, also where a link leads elsewhere or a folder on the way was replaced. What the kernel does not
/// tell, such as what is mounted over it, is seen by looking: seldom, and every five seconds where it cannot tell of all.
/// </summary>
internal sealed class KeysWatch : IDisposable
{
    private static readonly TimeSpan Seldom = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Often = TimeSpan.FromSeconds(5);

    private readonly string _path;
    private readonly Action _changed;
    private readonly PathWatch _watch;

    public KeysWatch(string path, Action changed)
    {
        (_path, _changed, _watch) = (Path.GetFullPath(path), changed, new(Path.GetFullPath(path)));
        var whole = _watch.Arm();
        var seen = FileFacts.Of(_path);
        // A thread of its own: a timer wakes three of the pool's each time, and the pool's own clock.
        new Thread(() => Follow(whole, seen)) { Name = "keys file", IsBackground = true }.Start();
    }

    public void Dispose() => _watch.Stop();

    private void Follow(bool whole, FileFacts? seen)
    {
        using (_watch)
        {
            while (!_watch.IsStopped)
            {
                var heard = _watch.Wait(whole ? Seldom : Often);
                whole = _watch.Arm();
                var facts = FileFacts.Of(_path);
                if (!_watch.IsStopped && (heard || facts != seen))
                    _changed();
                seen = facts;
            }
        }
    }
}
