using System.Text;
using Postern.Keys.Ssh.PrivateKeys;

namespace Postern.Keys.Tests.Ssh;

/// <summary>bcrypt_pbkdf against OpenBSD's own vectors (regress/lib/libutil/bcrypt_pbkdf); Blowfish against Schneier's.</summary>
public sealed class OpenBsdPbkdfTests
{
    [Theory]
    [InlineData("password", "salt", 4, "5bbf0cc293587f1c3635555c27796598d47e579071bf427e9d8fbe842aba34d9")]
    [InlineData("password", "\0", 4, "c12b566235eee04c212598970a579a67")]
    [InlineData("\0", "salt", 4, "6051be18c2f4f82cbf0efee5471b4bb9")]
    [InlineData("password\0", "salt\0", 4, "7410e44cf4fa07bfaac8a928b1727fac001375e7bf7384370f48efd121743050")]
    [InlineData("pass\0wor", "sa\0l", 4, "c2bffd9db38f6569efef4372f4de83c0")]
    [InlineData("pass\0word", "sa\0lt", 4, "4ba4ac3925c0e8d7f0cdb6bb1684a56f")]
    [InlineData("password", "salt", 8, "e1367ec5151a33faac4cc1c144cd23fa15d5548493ecc99b9b5d9c0d3b27bec76227ea66088b849b20ab7aa478010246e74bba51723fefa9f9474d6508845e8d")]
    [InlineData("password", "salt", 42, "833cf0dcf56db65608e8f0dc0ce882bd")]
    public void Keys_derived_as_OpenBSD_derives_them(string passphrase, string salt, uint rounds, string expected)
    {
        var key = new byte[expected.Length / 2];
        BcryptPbkdf.Derive(Encoding.ASCII.GetBytes(passphrase), Encoding.ASCII.GetBytes(salt), rounds, key);
        Assert.Equal(expected, Convert.ToHexStringLower(key));
    }

    [Theory]
    [InlineData("0000000000000000", "0000000000000000", "4ef997456198dd78")]
    [InlineData("ffffffffffffffff", "ffffffffffffffff", "51866fd5b85ecb8a")]
    [InlineData("0123456789abcdef", "1111111111111111", "61f9c3802281b096")]
    [InlineData("fedcba9876543210", "0123456789abcdef", "0aceab0fc6a0a28d")]
    public void Blocks_encrypted_as_Schneier_does(string key, string plain, string expected)
    {
        using var blowfish = new Blowfish();
        blowfish.Reset();
        blowfish.Expand(Convert.FromHexString(key));
        var (left, right) = blowfish.Encrypt(Convert.ToUInt32(plain[..8], 16), Convert.ToUInt32(plain[8..], 16));
        Assert.Equal(expected, $"{left:x8}{right:x8}");
    }
}
