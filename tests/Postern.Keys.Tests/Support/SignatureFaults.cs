using Postern.Keys.Ssh;
using static Postern.Tests.OpenSshSignatures;

namespace Postern.Tests;

internal static class SignatureFaults
{
    /// <summary>The signature verifies, and nothing that differs from it by a bit, or is shorter or longer, does. (An ECDSA signature has a twin, further away.)</summary>
    public static void AssertExact(SshPublicKey key, byte[] message, byte[] signature)
    {
        Assert.True(key.Verify(NameSpace, message, signature));
        for (var bit = 0; bit < signature.Length * 8; bit++)
        {
            signature[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.False(key.Verify(NameSpace, message, signature), $"bit {bit}");
            signature[bit / 8] ^= (byte)(1 << (bit % 8));
        }

        for (var length = 0; length < signature.Length; length++)
            Assert.False(key.Verify(NameSpace, message, signature.AsSpan(0, length)), $"{length} bytes");
        Assert.False(key.Verify(NameSpace, message, [.. signature, 0]));
        Assert.True(key.Verify(NameSpace, message, signature));
    }
}
