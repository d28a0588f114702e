namespace Postern.Warden.Ledger;

/// <summary>The ledger cannot be used as it is: what is wrong, and the way out.</summary>
public sealed class LedgerException(string message, string hint, Exception? inner = null) : Exception(message, inner)
{
    public string Hint { get; } = hint;
}
