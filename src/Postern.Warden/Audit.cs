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

    /// <summary>Ended by an operator.</summary>
    Revoked,

    /// <summary>Its time was over.</summary>
    Ended,

    /// <summary>Found in the kernel at start or reload, and kept.</summary>
    Kept,

    /// <summary>Someone asked who knew how to, and did not get it.</summary>
    Refused,
}

/// <summary>One attempt that meant something, or one change of a grant.</summary>
/// <param name="What">What happened.</param>
/// <param name="Knock">The door's name; empty where no knock was the cause.</param>
/// <param name="Service">The service's name; empty where a knock was refused as a whole.</param>
/// <param name="Source">Who.</param>
/// <param name="Until">When the grant ends, in the words of the wall clock; null where none is in force.</param>
/// <param name="Refusal">Why not.</param>
/// <param name="Detail">What the kernel answered, where it is to blame.</param>
public readonly record struct AuditEntry(
    AuditEvent What, string Knock, string Service, Address Source, DateTimeOffset? Until, Refusal Refusal, string? Detail = null);

/// <summary>Where the audit lines go.</summary>
public interface IAudit
{
    void Write(in AuditEntry entry);
}
