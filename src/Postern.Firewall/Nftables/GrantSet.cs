using Postern.Reports;

namespace Postern.Firewall.Nftables;

/// <summary>What an element of a set does for its grantee.</summary>
internal enum SetRole
{
    /// <summary>Lets him reach a port of this host.</summary>
    Grants,

    /// <summary>A map: where a port of ours leads him.</summary>
    Forwards,

    /// <summary>A map: which other port of this host a port leads him to.</summary>
    Redirects,

    /// <summary>Stands beside each element of the two maps, since a rule cannot ask a map whether something is in it.</summary>
    Forwarded,
}

/// <summary>
/// One of the sets that grants lie in: what for, of which family, and whether for one source port only. Each field of a key, and of a value that has
/// two, is padded to 4 bytes (nft's concatenation):
/// <code>
/// key         source, 4 or 16 bytes · u8 protocol · 3 zero · be16 port · 2 zero [· be16 source port · 2 zero]
/// forward     address, 4 or 16 bytes · be16 port · 2 zero
/// redirect    be16 port
/// </code>
/// </summary>
internal readonly record struct GrantSet(string Name, SetRole Role, bool IsV4, bool IsNarrow)
{
    private const int Field = 4;

    private static readonly GrantSet[] Sets =
    [
        new("grants4", SetRole.Grants, IsV4: true, IsNarrow: false),
        new("grants6", SetRole.Grants, IsV4: false, IsNarrow: false),
        new("narrow4", SetRole.Grants, IsV4: true, IsNarrow: true),
        new("narrow6", SetRole.Grants, IsV4: false, IsNarrow: true),
        new("forwards4", SetRole.Forwards, IsV4: true, IsNarrow: false),
        new("forwards6", SetRole.Forwards, IsV4: false, IsNarrow: false),
        new("narrow_forwards4", SetRole.Forwards, IsV4: true, IsNarrow: true),
        new("narrow_forwards6", SetRole.Forwards, IsV4: false, IsNarrow: true),
        new("redirects4", SetRole.Redirects, IsV4: true, IsNarrow: false),
        new("redirects6", SetRole.Redirects, IsV4: false, IsNarrow: false),
        new("narrow_redirects4", SetRole.Redirects, IsV4: true, IsNarrow: true),
        new("narrow_redirects6", SetRole.Redirects, IsV4: false, IsNarrow: true),
        new("forwarded4", SetRole.Forwarded, IsV4: true, IsNarrow: false),
        new("forwarded6", SetRole.Forwarded, IsV4: false, IsNarrow: false),
        new("narrow_forwarded4", SetRole.Forwarded, IsV4: true, IsNarrow: true),
        new("narrow_forwarded6", SetRole.Forwarded, IsV4: false, IsNarrow: true),
    ];

    private const int SetsOfRole = 4;

    /// <summary>Those that are always there.</summary>
    public static ReadOnlySpan<GrantSet> Plain => Sets.AsSpan(0, SetsOfRole);

    /// <summary>Those that are there for the sake of forwards.</summary>
    public static ReadOnlySpan<GrantSet> Forwarding => Sets.AsSpan(SetsOfRole);

    public bool IsMap => Role is SetRole.Forwards or SetRole.Redirects;

    public int SourceLength => IsV4 ? Field : Address.Size;

    public int KeyLength => SourceLength + Field + Field + (IsNarrow ? Field : 0);

    /// <summary>Of a map.</summary>
    public int ValueLength => Role == SetRole.Redirects ? sizeof(ushort) : SourceLength + Field;

    /// <summary>Where the parts behind the source lie in a key.</summary>
    public int TransportAt => SourceLength;

    public int PortAt => TransportAt + Field;

    public int SourcePortAt => PortAt + Field;

    private static readonly GrantSet[][] OfGrants = Together(SetRole.Grants);
    private static readonly GrantSet[][] OfForwards = Together(SetRole.Forwards, SetRole.Forwarded);
    private static readonly GrantSet[][] OfRedirects = Together(SetRole.Redirects, SetRole.Forwarded);

    private static GrantSet[][] Together(params SetRole[] roles) =>
        [.. Enumerable.Range(0, SetsOfRole).Select(place => Array.ConvertAll(roles, role => Sets[(SetsOfRole * (int)role) + place]))];

    /// <summary>Among the four of a role.</summary>
    private static int Place(Grantee to) => (to.SourcePort == 0 ? 0 : 2) + (to.Source.IsV4 ? 0 : 1);

    /// <summary>The sets that one grant has an element in for each of its ports. They are the same ones each time: a grant costs no memory of ours.</summary>
    public static GrantSet[] For(Grantee to, ForwardTarget? target) => (target switch
    {
        null => OfGrants,
        { IsHere: true } => OfRedirects,
        _ => OfForwards,
    })[Place(to)];
}
