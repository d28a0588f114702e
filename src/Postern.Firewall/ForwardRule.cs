using System.Collections.Immutable;
using System.Net;
using Postern.Reports;

namespace Postern.Firewall;

/// <summary>Targets that a request may choose from. <paramref name="Port"/> 0: any port.</summary>
public readonly record struct ForwardNetwork(IPNetwork Network, ushort Port)
{
    public bool Contains(ForwardTarget target) => (Port == 0 || Port == target.Port) && Network.Contains(target.To.ToIPAddress());
}

/// <summary>
/// Where a service leads those who hold a grant for it, by DNAT. Either to fixed targets, one of each family at most, from the ports that
/// the service has; or, where the service has no ports, to a target and from a port that the request chooses.
/// </summary>
public sealed record ForwardRule
{
    public ImmutableArray<ForwardTarget> Fixed { get; init; } = [];

    public ImmutableArray<ForwardNetwork> Within { get; init; } = [];

    /// <summary>The forwarded connection comes from this host's own address, for targets whose way back does not lead through it.</summary>
    public bool Masquerade { get; init; }

    public bool IsChosen => !Within.IsEmpty;

    /// <summary>Where the service leads this address; null where it has no target of its family. NAT does not change the family.</summary>
    public ForwardTarget? For(Address source)
    {
        foreach (var target in Fixed)
        {
            if (target.To.IsV4 == source.IsV4)
                return target;
        }

        return null;
    }

    /// <summary>A request of this address may choose it.</summary>
    public bool Allows(Address source, ForwardTarget target) =>
        source.IsV4 == target.To.IsV4 && IsReachable(target.To) && Within.Any(network => network.Contains(target));

    /// <summary>
    /// Never: unspecified, loopback, link-local (where clouds keep their keys: 169.254.169.254), multicast and reserved addresses. Addresses of this
    /// host are told by the kernel, when a packet would go there.
    /// </summary>
    public static bool IsReachable(Address to)
    {
        if (!to.IsV4)
            return to.Value >> 32 != 0 && to.Value >> 120 != 0xff && to.Value >> 118 != 0x3fa;
        var v4 = (uint)to.Value;
        return v4 >> 24 is not (0 or 127) && v4 >> 16 != 0xa9fe && v4 >> 28 < 0xe;
    }
}
