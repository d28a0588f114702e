using Postern.Reports;

namespace Postern.Warden;

public enum AuditEvent
{
    /// <summary>A grant that was not there before.</summary>
    Opened,

    /// <summary>A grant in force, running anew.</summary>
    Extended,

    /// <summary>Ended by its holder's close knock.</summary>
    Closed,

    /// <summary>Ended by an operator, or because its holder's key may no longer have it.</summary>
    Revoked,

    /// <summary>Its time was over.</summary>
    Ended,

    /// <summary>Found in the kernel at start or reload, and kept.</summary>
    Kept,

    /// <summary>Someone asked who knew how to, and did not get it.</summary>
    Refused,

    /// <summary>The command of an action ended well.</summary>
    Ran,

    /// <summary>The undo of an action has ended; the detail says how, if it was not well.</summary>
    Undone,

    /// <summary>The command of an action ended otherwise, or could not be started; the detail says how. If it can be undone, it is.</summary>
    Failed,
}

/// <summary>One attempt that meant something, or one change of a grant.</summary>
/// <param name="What">What happened.</param>
/// <param name="Knock">The door's name; empty where no sequence was the cause.</param>
/// <param name="Service">The service's name; empty where a knock was refused as a whole, and not on account of one service.</param>
/// <param name="Source">Who; of a signed request, the address that it is to be granted to.</param>
/// <param name="Until">When the grant ends, in the words of the wall clock; null where none is in force.</param>
/// <param name="Refusal">Why not.</param>
/// <param name="Detail">What the kernel answered, where it is to blame; of an action, how it ended.</param>
public readonly record struct AuditEntry(
    AuditEvent What, string Knock, string Service, Address Source, DateTimeOffset? Until, Refusal Refusal, string? Detail = null)
{
    /// <summary>The only port that the grant is for; 0: any.</summary>
    public ushort SourcePort { get; init; }

    /// <summary>Where the grant leads, or was to lead; null: to this host.</summary>
    public ForwardTarget? Forward { get; init; }

    /// <summary>The port that the request chose; null where the service says which.</summary>
    public PortRange? Port { get; init; }

    /// <summary>Whose key asked, or holds the grant; null where none did.</summary>
    public Requester? By { get; init; }

    /// <summary>Whose stack the packet looked like that asked.</summary>
    public ClientStack Stack { get; init; }

    /// <summary>What rode along with the knock, for the command of an action; empty: nothing.</summary>
    public string Data { get; init; } = "";

    /// <summary>How long was asked for, where that was more than may be had.</summary>
    public TimeSpan? Capped { get; init; }
}

/// <summary>Who sent a signed request, or a packet of fwknop.</summary>
/// <param name="Name">Of the identity; empty where its key is unknown, or where the request was not shown to be its own.</param>
/// <param name="Hint">Of the key, as 16 hexadecimal digits; so it is also found where the name is empty. Empty where it was no signed request.</param>
/// <param name="Device">Which of the key's devices; 0 where that is not said, or not known.</param>
public sealed record Requester(string Name, string Hint, uint Device)
{
    /// <summary>The client's clock less the gate's, where that is why it was refused: negative where the client is behind.</summary>
    public TimeSpan? ClockOff { get; init; }

    /// <summary>Where the packet came from, if not from the address that the grant is for; otherwise none.</summary>
    public Address Packet { get; init; }

    /// <summary>What a packet of fwknop calls its user; empty: it was none.</summary>
    public string User { get; init; } = "";
}

/// <summary>Where the audit lines go.</summary>
public interface IAudit
{
    void Write(in AuditEntry entry);
}
