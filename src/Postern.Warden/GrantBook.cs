using System.Diagnostics.CodeAnalysis;
using Postern.Reports;

namespace Postern.Warden;

/// <summary>
/// The grants in force, and which ends next. The kernel ends them by itself; the book is what people are shown. Each grant has exactly one
/// place in the queue, however often it is extended: it is put back when its old end comes up.
/// </summary>
internal sealed class GrantBook
{
    private readonly Dictionary<(string Service, Address Source), Grant> _grants = [];
    private readonly PriorityQueue<(string Service, Address Source), TimeSpan> _ends = new();

    public int Count => _grants.Count;

    public IEnumerable<Grant> All => _grants.Values;

    /// <summary>Not later than the next end; null when nothing is open.</summary>
    public TimeSpan? NextEnd => _ends.TryPeek(out _, out var end) ? end : null;

    public bool TryFind(string service, Address source, [NotNullWhen(true)] out Grant? grant) => _grants.TryGetValue((service, source), out grant);

    public void Put(Grant grant)
    {
        var key = (grant.Service, grant.Source);
        if (_grants.TryAdd(key, grant))
            _ends.Enqueue(key, grant.Until);
        else
            _grants[key] = grant;
    }

    public bool Remove(string service, Address source)
    {
        if (!_grants.Remove((service, source)))
            return false;
        _ends.Remove((service, source), out _, out _);
        return true;
    }

    public void Clear()
    {
        _grants.Clear();
        _ends.Clear();
    }

    /// <summary>Takes out the next grant that is over, if there is one.</summary>
    public bool TryTakeEnded(TimeSpan uptime, [NotNullWhen(true)] out Grant? ended)
    {
        ended = null;
        while (_ends.TryPeek(out var key, out var due) && due <= uptime)
        {
            _ends.Dequeue();
            var grant = _grants[key];
            if (grant.Until > uptime)
            {
                _ends.Enqueue(key, grant.Until);
                continue;
            }

            _grants.Remove(key);
            ended = grant;
            return true;
        }

        return false;
    }
}
