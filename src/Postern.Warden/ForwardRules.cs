using Postern.Firewall;
using Postern.Reports;

namespace Postern.Warden;

/// <summary>Where a grant leads, and whether it may.</summary>
internal static class ForwardRules
{
    /// <param name="options">All services that there are.</param>
    /// <param name="service">The one that is asked for.</param>
    /// <param name="source">To whom it is to be granted.</param>
    /// <param name="chosen">What the request chose; null: it asks for the service's own ports.</param>
    /// <param name="target">Where the grant leads; null: to the service's ports on this host.</param>
    public static Refusal Decide(WardenOptions options, Service service, Address source, PortForward? chosen, out ForwardTarget? target)
    {
        target = chosen?.Target ?? service.Forward?.For(source);
        if (chosen is not { } choice)
            return service.Forward is { IsChosen: true } ? Refusal.ForwardMissing
                : service.Forward is not null && target is null ? Refusal.ForwardNotAllowed
                : Refusal.None;
        if (!MayChoose(options, service, source, choice))
            return Refusal.ForwardNotAllowed;

        // The kernel leads one port of one address to one place; of a fixed forward that is the configuration's.
        return options.Services.Any(other => other.Forward is { IsChosen: false } && other.Has(choice.Transport, choice.Outside)) ? Refusal.ForwardTaken : Refusal.None;
    }

    private static bool MayChoose(WardenOptions options, Service service, Address source, PortForward chosen) =>
        service.Action is null
        && (chosen.Target.IsHere
            ? options.LocalForwards && service.Forward is null && service.Has(chosen.Transport, chosen.Target.Port)
            : service.Forward is { } rule && rule.Allows(source, chosen.Target));

    /// <summary>Nobody turns aside what another's key, or another service, leads somewhere from the same address.</summary>
    public static bool IsTaken(Grant held, Service service, Grantee to, PortForward chosen) =>
        !string.Equals(held.Service, service.Name, StringComparison.Ordinal)
        || (held.Forward != chosen.Target && !string.Equals(held.Holder, to.Holder, StringComparison.Ordinal));
}
