using Postern.Keys.Knockknock;

namespace Postern.Knocks.Knockknock;

/// <summary>
/// What a packet of knockknock says, in the four fields of a first segment that its client may choose. It is IPv4's alone: IPv6 has no identification.
/// <code>
/// plain text       port 2 ‖ mac 10        the port that is to be opened
/// identification    2                     bytes 0 and 1 of the plain text XORed with the keystream of the counter
/// sequence number   4                     bytes 2 to 5
/// acknowledgment    4                     bytes 6 to 9; the segment has no ACK
/// window            2                     bytes 10 and 11
/// </code>
/// </summary>
/// <param name="Identification">Of IPv4.</param>
/// <param name="Sequence">Of TCP.</param>
/// <param name="Acknowledgment">Of TCP.</param>
/// <param name="Window">Of TCP, as it stands.</param>
public readonly record struct KnockknockPacket(ushort Identification, uint Sequence, uint Acknowledgment, ushort Window)
{
    /// <summary>The bits of all fields, the identification first.</summary>
    public UInt128 Bits => (UInt128)Identification << 80 | (UInt128)Sequence << 48 | (UInt128)Acknowledgment << 16 | Window;

    public static KnockknockPacket Seal(KnockknockKeys keys, uint counter, ushort port)
    {
        ArgumentNullException.ThrowIfNull(keys);
        var bits = PlainText(keys, port) ^ keys.Keystream(counter);
        return new((ushort)(bits >> 80), (uint)(bits >> 48), (uint)(bits >> 16), (ushort)bits);
    }

    internal static UInt128 PlainText(KnockknockKeys keys, ushort port) => (UInt128)port << 80 | keys.Mac(port);

    /// <summary>False: the MAC is that of no port, or of another.</summary>
    internal static bool TryRead(KnockknockKeys keys, UInt128 plainText, out ushort port)
    {
        port = (ushort)(plainText >> 80);
        return plainText == PlainText(keys, port);
    }
}
