using System.Collections.Immutable;
using Postern.Reports;

namespace Postern.Firewall;

/// <summary>How a port that is closed to a stranger looks to him.</summary>
public enum Appearance
{
    /// <summary>Packets vanish, as on a host whose firewall drops.</summary>
    Silent,

    /// <summary>A TCP reset or an ICMP port unreachable, as where nothing listens.</summary>
    Closed,
}

public sealed record ProtectedService(string Name, ImmutableArray<PortRange> Ports, Appearance Appear)
{
    /// <summary>Where it leads; null: to this host.</summary>
    public ForwardRule? Forward { get; init; }

    /// <summary>
    /// Whether a grant of this kind could be had of it as it is now. Another port that leads to one of its own stands for as long as it owns that one.
    /// </summary>
    internal bool WouldGive(Address source, PortRange port, ForwardTarget? target) => (Forward, target) switch
    {
        (null, null) => Has(port),
        (null, { IsHere: true } here) => Has(new(port.Transport, here.Port)),
        ({ IsChosen: true } rule, { } chosen) => rule.Allows(source, chosen),
        ({ } rule, { } known) => Has(port) && rule.For(source) == known,
        _ => false,
    };

    private bool Has(PortRange port) => Ports.Any(range => range.Contains(port.Transport, port.First));
}

/// <summary>All that the firewall must hold up. <paramref name="Interfaces"/> empty: on every interface.</summary>
public sealed record Protection(ImmutableArray<ProtectedService> Services, ImmutableArray<string> Interfaces)
{
    /// <summary>Requests may choose another port for one of a service's own.</summary>
    public bool HasLocalForwards { get; init; }

    /// <summary>Packets that are to be copied to a group of nfnetlink_log; null: none.</summary>
    public KnockLog? Knocks { get; init; }

    /// <summary>The table is to have what forwards need; otherwise none can be opened.</summary>
    public bool NeedsForwards => HasLocalForwards || Services.Any(service => service.Forward is not null);
}

/// <summary>Whom a grant lets in.</summary>
/// <param name="Source">The address that he comes from.</param>
/// <param name="SourcePort">The only port that he may come from; 0: any. Another grant than one for any port.</param>
/// <param name="Holder">Whose key it was granted to, as 16 hexadecimal digits, or empty; the kernel keeps it for us and does nothing with it.</param>
public readonly record struct Grantee(Address Source, ushort SourcePort = 0, string Holder = "");

/// <summary>A grant that is to be given, as one of several.</summary>
/// <param name="Service">What it opens.</param>
/// <param name="To">Whom it lets in.</param>
/// <param name="Time">For how long from now.</param>
public readonly record struct Opening(ProtectedService Service, Grantee To, TimeSpan Time)
{
    /// <summary>Where it leads, if a request chose that.</summary>
    public PortForward? Chosen { get; init; }

    /// <summary>As far as the caller knows, the kernel holds nothing of it. That makes it quicker; it is no promise.</summary>
    public bool IsNew { get; init; }
}

/// <summary>A grant that the kernel still held when the firewall was set up, and how long it still runs.</summary>
public readonly record struct StandingGrant(string Service, Grantee To, TimeSpan Remaining)
{
    /// <summary>Where it leads, if it is a forward.</summary>
    public ForwardTarget? Forward { get; init; }

    /// <summary>What a request chose; null where the service says which ports and where to.</summary>
    public PortForward? Chosen { get; init; }

    /// <summary>The one port of the service that it is for, where it is not for all of them: what a single connection was given.</summary>
    public PortRange? Only { get; init; }
}

/// <summary>Answer to a change: done, or what the kernel said (an errno, as a positive number).</summary>
public readonly record struct FirewallResult(int Error)
{
    public bool Done => Error == 0;

    public static FirewallResult Ok => default;
}

/// <summary>The acting end: keeps services closed and lets one address through for a while. The end of a grant lives in the kernel.</summary>
public interface IFirewall : IDisposable
{
    /// <summary>
    /// Sets up or updates the protection in one transaction; grants in force stay in force where their service still exists.
    /// Returns what the kernel holds now.
    /// </summary>
    /// <exception cref="FirewallException">The kernel refused; nothing was changed.</exception>
    ImmutableArray<StandingGrant> Apply(Protection protection);

    /// <summary>Lets <paramref name="to"/> reach the service for so long from now; where he already may, time and holder are set anew, without a gap.</summary>
    FirewallResult Open(ProtectedService service, Grantee to, TimeSpan time);

    /// <summary>Ends it now, whoever holds it. An element that is already gone is no error.</summary>
    FirewallResult Close(ProtectedService service, Grantee to);

    /// <summary>
    /// Leads <paramref name="to"/> from a port of ours to where he chose, for so long from now; where that port leads him somewhere already, it is
    /// from now on to here. Whether he may choose that is not asked again, but for addresses that no forward may lead to.
    /// </summary>
    FirewallResult Open(ProtectedService service, Grantee to, PortForward chosen, TimeSpan time);

    /// <summary>Several at once, at the price of one: each as it would be by itself, and what fails keeps none of the others out.</summary>
    /// <param name="openings">What is to be opened.</param>
    /// <param name="results">What became of each.</param>
    void Open(ReadOnlySpan<Opening> openings, Span<FirewallResult> results)
    {
        for (var i = 0; i < openings.Length; i++)
        {
            var opening = openings[i];
            results[i] = opening.Chosen is { } chosen ? Open(opening.Service, opening.To, chosen, opening.Time) : Open(opening.Service, opening.To, opening.Time);
        }
    }

    /// <summary>Ends what the other <see cref="Open(ProtectedService, Grantee, PortForward, TimeSpan)"/> began.</summary>
    FirewallResult Close(ProtectedService service, Grantee to, PortForward chosen);

    /// <summary>Removes every trace of us in one transaction. The services are then as open as the host leaves them.</summary>
    void TearDown();

    /// <summary>Whether our rules stand in the kernel at this moment, and whether the host drops or answers where nothing of ours is.</summary>
    FirewallState Inspect();
}

/// <param name="InPlace">Our table is in the kernel.</param>
/// <param name="HostDrops">Another chain drops by default what comes in, so that <see cref="Appearance.Silent"/> blends in; null where it could not be told.</param>
public readonly record struct FirewallState(bool InPlace, bool? HostDrops)
{
    /// <summary>What keeps the forwards that were last set up from getting through.</summary>
    public ForwardObstacles Obstacles { get; init; }
}

/// <summary>The firewall could not be set up or taken down: what failed, and the mend.</summary>
public sealed class FirewallException(string message, string hint, bool missingPrivilege = false) : Exception(message)
{
    public string Hint { get; } = hint;

    public bool MissingPrivilege { get; } = missingPrivilege;
}
