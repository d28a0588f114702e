using System.Collections.Immutable;
using System.Net;
using Postern.Reports;

namespace Postern.Warden;

/// <summary>Whether an address may be granted anything now. Cheapest first; the deny list has the last word.</summary>
internal static class PolicyRules
{
    public static Refusal Decide(this Policy policy, Address source, DateTimeOffset local)
    {
        if (!IsUsable(source))
            return Refusal.UnusableAddress;
        var address = source.ToIPAddress();
        if (Holds(policy.Deny, address))
            return Refusal.AddressDenied;
        if (!policy.Allow.IsEmpty && !Holds(policy.Allow, address))
            return Refusal.AddressNotAllowed;
        return policy.Hours.IsEmpty || policy.Hours.Any(h => h.Contains(local)) ? Refusal.None : Refusal.OutsideHours;
    }

    private static bool Holds(ImmutableArray<IPNetwork> networks, IPAddress address) => networks.Any(n => n.Contains(address));

    /// <summary>No honest packet comes from these (RFC 1122 §3.2.1.3, RFC 4291 §2.5–2.7), so no element of the firewall is spent on them.</summary>
    public static bool IsUsable(Address source)
    {
        if (!source.IsV4)
            return source.Value > 1 && source.Value >> 120 != 0xff && source.Value >> 32 != 0;
        var v4 = (uint)source.Value;
        return v4 >> 24 is not (0 or 127) && v4 >> 28 < 0xe;
    }
}
