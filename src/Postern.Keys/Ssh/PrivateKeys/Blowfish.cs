using System.Buffers.Binary;

namespace Postern.Keys.Ssh.PrivateKeys;

/// <summary>
/// Blowfish (Schneier 1993) as bcrypt uses it: only its key schedule, with and without a salt (Provos and Mazières 1999, §4), and the encryption
/// of one block.
/// </summary>
internal sealed class Blowfish : IDisposable
{
    private const int Rounds = 16;
    private const int BoxSize = 256;

    private static readonly Lazy<uint[]> Pi = new(static () => PiDigits.Words(Rounds + 2 + (4 * BoxSize)));

    // Made of the passphrase: in one place in memory, and zeroed.
    private readonly uint[] _subkeys = GC.AllocateArray<uint>(Rounds + 2, pinned: true);
    private readonly uint[] _boxes = GC.AllocateArray<uint>(4 * BoxSize, pinned: true);

    /// <summary>To the digits of π.</summary>
    public void Reset()
    {
        Pi.Value.AsSpan(0, _subkeys.Length).CopyTo(_subkeys);
        Pi.Value.AsSpan(_subkeys.Length).CopyTo(_boxes);
    }

    /// <summary>Mixes a key into the state, and with it the salt; an empty salt is bcrypt's schedule without one. Whole words, both.</summary>
    public void Expand(ReadOnlySpan<byte> key, ReadOnlySpan<byte> salt = default)
    {
        for (int i = 0, at = 0; i < _subkeys.Length; i++)
            _subkeys[i] ^= Next(key, ref at);
        var block = (Left: 0u, Right: 0u);
        var saltAt = 0;
        Replace(_subkeys, salt, ref saltAt, ref block);
        Replace(_boxes, salt, ref saltAt, ref block);
    }

    public (uint Left, uint Right) Encrypt(uint left, uint right)
    {
        var keys = _subkeys;
        for (var i = 0; i < Rounds; i += 2)
        {
            left ^= keys[i];
            right ^= Mix(left) ^ keys[i + 1];
            left ^= Mix(right);
        }

        return (right ^ keys[Rounds + 1], left ^ keys[Rounds]);
    }

    public void Dispose()
    {
        Array.Clear(_subkeys);
        Array.Clear(_boxes);
    }

    private void Replace(uint[] words, ReadOnlySpan<byte> salt, ref int at, ref (uint Left, uint Right) block)
    {
        for (var i = 0; i < words.Length; i += 2)
        {
            if (!salt.IsEmpty)
                block = (block.Left ^ Next(salt, ref at), block.Right ^ Next(salt, ref at));
            block = Encrypt(block.Left, block.Right);
            (words[i], words[i + 1]) = block;
        }
    }

    private uint Mix(uint word)
    {
        var boxes = _boxes;
        return ((boxes[(int)(word >> 24)] + boxes[BoxSize + (int)((word >> 16) & 0xff)]) ^ boxes[(2 * BoxSize) + (int)((word >> 8) & 0xff)])
            + boxes[(3 * BoxSize) + (int)(word & 0xff)];
    }

    private static uint Next(ReadOnlySpan<byte> words, ref int at)
    {
        var word = BinaryPrimitives.ReadUInt32BigEndian(words[at..]);
        at = at + sizeof(uint) == words.Length ? 0 : at + sizeof(uint);
        return word;
    }
}
