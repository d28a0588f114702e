using System.Collections.Immutable;
using Postern.Client.Invitations;
using Postern.Client.Spa;
using Postern.Keys;
using Postern.Reports;

namespace Postern.Cli.Profiles;

/// <summary>How this user knocks at one gate: what the invitation said, and what he chose himself.</summary>
internal sealed record Profile(string Name, string Host, BoxPublicKey GateKey, GateSecret Secret) : IDisposable
{
    private const int MaxName = 64;

    /// <summary>The preferred one first.</summary>
    public ImmutableArray<Carrier> Carriers { get; init; } = [Carrier.Usual];

    /// <summary>Asked for where none is named.</summary>
    public ImmutableArray<string> Services { get; init; } = [];

    /// <summary>Where a service can be seen to open.</summary>
    public ImmutableSortedDictionary<string, ImmutableArray<PortRange>> Ports { get; init; } = ImmutableSortedDictionary<string, ImmutableArray<PortRange>>.Empty;

    /// <summary>As <see cref="SignerFinder.Find"/> reads it; null: the usual one.</summary>
    public string? Key { get; init; }

    public AddressSetting Address { get; init; } = AddressSetting.Auto;

    /// <summary>The gate sends receipts.</summary>
    public bool Receipts { get; init; }

    /// <summary>The name of a file as well, so no slash; letters in lower case only, because not every file system knows the difference.</summary>
    public static bool IsName(string text) =>
        text.Length is > 0 and <= MaxName && (char.IsAsciiLetterLower(text[0]) || char.IsAsciiDigit(text[0]))
        && text.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c is '-' or '_' or '.');

    /// <summary>The secret is the profile's from now on.</summary>
    public static Profile From(Invitation invitation, string name, string? key) => new(name, invitation.Host, invitation.GateKey, invitation.Secret)
    {
        Carriers = invitation.Carriers,
        Services = invitation.Services,
        Ports = invitation.Ports.ToImmutableSortedDictionary(p => p.Key, p => ImmutableArray.Create(new PortRange(Transport.Tcp, p.Value)), StringComparer.Ordinal),
        Key = key,
        Receipts = invitation.Receipts,
    };

    public void Dispose() => Secret.Dispose();
}
