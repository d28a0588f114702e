using System.Collections.Immutable;
using System.Text;

namespace Postern.Packets.Ring;

/// <summary>
/// Which interfaces packets are wanted from, by name. A packet says the index of its own; what that is called is asked of the kernel and
/// believed for a second, so that an interface may go, come back under another index, be renamed, or not exist yet.
/// </summary>
internal sealed class InterfaceNames
{
    /// <summary>IFNAMSIZ of linux/if.h, with the zero behind the name.</summary>
    private const int NameSize = 16;
    private const int InterfaceRequestSize = NameSize + 24;

    private const long BelievedFor = 1_000_000_000;

    /// <summary>Indexes are never used again, so a host that makes many interfaces would fill a table for nothing.</summary>
    private const int MaxRemembered = 256;

    private readonly byte[][] _names;
    private readonly Dictionary<int, (bool Wanted, long Until)> _remembered = new(MaxRemembered);

    /// <exception cref="ArgumentException">A name that no interface can have.</exception>
    public InterfaceNames(ImmutableArray<string> names)
    {
        _names = [.. names.Select(Encoding.UTF8.GetBytes)];
        for (var i = 0; i < _names.Length; i++)
        {
            if (_names[i].Length is 0 or >= NameSize)
                throw new ArgumentException($"'{names[i]}' cannot be the name of an interface: it has 1 to {NameSize - 1} bytes", nameof(names));
        }
    }

    public bool Wants(int index, int socket, long now)
    {
        if (_names.Length == 0)
            return true;
        if (_remembered.TryGetValue(index, out var known) && now < known.Until)
            return known.Wanted;

        if (_remembered.Count == MaxRemembered)
            _remembered.Clear();
        var wanted = Ask(index, socket);
        _remembered[index] = (wanted, now + BelievedFor);
        return wanted;
    }

    /// <summary>
    /// <code>
    /// struct ifreq      name 16, ends with a zero · index 4 · room for other answers 20
    /// </code>
    /// </summary>
    private unsafe bool Ask(int index, int socket)
    {
        var request = stackalloc byte[InterfaceRequestSize];
        new Span<byte>(request, InterfaceRequestSize).Clear();
        *(int*)(request + NameSize) = index;
        if (Libc.Control(socket, Libc.GetInterfaceName, request) < 0)
            return false;

        var answer = new ReadOnlySpan<byte>(request, NameSize);
        var name = answer[..answer.IndexOf((byte)0)];
        foreach (var wanted in _names)
        {
            if (name.SequenceEqual(wanted))
                return true;
        }

        return false;
    }
}
