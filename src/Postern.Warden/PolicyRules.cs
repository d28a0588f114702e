using System.Collections.Immutable;
using System.Net;
using Postern.Reports;

namespace Postern.Warden;

/// <summary>Whether an address may be granted anything now. Cheapest first; the deny list has the last word.</summary>
internal static class PolicyRules
{
    /// <param name="policy">The gate's.</param>
    /// <param name="to">Who would be let in.</param>
    /// <param name="packet">Where the packet came from: whoever is denied does not ask for others either.</param>
    /// <param name="local">Now, in the gate's local time.</param>
    public static Refusal Decide(this Policy policy, Address to, Address packet, DateTimeOffset local)
    {
        if (!IsUsable(to))
            return Refusal.UnusableAddress;
        if (!policy.Deny.IsEmpty && (policy.Deny.Holds(to.ToIPAddress()) || (packet != to && policy.Deny.Holds(packet.ToIPAddress()))))
            return Refusal.AddressDenied;
        if (!policy.Allow.IsEmpty && !policy.Allow.Holds(to.ToIPAddress()))
            return Refusal.AddressNotAllowed;
        return policy.Hours.HasCome(local) ? Refusal.None : Refusal.OutsideHours;
    }

    public static bool Holds(this ImmutableArray<IPNetwork> networks, IPAddress address) => networks.Any(n => n.Contains(address));

    /// <summary>No hours at all are all hours.</summary>
    public static bool HasCome(this ImmutableArray<WeeklyHours> hours, DateTimeOffset local) => hours.IsEmpty || hours.Any(h => h.Contains(local));

    /// <summary>Where none is asked for, any will do.</summary>
    public static bool Admits(this ImmutableArray<ClientStack> stacks, ClientStack seen) => stacks.IsEmpty || stacks.Contains(seen);

    /// <summary>No honest packet comes from these (RFC 1122 §3.2.1.3, RFC 4291 §2.5–2.7), so no element of the firewall is spent on them.</summary>
    public static bool IsUsable(Address source)
    {
        if (!source.IsV4)
            return source.Value > 1 && source.Value >> 120 != 0xff && source.Value >> 32 != 0;
        var v4 = (uint)source.Value;
        return v4 >> 24 is not (0 or 127) && v4 >> 28 < 0xe;
    }
}
