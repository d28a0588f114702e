using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;

namespace Postern.Client;

public enum AddressChoice
{
    /// <summary>Both, where the host has both.</summary>
    Both,
    IPv4,
    IPv6,
}

/// <summary>From what the user calls the host to what is knocked at: at most one address of each family, because a grant is for the address it came from.</summary>
public static class HostAddresses
{
    /// <summary>A literal address is taken as it is (<c>fe80::1%eth0</c> too); a name is asked for all its addresses and the first of each family is taken.</summary>
    /// <exception cref="KnockException"><see cref="KnockFault.HostUnknown"/></exception>
    public static async Task<ImmutableArray<IPAddress>> ResolveAsync(string host, AddressChoice choice, CancellationToken cancellation)
    {
        ArgumentException.ThrowIfNullOrEmpty(host);
        var all = IPAddress.TryParse(host, out var literal) ? [literal] : await AskAsync(host, cancellation);
        if (literal is not null && !IsWhole(host, literal))
            throw new KnockException(KnockFault.HostUnknown, $"'{host}' is no whole address", $"did you mean {literal}?");
        var chosen = Choose(all, choice);
        return chosen.IsEmpty ? throw NoneOf(host, choice) : chosen;
    }

    /// <summary>The first of each family that is wanted, in the order in which the resolver prefers them.</summary>
    internal static ImmutableArray<IPAddress> Choose(IEnumerable<IPAddress> all, AddressChoice choice) =>
    [
        .. all.Select(a => a.IsIPv4MappedToIPv6 ? a.MapToIPv4() : a)
            .Where(a => choice switch
            {
                AddressChoice.IPv4 => a.AddressFamily == AddressFamily.InterNetwork,
                AddressChoice.IPv6 => a.AddressFamily == AddressFamily.InterNetworkV6,
                _ => a.AddressFamily is AddressFamily.InterNetwork or AddressFamily.InterNetworkV6,
            })
            .DistinctBy(a => a.AddressFamily),
    ];

    /// <summary>"1" and "10.1" are addresses to the parser only; whoever types them has left something out, and would knock at a stranger.</summary>
    private static bool IsWhole(string host, IPAddress literal) => literal.AddressFamily == AddressFamily.InterNetworkV6 || host.Count(c => c == '.') == 3;

    private static async Task<IPAddress[]> AskAsync(string host, CancellationToken cancellation)
    {
        try
        {
            return await Dns.GetHostAddressesAsync(host, cancellation);
        }
        catch (Exception e) when (e is SocketException or ArgumentException)
        {
            throw new KnockException(KnockFault.HostUnknown, $"the host '{host}' was not found", "check the spelling, or give its address", e);
        }
    }

    private static KnockException NoneOf(string host, AddressChoice choice)
    {
        var (missing, other) = choice == AddressChoice.IPv4 ? ("IPv4", "-6") : ("IPv6", "-4");
        return new(KnockFault.HostUnknown, $"the host '{host}' has no {missing} address", $"knock with {other}, or without either");
    }
}
