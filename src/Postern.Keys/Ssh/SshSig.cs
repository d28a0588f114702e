using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Postern.Keys.Ssh;

/// <summary>
/// What an SSH key signs, so that a signature of a message is never one of a login (PROTOCOL.sshsig):
/// <code>
///  6  "SSHSIG"
///  4  length of the name space
///  n  name space
///  4  length of what is reserved = 0
///  4  length of the hash's name = 6
///  6  "sha512"
///  4  length of the hash = 64
/// 64  SHA-512(message)
/// </code>
/// The name of the key's type is not in it; the reader of the signature compares it.
/// </summary>
internal static class SshSig
{
    /// <summary>For a place on the stack; the name space is a constant of the caller's.</summary>
    public const int MaxDataSize = FixedSize + MaxNameSpace;

    private const int MaxNameSpace = 128;
    private const int FixedSize = 6 + 4 + 4 + 4 + 6 + 4 + SHA512.HashSizeInBytes;

    public static ReadOnlySpan<byte> Magic => "SSHSIG"u8;

    public static ReadOnlySpan<byte> HashName => "sha512"u8;

    /// <summary>Returns how much of <paramref name="data"/>, which has room for <see cref="MaxDataSize"/>, it is.</summary>
    /// <exception cref="ArgumentException">The name space is empty, too long, or not ASCII.</exception>
    public static int WriteData(string nameSpace, ReadOnlySpan<byte> message, Span<byte> data)
    {
        if (nameSpace.Length is 0 or > MaxNameSpace || !Ascii.IsValid(nameSpace))
            throw new ArgumentException("a name space is 1 to 128 ASCII characters", nameof(nameSpace));
        Magic.CopyTo(data);
        var at = Magic.Length;
        at += WriteLength(data[at..], nameSpace.Length);
        at += Encoding.ASCII.GetBytes(nameSpace, data[at..]);
        at += WriteLength(data[at..], 0);
        at += WriteLength(data[at..], HashName.Length);
        HashName.CopyTo(data[at..]);
        at += HashName.Length;
        at += WriteLength(data[at..], SHA512.HashSizeInBytes);
        return at + SHA512.HashData(message, data[at..]);
    }

    public static byte[] Data(string nameSpace, ReadOnlySpan<byte> message)
    {
        Span<byte> data = stackalloc byte[MaxDataSize];
        return data[..WriteData(nameSpace, message, data)].ToArray();
    }

    private static int WriteLength(Span<byte> data, int length)
    {
        BinaryPrimitives.WriteInt32BigEndian(data, length);
        return sizeof(int);
    }
}
