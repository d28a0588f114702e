namespace Postern.Keys.Sodium;

/// <summary>Native code believes the sizes that it is told: a wrong one is a mistake of ours and stops here.</summary>
internal static class Sizes
{
    public static void Check(bool right)
    {
        if (!right)
            throw new InvalidOperationException("a buffer of the wrong size, or a call that cannot fail and did");
    }
}
