using System.Collections.Immutable;
using Postern.Client.Invitations;
using Postern.Client.Spa;
using Postern.Keys;
using Postern.Reports;

namespace Postern.Cli.Profiles;

/// <summary>A gate that knows this user's key: what the invitation said, and what he chose himself.</summary>
internal sealed record SpaProfile(string Name, string Host, BoxPublicKey GateKey, GateSecret Secret) : Profile(Name, Host)
{
    /// <summary>The preferred one first.</summary>
    public ImmutableArray<Carrier> Carriers { get; init; } = [Carrier.Usual];

    /// <summary>As <see cref="SignerFinder.Find"/> reads it; null: the usual one.</summary>
    public string? Key { get; init; }

    /// <summary>The gate sends receipts.</summary>
    public bool Receipts { get; init; }

    public override string Asks => string.Join(", ", Services);

    /// <summary>The secret is the profile's from now on.</summary>
    public static SpaProfile From(Invitation invitation, string name, string? key) => new(name, invitation.Host, invitation.GateKey, invitation.Secret)
    {
        Carriers = invitation.Carriers,
        Services = invitation.Services,
        Ports = invitation.Ports.ToImmutableSortedDictionary(p => p.Key, p => ImmutableArray.Create(new PortRange(Transport.Tcp, p.Value)), StringComparer.Ordinal),
        Key = key,
        Receipts = invitation.Receipts,
    };

    public override void Dispose() => Secret.Dispose();
}
