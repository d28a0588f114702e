using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.CompilerServices;

namespace Postern.Sentry.Spa;

/// <summary>
/// SipHash-2-4 with an answer of 128 bits (Aumasson, Bernstein: "SipHash: a fast short-input PRF", 2012, and its reference code): whoever
/// does not know the key can neither foresee a hash nor find two inputs of the same.
/// </summary>
internal readonly struct SipHash(UInt128 key)
{
    private readonly ulong _key0 = (ulong)key;
    private readonly ulong _key1 = (ulong)(key >> 64);

    public UInt128 Of(ReadOnlySpan<byte> message)
    {
        var v0 = 0x736f6d6570736575UL ^ _key0;
        var v1 = 0x646f72616e646f6dUL ^ _key1 ^ 0xee;
        var v2 = 0x6c7967656e657261UL ^ _key0;
        var v3 = 0x7465646279746573UL ^ _key1;

        var rest = message;
        for (; rest.Length >= sizeof(ulong); rest = rest[sizeof(ulong)..])
            Absorb(ref v0, ref v1, ref v2, ref v3, BinaryPrimitives.ReadUInt64LittleEndian(rest));
        var last = (ulong)message.Length << 56;
        for (var i = 0; i < rest.Length; i++)
            last |= (ulong)rest[i] << (8 * i);
        Absorb(ref v0, ref v1, ref v2, ref v3, last);

        v2 ^= 0xee;
        var low = Finish(ref v0, ref v1, ref v2, ref v3);
        v1 ^= 0xdd;
        var high = Finish(ref v0, ref v1, ref v2, ref v3);
        return new(high, low);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Absorb(ref ulong v0, ref ulong v1, ref ulong v2, ref ulong v3, ulong word)
    {
        v3 ^= word;
        Round(ref v0, ref v1, ref v2, ref v3);
        Round(ref v0, ref v1, ref v2, ref v3);
        v0 ^= word;
    }

    private static ulong Finish(ref ulong v0, ref ulong v1, ref ulong v2, ref ulong v3)
    {
        for (var i = 0; i < 4; i++)
            Round(ref v0, ref v1, ref v2, ref v3);
        return v0 ^ v1 ^ v2 ^ v3;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Round(ref ulong v0, ref ulong v1, ref ulong v2, ref ulong v3)
    {
        v0 += v1;
        v2 += v3;
        v1 = BitOperations.RotateLeft(v1, 13) ^ v0;
        v3 = BitOperations.RotateLeft(v3, 16) ^ v2;
        v0 = BitOperations.RotateLeft(v0, 32);
        v2 += v1;
        v0 += v3;
        v1 = BitOperations.RotateLeft(v1, 17) ^ v2;
        v3 = BitOperations.RotateLeft(v3, 21) ^ v0;
        v2 = BitOperations.RotateLeft(v2, 32);
    }
}
