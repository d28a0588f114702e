using Postern.Keys;

namespace Postern.Cli.Gate;

/// <summary>
/// Notices that the file of keys changed. The kernel tells it at once of the folder that the file is in (editors put a new file in the place
/// of the old); what it does not tell, a link that leads elsewhere or a folder that is itself replaced, is seen by looking every five seconds.
/// </summary>
internal sealed class KeysWatch : IDisposable
{
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(5);

    private readonly string _path;
    private readonly Action _changed;
    private readonly FileSystemWatcher _watch;
    private readonly ManualResetEvent _ended = new(initialState: false);
    private FileFacts? _seen;

    public KeysWatch(string path, Action changed)
    {
        (_path, _changed, _seen) = (path, changed, FileFacts.Of(path));
        _watch = new(Path.GetDirectoryName(path)!, Path.GetFileName(path));
        _watch.Changed += (_, _) => _changed();
        _watch.Created += (_, _) => _changed();
        _watch.Deleted += (_, _) => _changed();
        _watch.Renamed += (_, _) => _changed();
        _watch.Error += (_, _) => _changed();
        _watch.EnableRaisingEvents = true;
        // A thread of its own: a timer wakes three of the pool's each time, and the pool's own clock.
        new Thread(LookAgain) { Name = "keys file", IsBackground = true }.Start();
    }

    public void Dispose()
    {
        _ended.Set();
        _watch.Dispose();
    }

    private void LookAgain()
    {
        using (_ended)
        {
            while (!_ended.WaitOne(Look))
                Compare();
        }
    }

    private void Compare()
    {
        var facts = FileFacts.Of(_path);
        if (facts == _seen)
            return;
        _seen = facts;
        _changed();
    }
}
