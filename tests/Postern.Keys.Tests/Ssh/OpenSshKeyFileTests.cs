using System.Text;
using Postern.Keys.Ssh;
using Postern.Keys.Ssh.Wire;
using Postern.Tests;
using static Postern.Tests.OpenSshSignatures;

namespace Postern.Keys.Tests.Ssh;

/// <summary>Key files as the real ssh-keygen writes them: read, or refused with the mend.</summary>
public sealed class OpenSshKeyFileTests : IDisposable
{
    private const string Passphrase = "correct horse ß 🐎";

    private readonly OpenSsh _ssh = new();

    public void Dispose() => _ssh.Dispose();

    [Theory]
    [InlineData("ed25519", "aes256-ctr", 1)]
    [InlineData("ed25519", "aes256-ctr", 16)]
    [InlineData("ed25519", "aes256-ctr", 40)]
    [InlineData("ecdsa", "aes256-ctr", 3)]
    [InlineData("rsa", "aes256-ctr", 3)]
    [InlineData("ed25519", "aes192-ctr", 3)]
    [InlineData("ed25519", "aes128-ctr", 3)]
    [InlineData("ed25519", "aes256-cbc", 3)]
    [InlineData("rsa", "aes256-cbc", 3)]
    [InlineData("ed25519", "aes192-cbc", 3)]
    [InlineData("ed25519", "aes128-cbc", 3)]
    [InlineData("ed25519", "aes256-gcm@openssh.com", 3)]
    [InlineData("rsa", "aes256-gcm@openssh.com", 3)]
    [InlineData("ed25519", "aes128-gcm@openssh.com", 3)]
    public void With_a_passphrase(string type, string cipher, int rounds)
    {
        var file = _ssh.NewKey("key", Passphrase, "-t", type, "-Z", cipher, "-a", $"{rounds}");
        var asked = 0;
        using var key = SshPrivateKey.ReadFile(file, () => asked++ == 0 ? Passphrase : null);

        Assert.Equal(1, asked);
        Assert.Equal(_ssh.PublicKey(file), key.PublicKey);
        Assert.Equal("key@test", key.Comment);
        Assert.True(_ssh.Verifies(key.PublicKey, [1], key.Sign(NameSpace, [1])));

        foreach (var wrong in new[] { "", "correct horse", Passphrase + " " })
        {
            var e = Assert.Throws<SshKeyException>(() => SshPrivateKey.ReadFile(file, () => wrong));
            Assert.True(e.WrongPassphrase);
            Assert.Contains(file, e.Message, StringComparison.Ordinal);
        }

        Assert.Contains("ssh-add", Assert.Throws<SshKeyException>(() => SshPrivateKey.ReadFile(file, () => null)).Hint, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("ed25519")]
    [InlineData("ecdsa")]
    [InlineData("rsa")]
    public void Without_one_nobody_is_asked(string type)
    {
        var file = _ssh.NewKey("key", "", "-t", type);
        using var key = SshPrivateKey.ReadFile(file, () => throw new InvalidOperationException("asked"));
        Assert.Equal(_ssh.PublicKey(file), key.PublicKey);
    }

    /// <summary>ECDSA and RSA numbers that begin with zeros come by chance, one in 256: many keys meet them.</summary>
    [Fact]
    public void Keys_of_every_width()
    {
        for (var i = 0; i < 200; i++)
        {
            var file = _ssh.NewKey($"key{i}", "", "-t", "ecdsa");
            using var key = SshPrivateKey.ReadFile(file, () => null);
            for (var j = 0; j < 8; j++)
                key.Sign(NameSpace, [(byte)j]); // which verifies what it made
        }
    }

    [Fact]
    public void Comments_are_text()
    {
        _ssh.Run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", _ssh.File("key"), "-C", "grün\u001b[31m");
        using var key = SshPrivateKey.ReadFile(_ssh.File("key"), () => null);
        Assert.Equal("grün?[31m", key.Comment);
    }

    [Fact]
    public void Windows_line_ends()
    {
        var file = _ssh.NewKey("key", "", "-t", "ed25519");
        using var key = SshPrivateKey.Read(Encoding.ASCII.GetBytes(File.ReadAllText(file).Replace("\n", "\r\n")), () => null);
        Assert.Equal(_ssh.PublicKey(file), key.PublicKey);
    }

    [Fact]
    public void A_file_that_others_may_read_is_refused()
    {
        var file = _ssh.NewKey("key", "", "-t", "ed25519");
        foreach (var mode in new[] { UnixFileMode.GroupRead, UnixFileMode.OtherRead, UnixFileMode.OtherWrite })
        {
            File.SetUnixFileMode(file, UnixFileMode.UserRead | mode);
            Assert.Contains("chmod 600", Assert.Throws<SshKeyException>(() => SshPrivateKey.ReadFile(file, () => null)).Hint, StringComparison.Ordinal);
        }

        File.SetUnixFileMode(file, UnixFileMode.UserRead);
        SshPrivateKey.ReadFile(file, () => null).Dispose();
    }

    [Theory]
    [InlineData("PEM", "")]
    [InlineData("PEM", Passphrase)]
    [InlineData("PKCS8", "")]
    [InlineData("PKCS8", Passphrase)]
    public void Pem_files_are_told_apart(string format, string passphrase)
    {
        foreach (var type in new[] { "rsa", "ecdsa" })
        {
            var file = _ssh.NewKey("key-" + type, passphrase, "-t", type, "-m", format);
            var e = Assert.Throws<SshKeyException>(() => SshPrivateKey.ReadFile(file, () => null));
            Assert.Contains("PEM", e.Message, StringComparison.Ordinal);
            Assert.Contains($"ssh-keygen -p -f {file}", e.Hint, StringComparison.Ordinal);

            // And the mend mends.
            _ssh.Run("ssh-keygen", "-p", "-P", passphrase, "-N", "", "-f", file);
            SshPrivateKey.ReadFile(file, () => null).Dispose();
        }
    }

    [Fact]
    public void What_is_no_private_key_is_said()
    {
        var file = _ssh.NewKey("key", "", "-t", "ed25519");
        File.SetUnixFileMode(file + ".pub", UnixFileMode.UserRead);
        Assert.Contains("is a public key", Fault(file + ".pub").Message, StringComparison.Ordinal);
        Assert.EndsWith(file, Fault(file + ".pub").Hint, StringComparison.Ordinal);
        Assert.Contains("no such file", Fault(_ssh.File("none")).Message, StringComparison.Ordinal);
        Assert.Contains("folder", Fault(_ssh.Folder).Message, StringComparison.Ordinal);
        Assert.Contains("PuTTY", Fault(Private("ppk", "PuTTY-User-Key-File-3: ssh-ed25519\n"u8)).Message, StringComparison.Ordinal);
        Assert.Contains("damaged", Fault(Private("empty", [])).Message, StringComparison.Ordinal);
        Assert.Contains("too large", Fault(Private("large", new byte[(1 << 20) + 1])).Message, StringComparison.Ordinal);
        Assert.Contains("ecdsa-sha2-nistp384", Fault(_ssh.NewKey("p384", "", "-t", "ecdsa", "-b", "384")).Message, StringComparison.Ordinal);
        Assert.Contains("2048", Fault(_ssh.NewKey("short", "", "-t", "rsa", "-b", "1024")).Message, StringComparison.Ordinal);
        Assert.Contains("chacha20-poly1305@openssh.com", Fault(_ssh.NewKey("chacha", "x", "-t", "ed25519", "-Z", "chacha20-poly1305@openssh.com")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_security_key_is_left_to_the_agent()
    {
        var device = SoftSecurityKey.Ed25519();
        var e = Fault(Private("id_ed25519_sk", KeyFileBytes.Of(device.Blob, "aaaa"u8)));
        Assert.Contains("security key", e.Message, StringComparison.Ordinal);
        Assert.Contains("ssh-add", e.Hint, StringComparison.Ordinal);
    }

    /// <summary>Whatever is cut off or changed: an SshKeyException, or a key that is still the same one.</summary>
    [Theory]
    [InlineData("ed25519", "")]
    [InlineData("ecdsa", "")]
    [InlineData("rsa", "")]
    [InlineData("ed25519", "x")]
    public void Damaged_files(string type, string passphrase)
    {
        var file = _ssh.NewKey("key", passphrase, "-t", type, "-a", "1", "-Z", "aes256-gcm@openssh.com");
        var publicKey = _ssh.PublicKey(file);
        var bytes = KeyFileBytes.Unwrap(File.ReadAllText(file));
        for (var length = 0; length < bytes.Length; length++)
            AssertRefused(bytes.AsSpan(0, length), passphrase);
        AssertRefused([.. bytes, 0], passphrase);

        var rounds = passphrase.Length == 0 ? bytes.Length : RoundsAt(bytes);
        var random = new Random(1);
        for (var i = 0; i < 300; i++)
        {
            var changed = bytes.AsSpan().ToArray();
            var at = random.Next(changed.Length);
            if (at >= rounds && at < rounds + 4)
                continue; // thousands of them take their time
            changed[at] ^= (byte)(1 << random.Next(8));
            try
            {
                using var key = SshPrivateKey.Read(KeyFileBytes.Wrap(changed), () => passphrase);
                Assert.Equal(publicKey, key.PublicKey); // the comment, or the check that is twice the same
                key.Sign(NameSpace, [1]);
            }
            catch (SshKeyException)
            {
            }
        }
    }

    /// <summary>The inside written by hand: right, and with each of its parts wrong.</summary>
    [Theory]
    [InlineData(true, 0x55, 0, 0, false)]
    [InlineData(false, 0x56, 0, 0, false)] // the checks differ
    [InlineData(false, 0x55, 8, 0, false)] // a block of padding too much
    [InlineData(false, 0x55, 0, 1, false)] // padding that does not count up
    [InlineData(false, 0x55, 0, 0, true)] // another's public key
    public void Sections(bool right, byte check, int more, byte flip, bool foreign)
    {
        var (publicKey, privateKey) = (new byte[32], new byte[64]);
        Postern.Keys.Sodium.Ed25519.MakeKeyPair(new byte[32], publicKey, privateKey);
        var fields = new SshWriter().String("ssh-ed25519"u8).String(publicKey).ToArray();
        var inner = new SshWriter().UInt32(0x55).UInt32(check).Raw(fields).String(privateKey).String("abc"u8).ToArray();
        var padding = Enumerable.Range(1, 8 - (inner.Length % 8) + more).Select(i => (byte)i).ToArray();
        padding[^1] ^= flip;
        var file = KeyFileBytes.OfWhole(foreign ? PublicKeyTests.Ed25519() : fields, [.. inner, .. padding]);
        if (right)
            SshPrivateKey.Read(file, () => null).Dispose();
        else
            Assert.Contains("damaged", Assert.Throws<SshKeyException>(() => SshPrivateKey.Read(file, () => null)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Rounds_have_a_bound()
    {
        var file = _ssh.NewKey("key", "x", "-t", "ed25519", "-a", "1");
        var bytes = KeyFileBytes.Unwrap(File.ReadAllText(file));
        var rounds = RoundsAt(bytes);
        bytes[rounds] = 0xff;
        var e = Assert.Throws<SshKeyException>(() => SshPrivateKey.Read(KeyFileBytes.Wrap(bytes), () => "x"));
        Assert.Contains("rounds", e.Message, StringComparison.Ordinal);
        bytes[rounds] = bytes[rounds + 3] = 0;
        Assert.Throws<SshKeyException>(() => SshPrivateKey.Read(KeyFileBytes.Wrap(bytes), () => "x"));
    }

    [Fact]
    public void Nothing_signs_when_it_is_gone()
    {
        foreach (var type in new[] { "ed25519", "ecdsa", "rsa" })
        {
            var key = SshPrivateKey.ReadFile(_ssh.NewKey("key-" + type, "", "-t", type), () => null);
            key.Dispose();
            key.Dispose();
            Assert.Throws<ObjectDisposedException>(() => key.Sign(NameSpace, [1]));
        }
    }

    /// <summary>One round, and then one key.</summary>
    private static int RoundsAt(byte[] bytes) => bytes.AsSpan().IndexOf(new byte[] { 0, 0, 0, 1, 0, 0, 0, 1 });

    private static void AssertRefused(ReadOnlySpan<byte> bytes, string passphrase)
    {
        var wrapped = KeyFileBytes.Wrap(bytes);
        Assert.Throws<SshKeyException>(() => SshPrivateKey.Read(wrapped, () => passphrase));
    }

    private static SshKeyException Fault(string file)
    {
        var e = Assert.Throws<SshKeyException>(() => SshPrivateKey.ReadFile(file, () => "x"));
        Assert.NotEmpty(e.Hint);
        return e;
    }

    private string Private(string name, ReadOnlySpan<byte> bytes)
    {
        var file = _ssh.Write(name, bytes);
        File.SetUnixFileMode(file, UnixFileMode.UserRead);
        return file;
    }
}
