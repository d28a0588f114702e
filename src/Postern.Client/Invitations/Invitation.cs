using System.Collections.Immutable;
using Postern.Client.Spa;
using Postern.Keys;

namespace Postern.Client.Invitations;

/// <summary>
/// What a client needs in order to knock at a gate, in one line (spec/spa.md §10). It holds the gate secret: show it to the one who is
/// invited, and to nobody else. Read by <see cref="InvitationReader"/>, written by <see cref="InvitationWriter"/>.
/// </summary>
public sealed class Invitation : IDisposable
{
    public const int MaxLength = 2048;

    /// <exception cref="ArgumentException">No reader would take it.</exception>
    public Invitation(string host, string name, BoxPublicKey gateKey, GateSecret secret)
    {
        if (InvitationHost.Check(host) is null)
            throw new ArgumentException($"'{host}' is not a host as an invitation has it: a name in lower case, or an address without its zone", nameof(host));
        if (!Reports.Spa.ServiceName.IsValid(name))
            throw new ArgumentException($"'{name}' cannot be the name of a gate", nameof(name));
        (Host, Name, GateKey, Secret) = (host, name, gateKey, secret);
    }

    /// <summary>A name in lower case, or an address; IPv6 without brackets.</summary>
    public string Host { get; }

    /// <summary>What the gate calls itself.</summary>
    public string Name { get; }

    public BoxPublicKey GateKey { get; }

    /// <summary>Owned: gone with the invitation.</summary>
    public GateSecret Secret { get; }

    /// <summary>1 to 8, the preferred one first, none twice.</summary>
    public ImmutableArray<Carrier> Carriers { get; init; } = [Carrier.Usual];

    /// <summary>At most 8, none twice: what is asked for where the user names nothing.</summary>
    public ImmutableArray<string> Services { get; init; } = [];

    /// <summary>The TCP port at which one of <see cref="Services"/> can be seen to open, where it has one.</summary>
    public ImmutableSortedDictionary<string, ushort> Ports { get; init; } = ImmutableSortedDictionary<string, ushort>.Empty;

    /// <summary>The gate sends receipts.</summary>
    public bool Receipts { get; init; }

    /// <summary>White space around it is passed over. The caller disposes of what is read.</summary>
    public static InvitationFault TryParse(ReadOnlySpan<char> text, out Invitation? invitation) => InvitationReader.Read(text.Trim(), out invitation);

    /// <summary>The line, secret and all.</summary>
    public string Write() => InvitationWriter.Write(this);

    /// <summary>Not the line, which is a secret and would end up in a log.</summary>
    public override string ToString() => $"an invitation to {Name}";

    public void Dispose() => Secret.Dispose();
}
