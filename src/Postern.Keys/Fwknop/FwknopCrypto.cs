namespace Postern.Keys.Fwknop;

public static class FwknopCrypto
{
    /// <summary>
    /// Runs every mode and every digest once, so that the runtime has loaded and compiled what they take (OpenSSL's algorithms, its error texts):
    /// for a process that will not be able to open a file any more.
    /// </summary>
    public static void Warm()
    {
        Span<byte> block = stackalloc byte[FwknopCipherKey.BlockSize];
        Span<byte> room = stackalloc byte[2 * FwknopCipherKey.BlockSize];
        Span<byte> opened = stackalloc byte[2 * FwknopCipherKey.BlockSize];
        Span<byte> tag = stackalloc byte[FwknopDigests.MaxSize];
        block.Clear();
        using var cipher = FwknopCipherKey.From("warm"u8);
        foreach (var mode in Enum.GetValues<FwknopMode>())
        {
            var length = cipher.Encrypt(mode, block[..FwknopCipherKey.SaltSize], block, room);
            cipher.Decrypt(mode, block[..FwknopCipherKey.SaltSize], room[..length], opened);
            cipher.Decrypt(mode, block[..FwknopCipherKey.SaltSize], block, opened);
            cipher.OpensFirstBlock(mode, block[..FwknopCipherKey.SaltSize], block);
        }

        foreach (var digest in Enum.GetValues<FwknopDigest>())
        {
            if (FwknopDigests.WhyNot(digest) is not null)
                continue;
            using var mac = FwknopMacKey.From("warm"u8, digest);
            mac.Verify(block, tag[..mac.TagSize]);
        }
    }
}
