namespace Postern.Fuzz.Engine;

/// <summary>SplitMix64 (Steele, Lea, Flood 2014): the same numbers for the same seed, on every machine and runtime.</summary>
public sealed class Chance(ulong seed)
{
    private ulong _state = seed;

    public ulong Next()
    {
        var z = _state += 0x9e3779b97f4a7c15;
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
        z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
        return z ^ (z >> 31);
    }

    /// <summary>From 0 up to <paramref name="bound"/> less 1; 0 where that is none.</summary>
    public int Below(int bound) => bound <= 0 ? 0 : (int)((UInt128)Next() * (uint)bound >> 64);

    public byte Byte() => (byte)Next();

    public T Of<T>(IReadOnlyList<T> items) => items[Below(items.Count)];
}
