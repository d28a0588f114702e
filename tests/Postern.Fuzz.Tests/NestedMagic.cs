namespace Postern.Fuzz.Tests;

/// <summary>A parser with a fault behind four bytes that must all be right: one in 4 294 967 296 by chance, and four steps for who sees how far he got.</summary>
public static class NestedMagic
{
    public static void Read(ReadOnlySpan<byte> input)
    {
        if (input.Length < 8 || input[3] != 'P')
            return;
        if (input[4] != 0xc5)
            return;
        if (input[5] != 'x')
            return;
        if (input[6] == 0x17)
            throw new InvalidOperationException("found");
    }
}
