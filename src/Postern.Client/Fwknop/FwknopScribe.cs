using System.Globalization;
using System.Security.Cryptography;
using Postern.Keys.Fwknop;
using Postern.Knocks.Fwknop;
using Postern.Reports;
using Postern.Reports.Fwknop;

namespace Postern.Client.Fwknop;

/// <summary>A packet as it leaves, and what is in it.</summary>
public sealed record FwknopLetter(FwknopMessage Message, ReadOnlyMemory<byte> Packet);

/// <summary>Writes packets of fwknop, no two of them alike: a server takes each text once.</summary>
/// <param name="wish">What is asked for.</param>
/// <param name="cipher">Not disposed of here.</param>
/// <param name="mode">As the server has it.</param>
/// <param name="mac">Null: without an HMAC. Not disposed of here.</param>
public sealed class FwknopScribe(FwknopWish wish, FwknopCipherKey cipher, FwknopMode mode, FwknopMacKey? mac)
{
    public FwknopWish Wish => wish;

    /// <param name="allow">Who is to come in; <see cref="Address.None"/>: the source of the packet.</param>
    /// <exception cref="KnockException">No server would take it.</exception>
    public FwknopLetter Write(Address allow)
    {
        var message = wish.ToMessage(allow, DateTimeOffset.UtcNow.ToUnixTimeSeconds(), Random());
        Span<byte> salt = stackalloc byte[FwknopCipherKey.SaltSize];
        RandomNumberGenerator.Fill(salt);
        try
        {
            return new(message, FwknopWriter.Write(message, cipher, mode, mac, salt));
        }
        catch (FwknopSizeException e)
        {
            throw new KnockException(KnockFault.Unsupported, e.Message, e.Hint, e);
        }
        catch (ArgumentException e)
        {
            throw new KnockException(KnockFault.Unsupported, "this cannot be asked of fwknop: " + e.Message, "it knows IPv4 addresses only, and a user of letters and digits", e);
        }
    }

    /// <summary>Of the system's randomness. fwknop draws it from a clock.</summary>
    private static string Random() =>
        string.Create(CultureInfo.InvariantCulture, $"{RandomNumberGenerator.GetInt32(100_000_000):00000000}{RandomNumberGenerator.GetInt32(100_000_000):00000000}");
}
