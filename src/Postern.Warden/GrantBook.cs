using System.Diagnostics.CodeAnalysis;
using Postern.Firewall;
using Postern.Reports;

namespace Postern.Warden;

/// <summary>
/// What makes a grant another than the next. Of a forward that the request chose it is the port, and not the service: one port of one address leads to one
/// place. Of a flow it is the port too: one source port may connect to two.
/// </summary>
internal readonly record struct GrantKey(string Service, Address Source, ushort SourcePort)
{
    public PortRange? Outside { get; init; }

    public static GrantKey OfChosen(PortForward chosen, Grantee to) => new("", to.Source, to.SourcePort) { Outside = chosen.Port };
}

/// <summary>
/// The grants in force, and which ends next. The kernel ends them by itself; the book is what people are shown. Each grant has exactly one
/// place in the queue, however often it is extended: it is put back when its old end comes up.
/// </summary>
internal sealed class GrantBook
{
    private readonly Dictionary<GrantKey, Grant> _grants = [];
    private readonly PriorityQueue<GrantKey, TimeSpan> _ends = new();

    public int Count => _grants.Count;

    public IEnumerable<Grant> All => _grants.Values;

    /// <summary>Not later than the next end; null when nothing is open.</summary>
    public TimeSpan? NextEnd => _ends.TryPeek(out _, out var end) ? end : null;

    public bool TryFind(GrantKey key, [NotNullWhen(true)] out Grant? grant) => _grants.TryGetValue(key, out grant);

    /// <summary>Those of one address to one service: for any source port and for single ones.</summary>
    public Grant[] Of(string service, Address source) =>
        [.. _grants.Values.Where(g => g.Source == source && string.Equals(g.Service, service, StringComparison.Ordinal))];

    public void Put(Grant grant)
    {
        var key = KeyOf(grant);
        if (_grants.TryAdd(key, grant))
            _ends.Enqueue(key, grant.Until);
        else
            _grants[key] = grant;
    }

    public void Remove(Grant grant)
    {
        if (_grants.Remove(KeyOf(grant)))
            _ends.Remove(KeyOf(grant), out _, out _);
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

    public static GrantKey KeyOf(Grant grant) => grant.Chosen is { } chosen
        ? GrantKey.OfChosen(chosen, new(grant.Source, grant.SourcePort))
        : new(grant.Service, grant.Source, grant.SourcePort) { Outside = grant.Only };
}
