namespace Postern.Fuzz.Engine;

/// <summary>Gives the bytes to one parser, between <see cref="Spent.Begin"/> and <see cref="Spent.End"/>, and asks the oracle. Throws for a finding and for nothing else.</summary>
public delegate void Attempt(ReadOnlySpan<byte> input);

/// <summary>One parser, and what must hold of it.</summary>
/// <param name="Name">Of its folder in the corpus, too.</param>
/// <param name="Try">One input.</param>
public sealed record Target(string Name, Attempt Try)
{
    /// <summary>Beyond that nothing new happens.</summary>
    public int MaxLength { get; init; } = 4096;

    /// <summary>Bytes on the heap that the parser may take whatever it is given, and for each byte that it is given.</summary>
    public (long Base, long PerByte) Memory { get; init; }

    /// <summary>How many inputs ./test tries beside the corpus; fewer where one takes long.</summary>
    public int Smoke { get; init; } = 2000;

    public override string ToString() => Name;
}
