using System.Collections.Immutable;
using System.Net;
using Postern.Firewall;
using Postern.Reports;
using Postern.Warden.Ledger;

namespace Postern.Warden;

/// <summary>What is protected, and how a grant to it behaves.</summary>
public sealed record Service(string Name, ImmutableArray<PortRange> Ports)
{
    /// <summary>The window to connect in; connections made in it live on.</summary>
    public TimeSpan OpenFor { get; init; } = TimeSpan.FromSeconds(30);

    public Appearance Appear { get; init; } = Appearance.Silent;

    /// <summary>What is run instead of opening ports; null: it has ports, or leads on.</summary>
    public ServiceAction? Action { get; init; }

    /// <summary>Where it leads; null: to this host.</summary>
    public ForwardRule? Forward { get; init; }

    internal bool Has(Transport transport, ushort port) => Ports.Any(range => range.Contains(transport, port));

    /// <summary>The port as one of several; null where it is all that there is.</summary>
    internal PortRange? OneOf(Transport transport, ushort port) => Ports.All(range => range.Count == 1 && range.Contains(transport, port)) ? null : new(transport, port);
}

/// <summary>An action as the warden knows it: not what is run, only which.</summary>
/// <param name="Fingerprint">Of its definition, as the steward reads it.</param>
/// <param name="HasUndo">There is something to undo later, and so a grant; otherwise it is run and that is all.</param>
public sealed record ServiceAction(UInt128 Fingerprint, bool HasUndo)
{
    /// <summary>It is run with what rides along with a knock, and not without.</summary>
    public bool TakesData { get; init; }
}

/// <summary>What a completed knock does. Its place in <see cref="WardenOptions.Doors"/> is the door number that reports speak of.</summary>
public sealed record Door(string Name, ImmutableArray<string> Opens, ImmutableArray<string> Closes)
{
    /// <summary>Null: the knock is good as often as it comes.</summary>
    public OneTimeUse? OneTime { get; init; }

    /// <summary>Only where the packet that completes it looks as if it came from one of these; empty: from any, and from none that we know.</summary>
    public ImmutableArray<ClientStack> Stacks { get; init; } = [];
}

/// <summary>That a knock is good once.</summary>
/// <param name="Digest">By which the ledger knows it.</param>
/// <param name="InTurn">And not before all those of the same name that stand before it.</param>
public sealed record OneTimeUse(KeyFingerprint Digest, bool InTurn);

/// <summary>Who may come in at all, and when, whatever he knows.</summary>
public sealed record Policy
{
    public static Policy Open => new();

    /// <summary>Only these may knock; empty: everyone.</summary>
    public ImmutableArray<IPNetwork> Allow { get; init; } = [];

    /// <summary>These may not, whatever <see cref="Allow"/> says.</summary>
    public ImmutableArray<IPNetwork> Deny { get; init; } = [];

    /// <summary>Only then; empty: always.</summary>
    public ImmutableArray<WeeklyHours> Hours { get; init; } = [];
}

public sealed record WardenOptions(ImmutableArray<Service> Services, ImmutableArray<Door> Doors)
{
    public Policy Policy { get; init; } = Policy.Open;

    /// <summary>Grants in force at once, of all clients together.</summary>
    public int MaxGrants { get; init; } = 131_072;

    /// <summary>A request may choose another port for one of a service's own; the firewall must have been told so.</summary>
    public bool LocalForwards { get; init; }

    /// <summary>Who may ask by a signed request; null: nobody.</summary>
    public SpaOptions? Spa { get; init; }

    /// <summary>Who may ask by a packet of fwknop. Their places are the door numbers of such reports.</summary>
    public ImmutableArray<FwknopStanza> Fwknop { get; init; } = [];

    /// <summary>Who may ask by a token. Their places are the door numbers of such reports.</summary>
    public ImmutableArray<TokenKnock> Tokens { get; init; } = [];
}
