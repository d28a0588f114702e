using Postern.Keys;

namespace Postern.Cli.Gate;

/// <summary>
/// Notices that the file of keys changed. The kernel tells it at once of the folder that the file is in (editors put a new file in the place
/// of the old); what it does not tell, a link that leads elsewhere or a folder that is itself replaced, is seen by looking every two seconds.
/// </summary>
internal sealed class KeysWatch : IDisposable
{
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(2);

    private readonly string _path;
    private readonly Action _changed;
    private readonly FileSystemWatcher _watch;
    private readonly Timer _timer;
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
        _timer = new(_ => Compare(), null, Look, Look);
    }

    public void Dispose()
    {
        _timer.Dispose();
        _watch.Dispose();
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
