using FsCheck;
using FsCheck.Fluent;
using Postern.Keys.Ssh;
using Postern.Tests;

namespace Postern.Keys.Tests.Ssh;

/// <summary>Whatever the bytes, the answer is a value, and what is read writes back to the same.</summary>
public sealed class PropertyTests
{
    private static readonly byte[][] Blobs = [PublicKeyTests.Ed25519(), SoftSecurityKey.Ed25519().Blob, SoftSecurityKey.Ecdsa().Blob];

    private static readonly SoftSecurityKey Device = SoftSecurityKey.Ecdsa();

    private static Config Thorough(int cases) => Config.QuickThrowOnFailure.WithMaxTest(cases);

    [Fact]
    public void Any_blob() => Prop.ForAll(
        ArbMap.Default.GeneratorFor<byte>().ArrayOf().ToArbitrary(), bytes => IsSound(bytes)).Check(Thorough(2000));

    [Fact]
    public void Mutated_blobs() => Prop.ForAll(Mutations(Gen.Elements(Blobs)).ToArbitrary(), bytes => IsSound(bytes)).Check(Thorough(10_000));

    [Fact]
    public void Mutated_signatures()
    {
        var signature = Device.Sign("spa@postern", [1], 1, 1);
        Prop.ForAll(
            Mutations(Gen.Constant(signature)).ToArbitrary(),
            bytes => Device.PublicKey.Verify("spa@postern", [1], bytes) == bytes.AsSpan().SequenceEqual(signature)).Check(Thorough(5000));
    }

    [Fact]
    public void Any_line()
    {
        var pieces = Gen.Elements("a", "services", "=", "\"", "\\\"", "\\", ",", " ", "\t", "#", "ssh-ed25519", "ssh-rsa", "AAAA", "AAAAC3NzaC1lZDI1NTE5AAAAINdamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1Ea", "ü", "\0");
        Prop.ForAll(pieces.ArrayOf().Select(string.Concat).ToArbitrary(), line =>
        {
            var read = AuthorizedKeyLine.Read(line, out var fault);
            return (read is null || fault is null)
                && (fault is not { } f || (f.Column >= 1 && f.Column <= line.Length + 1))
                && (read is null || read.Options.All(o => o.Value is null || o.Value.Select((c, i) => line[o.ColumnOf(i) - 1] == c || (c == '"' && line[o.ColumnOf(i)] == c)).All(x => x)));
        }).Check(Thorough(50_000));
    }

    [Fact]
    public void Any_key_file() => Prop.ForAll(
        ArbMap.Default.GeneratorFor<byte>().ArrayOf().ToArbitrary(),
        bytes =>
        {
            Assert.Throws<SshKeyException>(() => SshPrivateKey.Read(bytes, () => ""));
            Assert.Throws<SshKeyException>(() => SshPrivateKey.Read(KeyFileBytes.Wrap([.. "openssh-key-v1\0"u8, .. bytes]), () => ""));
            Assert.Throws<SshKeyException>(() => SshPrivateKey.Read(KeyFileBytes.Of(Blobs[0], bytes), () => ""));
        }).Check(Thorough(2000));

    private static bool IsSound(byte[] bytes) => !SshPublicKey.TryRead(bytes, out var key)
        || (key.Blob.SequenceEqual(bytes) && SshPublicKey.TryParse(key.ToString(), out var again) && again.Equals(key));

    private static Gen<byte[]> Mutations(Gen<byte[]> originals) =>
        from original in originals
        from at in Gen.Choose(0, original.Length - 1)
        from value in ArbMap.Default.GeneratorFor<byte>()
        from length in Gen.Frequency((3, Gen.Constant(original.Length)), (1, Gen.Choose(0, original.Length)))
        select Edit(original, at, value, length);

    private static byte[] Edit(byte[] original, int at, byte value, int length)
    {
        var bytes = original.AsSpan().ToArray();
        bytes[at] = value;
        return bytes[..length];
    }
}
