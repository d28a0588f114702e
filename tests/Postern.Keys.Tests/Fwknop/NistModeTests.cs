using System.Security.Cryptography;
using Postern.Keys.Fwknop;

namespace Postern.Keys.Tests.Fwknop;

/// <summary>NIST SP 800-38A, appendix F: AES-256 in each mode, the first two blocks.</summary>
public sealed class NistModeTests
{
    private const string Key = "603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4";
    private const string Plain = "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51";
    private const string Initial = "000102030405060708090a0b0c0d0e0f";
    private const string Counter = "f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff";

    [Theory]
    [InlineData(FwknopMode.Ecb, Initial, "f3eed1bdb5d2a03c064b5a7e3db181f8591ccb10d410ed26dc5ba74a31362870")]
    [InlineData(FwknopMode.Cbc, Initial, "f58c4c04d6e5f1ba779eabfb5f7bfbd69cfc4e967edb808d679f777bc6702c7d")]
    [InlineData(FwknopMode.Cfb, Initial, "dc7e84bfda79164b7ecd8486985d386039ffed143b28b1c832113c6331e5407b")]
    [InlineData(FwknopMode.Ofb, Initial, "dc7e84bfda79164b7ecd8486985d38604febdc6740d20b3ac88f6ad82a4fb08d")]
    [InlineData(FwknopMode.Ctr, Counter, "601ec313775789a5b7a7f504bbf3d228f443e3ca4d62b59aca84e990cacaf5c5")]
    public void Encrypts_and_decrypts(FwknopMode mode, string initial, string cipher)
    {
        using var aes = Aes.Create();
        aes.Key = Convert.FromHexString(Key);
        var to = new byte[32];
        AesBlocks.Run(aes, mode, Convert.FromHexString(initial), Convert.FromHexString(Plain), to, encrypt: true);
        Assert.Equal(cipher, Convert.ToHexStringLower(to));
        AesBlocks.Run(aes, mode, Convert.FromHexString(initial), Convert.FromHexString(cipher), to, encrypt: false);
        Assert.Equal(Plain, Convert.ToHexStringLower(to));
    }

    [Fact]
    public void The_counter_runs_over_its_whole_block()
    {
        using var aes = Aes.Create();
        aes.Key = Convert.FromHexString(Key);
        var (two, second) = (new byte[32], new byte[16]);
        AesBlocks.Run(aes, FwknopMode.Ctr, Convert.FromHexString("ffffffffffffffffffffffffffffffff"), new byte[32], two, encrypt: true);
        AesBlocks.Run(aes, FwknopMode.Ctr, new byte[16], new byte[16], second, encrypt: true);
        Assert.Equal(Convert.ToHexString(second), Convert.ToHexString(two.AsSpan(16)));
    }
}
