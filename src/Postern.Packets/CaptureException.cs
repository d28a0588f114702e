namespace Postern.Packets;

/// <summary>Packets cannot be captured on this machine as it is set up: what does not work, what to do about it, and whether a privilege is all that is missing.</summary>
public sealed class CaptureException(string message, string hint, bool missingPrivilege) : Exception(message)
{
    public string Hint { get; } = hint;

    public bool MissingPrivilege { get; } = missingPrivilege;
}
