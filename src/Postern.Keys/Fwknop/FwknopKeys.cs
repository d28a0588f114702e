using System.Security.Cryptography;

namespace Postern.Keys.Fwknop;

public static class FwknopKeys
{
    /// <summary>Whether both are of the same bytes, which fwknop refuses.</summary>
    public static bool AreEqual(FwknopCipherKey cipher, FwknopMacKey mac)
    {
        ArgumentNullException.ThrowIfNull(cipher);
        ArgumentNullException.ThrowIfNull(mac);
        return CryptographicOperations.FixedTimeEquals(cipher.Bytes, mac.Bytes);
    }
}
