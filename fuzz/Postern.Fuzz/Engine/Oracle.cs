namespace Postern.Fuzz.Engine;

/// <summary>What must hold of whatever a parser took.</summary>
public static class Oracle
{
    public static void That(bool holds, string what)
    {
        if (!holds)
            throw new OracleException(what);
    }

    public static void Same(ReadOnlySpan<byte> expected, ReadOnlySpan<byte> found, string what)
    {
        if (!expected.SequenceEqual(found))
            throw new OracleException($"{what}: {Convert.ToHexString(found)}");
    }

    public static void Same(string expected, string found, string what)
    {
        if (!string.Equals(expected, found, StringComparison.Ordinal))
            throw new OracleException($"{what}: '{found}' for '{expected}'");
    }
}

public sealed class OracleException(string message) : Exception(message);
