using System.Diagnostics;

namespace Postern.Cli.Gate.Household;

/// <summary>
/// What waits for the steward's thread, in order. It bounds nothing: whoever puts much in looks at <see cref="Count"/> first. A bare monitor, since the collections
/// of the runtime spin before they sleep, and whoever spins now and then has the runtime's finalizer wake up to measure how long that takes.
/// </summary>
internal sealed class StewardInbox
{
    private readonly Queue<StewardEvent> _items = [];

    public int Count
    {
        get
        {
            lock (_items)
                return _items.Count;
        }
    }

    public void Add(StewardEvent item)
    {
        lock (_items)
        {
            _items.Enqueue(item);
            Monitor.Pulse(_items);
        }
    }

    /// <summary>Waits so many milliseconds for one, or for ever (<see cref="Timeout.Infinite"/>).</summary>
    public bool TryTake(out StewardEvent item, int milliseconds)
    {
        var start = Stopwatch.GetTimestamp();
        lock (_items)
        {
            while (!_items.TryDequeue(out item))
            {
                var left = milliseconds == Timeout.Infinite ? milliseconds : Math.Max(0, milliseconds - (int)Stopwatch.GetElapsedTime(start).TotalMilliseconds);
                if (!Monitor.Wait(_items, left))
                    return _items.TryDequeue(out item);
            }

            return true;
        }
    }
}
