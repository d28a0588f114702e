using Postern.Reports;

namespace Postern.Firewall.Nftables;

/// <summary>
/// One of the four sets that grants lie in: of which family, and whether for one source port only. Each field of a key is padded to
/// 4 bytes (nft's concatenation):
/// <code>
/// key         source, 4 or 16 bytes · u8 protocol · 3 zero · be16 port · 2 zero [· be16 source port · 2 zero]
/// </code>
/// </summary>
internal readonly record struct GrantSet(string Name, bool IsV4, bool IsNarrow)
{
    private const int Field = 4;

    private static readonly GrantSet Grants4 = new("grants4", IsV4: true, IsNarrow: false);
    private static readonly GrantSet Grants6 = new("grants6", IsV4: false, IsNarrow: false);
    private static readonly GrantSet Narrow4 = new("narrow4", IsV4: true, IsNarrow: true);
    private static readonly GrantSet Narrow6 = new("narrow6", IsV4: false, IsNarrow: true);

    public static ReadOnlySpan<GrantSet> All => Sets;

    private static readonly GrantSet[] Sets = [Grants4, Grants6, Narrow4, Narrow6];

    public int SourceLength => IsV4 ? Field : Address.Size;

    public int KeyLength => SourceLength + Field + Field + (IsNarrow ? Field : 0);

    /// <summary>Where the parts behind the source lie in a key.</summary>
    public int TransportAt => SourceLength;

    public int PortAt => TransportAt + Field;

    public int SourcePortAt => PortAt + Field;

    public static GrantSet For(Grantee to) => to.SourcePort == 0
        ? to.Source.IsV4 ? Grants4 : Grants6
        : to.Source.IsV4 ? Narrow4 : Narrow6;
}
