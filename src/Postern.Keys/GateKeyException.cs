namespace Postern.Keys;

/// <summary>The gate's key file cannot be read or made: what is wrong, and the mend.</summary>
public sealed class GateKeyException(string message, string hint, Exception? inner = null) : Exception(message, inner)
{
    public string Hint { get; } = hint;
}
