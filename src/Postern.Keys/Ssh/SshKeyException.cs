namespace Postern.Keys.Ssh;

/// <summary>A key or an agent of the user's own cannot be used: what is wrong, and the mend.</summary>
public sealed class SshKeyException(string message, string hint, Exception? inner = null) : Exception(message, inner)
{
    public string Hint { get; } = hint;

    /// <summary>It makes sense to ask for the passphrase again.</summary>
    public bool WrongPassphrase { get; init; }
}
