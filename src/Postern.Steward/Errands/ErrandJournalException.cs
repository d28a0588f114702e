namespace Postern.Steward.Errands;

/// <summary>The journal cannot be used: what failed, and the mend.</summary>
public sealed class ErrandJournalException(string message, string hint, Exception? inner = null) : Exception(message, inner)
{
    public string Hint { get; } = hint;
}
