using System.Collections.Immutable;
using Postern.Packets;

namespace Postern.Sentry;

/// <summary>One bit a port; none at all where there are no ports.</summary>
internal readonly struct PortMap
{
    private readonly ulong[] _bits;

    public PortMap(ImmutableArray<FilterPorts> ports)
    {
        if (ports.IsDefaultOrEmpty)
        {
            _bits = [];
            return;
        }

        _bits = new ulong[(ushort.MaxValue + 1) / 64];
        foreach (var run in ports)
        {
            for (int port = run.First; port <= run.Last; port++)
                _bits[port >> 6] |= 1UL << port;
        }
    }

    public bool Has(ushort port) => _bits.Length != 0 && (_bits[port >> 6] >> port & 1) != 0;
}
