using System.Security.Cryptography;
using Postern.Keys.Fwknop;
using Postern.Reports.Fwknop;

namespace Postern.Knocks.Fwknop;

/// <summary>Makes a packet of fwknop. The reader is <see cref="FwknopReader"/>.</summary>
public static class FwknopWriter
{
    /// <summary>The text that is sent.</summary>
    /// <param name="message">What is asked for.</param>
    /// <param name="cipher">Encrypts it.</param>
    /// <param name="mode">As the server has it.</param>
    /// <param name="mac">Null: no HMAC, as the server must have it too.</param>
    /// <param name="salt">8 random bytes, never used twice.</param>
    /// <exception cref="FwknopSizeException">A server of fwknop would not look at it.</exception>
    /// <exception cref="ArgumentException">No server would take the message, or the keys do not go together.</exception>
    public static byte[] Write(FwknopMessage message, FwknopCipherKey cipher, FwknopMode mode, FwknopMacKey? mac, ReadOnlySpan<byte> salt)
    {
        ArgumentNullException.ThrowIfNull(cipher);
        var plaintext = FwknopMessageWriter.Write(message);
        try
        {
            var packet = Seal(plaintext, cipher, mode, mac, salt);
            return packet.Length switch
            {
                < FwknopPacket.MinSize => throw new FwknopSizeException(packet.Length, FwknopPacket.MinSize, "choose the digest sha256 for the packet, or a longer user name"),
                > FwknopPacket.MaxServerSize => throw new FwknopSizeException(packet.Length, FwknopPacket.MaxServerSize, "ask for fewer ports at once, or make the command, the user name or the HMAC shorter"),
                _ => packet,
            };
        }
        finally
        {
            CryptographicOperations.ZeroMemory(plaintext);
        }
    }

    /// <summary>Of any size.</summary>
    internal static byte[] Seal(ReadOnlySpan<byte> plaintext, FwknopCipherKey cipher, FwknopMode mode, FwknopMacKey? mac, ReadOnlySpan<byte> salt)
    {
        var head = FwknopPacket.Salted.Length + FwknopCipherKey.SaltSize;
        var bytes = new byte[head + FwknopCipherKey.LengthFor(plaintext.Length)];
        FwknopPacket.Salted.CopyTo(bytes);
        salt.CopyTo(bytes.AsSpan(FwknopPacket.Salted.Length, FwknopCipherKey.SaltSize));
        cipher.Encrypt(mode, salt, plaintext, bytes.AsSpan(head));
        var length = BareBase64.LengthFor(bytes.Length);
        var text = new byte[length + BareBase64.LengthFor(mac?.TagSize ?? 0)];
        BareBase64.Encode(bytes, text);
        if (mac is not null)
        {
            Span<byte> tag = stackalloc byte[FwknopDigests.MaxSize];
            BareBase64.Encode(tag[..mac.Write(text.AsSpan(0, length), tag)], text.AsSpan(length));
        }

        return text[FwknopPacket.Prefix.Length..];
    }
}

/// <summary>A packet that a server of fwknop would drop without a word, and the mend.</summary>
public sealed class FwknopSizeException(int size, int limit, string hint)
    : Exception(FormattableString.Invariant($"the packet would have {size} characters, and a server of fwknop looks at {(size < limit ? "no fewer" : "no more")} than {limit}"))
{
    public string Hint { get; } = hint;
}
