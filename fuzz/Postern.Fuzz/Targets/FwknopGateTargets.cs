using Postern.Cli.Configuration;
using Postern.Fuzz.Engine;
using Postern.Keys.Fwknop;

namespace Postern.Fuzz.Targets;

/// <summary>What the gate's side of fwknop reads.</summary>
internal static class FwknopGateTargets
{
    /// <summary>The file of a stanza's keys: keys or faults, never both, and what is taken can be used.</summary>
    public static void KeysFile(ReadOnlySpan<byte> input)
    {
        var faults = new FaultList();
        Spent.Begin();
        var keys = FwknopKeysFile.Read("f", input, faults);
        Spent.End();
        Oracle.That(keys is null == faults.Count > 0, "keys with a fault, or neither");
        if (keys is null)
            return;
        Span<byte> sealedBytes = stackalloc byte[2 * FwknopCipherKey.BlockSize];
        Span<byte> opened = stackalloc byte[2 * FwknopCipherKey.BlockSize];
        var length = keys.Key.Encrypt(keys.Mode, new byte[FwknopCipherKey.SaltSize], "a plaintext"u8, sealedBytes);
        Oracle.That(keys.Key.Decrypt(keys.Mode, new byte[FwknopCipherKey.SaltSize], sealedBytes[..length], opened) == "a plaintext"u8.Length, "a key that does not open what it sealed");
        Oracle.That(keys.Tag is null || keys.Tag.Verify("text"u8, TagOf(keys.Tag)), "a tag that is not its own");
    }

    private static byte[] TagOf(FwknopMacKey key)
    {
        var tag = new byte[FwknopDigests.MaxSize];
        return tag[..key.Write("text"u8, tag)];
    }
}
