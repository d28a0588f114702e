namespace Postern.Confinement;

/// <summary>A wall could not be put up: which, and the mend.</summary>
public sealed class ConfinementException(string message, string hint) : Exception(message)
{
    public string Hint { get; } = hint;
}
