using System.Text;
using Postern.Cli.Configuration;
using Postern.Keys.Fwknop;

namespace Postern.Cli.Tests.Configuration;

/// <summary>The file of a stanza's keys. No fault shows one.</summary>
public sealed class FwknopKeysFileTests : IDisposable
{
    private const string Secret = "s3cret";

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("postern-keys-");

    public void Dispose() => _folder.Delete(recursive: true);

    private static (FwknopKeySet? Keys, string[] Faults) Read(string text)
    {
        var faults = new FaultList();
        var keys = FwknopKeysFile.Read("f", Encoding.UTF8.GetBytes(text), faults);
        return (keys, [.. faults.Faults.Select(f => f.ToString())]);
    }

    private static string Text(Action<Span<byte>> export, int size)
    {
        var bytes = new byte[size];
        export(bytes);
        return Encoding.ASCII.GetString(bytes);
    }

    [Fact]
    public void Keys_are_text_to_the_end_of_the_line_or_base64()
    {
        var (keys, faults) = Read("# of the phone\n\nkey  a b # c \r\nhmac_key_base64\tQUJD\nhmac_digest SHA3_512\nmode ofb");
        Assert.Empty(faults);
        Assert.Equal("a b # c", Text(keys!.Key.Export, keys.Key.Size));
        var tag = keys.Tag!;
        Assert.Equal("ABC", Text(tag.Export, tag.Size));
        Assert.Equal((FwknopMode.Ofb, FwknopDigest.Sha3_512), (keys.Mode, tag.Digest));
        var bare = Read("key_base64 QUJD").Keys!;
        Assert.Equal((FwknopMode.Cbc, null), (bare.Mode, bare.Tag));
        Assert.Equal(FwknopDigest.Sha256, Read("key a\nhmac_key b").Keys!.Tag!.Digest);
    }

    [Theory]
    [InlineData("", "f: no key stands in it; the knock opens nothing; copy the line KEY_BASE64 of the client or of access.conf: key_base64 …")]
    [InlineData("key s3cret\nkey_base64 QUJD", "f:2:1: 'key_base64' stands twice, or in text and in base64; keep one of the two")]
    [InlineData("key", "f:1:1: 'key' has no value; write it behind the name: key …")]
    [InlineData("hmac_key s3cret", "f: no key stands in it; the knock opens nothing; copy the line KEY_BASE64 of the client or of access.conf: key_base64 …")]
    [InlineData("key s3cret\nhmac_digest sha1", "f: 'hmac_digest' stands without a key; copy the line HMAC_KEY_BASE64 too: hmac_key_base64 …")]
    [InlineData("key s3cret\nhmac_key s3cret\nmode legacy", "f: the mode legacy has no HMAC; remove the line of its key, or write another mode")]
    [InlineData("key s3crets3crets3crets3crets3crets3cret", "f:1:1: 'key' is not a key of fwknop; it has 1 to 32 bytes: copy it as it stands at the client")]
    [InlineData("key_base64 s3cret!", "f:1:1: 'key_base64' is not a key of fwknop; it has 1 to 32 bytes, written as base64: copy it as it stands at the client")]
    [InlineData("kay s3cret", "f:1:1: unknown name 'kay'; did you mean 'key'?")]
    [InlineData("s3cret", "f:1:1: unknown name at the beginning of the line; write one of: key, key_base64, hmac_key, hmac_key_base64, hmac_digest, mode")]
    [InlineData("mode s3cret", "f:1:1: 'mode' is none that fwknop knows; write one of: cbc, ctr, cfb, ofb, ecb, legacy")]
    [InlineData("hmac_digest s3cret", "f:1:1: 'hmac_digest' is none that fwknop knows; write one of: md5, sha1, sha256, sha384, sha512, sha3-256, sha3-512")]
    public void A_fault_says_what_to_write_and_no_secret(string text, string expected)
    {
        var (keys, faults) = Read(text);
        Assert.Null(keys);
        Assert.Equal([expected], faults);
        Assert.DoesNotContain(Secret, expected, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_that_others_can_read_is_refused()
    {
        var path = Path.Combine(_folder.FullName, "phone.keys");
        Assert.Contains("no such file", Faults(path), StringComparison.Ordinal);
        File.WriteAllText(path, "key a\n");
        foreach (var mode in (UnixFileMode[])[UnixFileMode.GroupRead, UnixFileMode.OtherRead, UnixFileMode.OtherWrite, UnixFileMode.GroupWrite])
        {
            File.SetUnixFileMode(path, UnixFileMode.UserRead | mode);
            Assert.Contains("others can read it, or write to it", Faults(path), StringComparison.Ordinal);
        }

        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        Assert.Equal("", Faults(path));
        Assert.Contains("is not a file", Faults(_folder.FullName), StringComparison.Ordinal);
        File.WriteAllText(path, new string('#', 5000));
        Assert.Contains("larger than 4 KiB", Faults(path), StringComparison.Ordinal);

        static string Faults(string path)
        {
            var faults = new FaultList();
            FwknopKeysFile.Read(path, faults);
            return string.Join('\n', faults.Faults);
        }
    }

    /// <summary>Each for its own knock: the others come in.</summary>
    [Fact]
    public void A_knock_without_keys_is_none_of_the_stanzas_and_stops_nothing()
    {
        var good = Path.Combine(_folder.FullName, "good.keys");
        File.WriteAllText(good, "key a\nhmac_key b\n");
        File.SetUnixFileMode(good, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        var read = ConfigurationReader.ReadText("f", $"services: {{s: {{ports: [tcp/22]}}}}\nknocks:\n  a: {{method: fwknop, keys: {_folder.FullName}/none, opens: [s]}}\n  b: {{method: fwknop, keys: {good}, opens: [s], expires: 2027-01-31T17:00Z}}\n");
        Assert.Empty(read.Faults);
        Assert.Single(read.KeyFaults);
        var stanza = Assert.Single(read.Configuration!.Warden.Fwknop);
        Assert.Equal(("b", new DateTimeOffset(2027, 1, 31, 17, 0, 0, TimeSpan.Zero)), (stanza.Name, stanza.Expires));
        Assert.True(read.Configuration.NeedsLedger);
        Assert.Equal(TimeSpan.FromSeconds(121), read.Configuration.LedgerDoubt);
        var watch = read.Configuration.Fwknop.Stanzas.Single().ForSentry();
        Assert.NotNull(watch.Tag);
        Assert.Null(watch.Cipher); // which the sentry is not told
        var text = ConfigurationWriter.Write(read.Configuration);
        Assert.Equal(text, ConfigurationWriter.Write(ConfigurationReader.ReadText("f", text).Configuration!));
        Assert.Contains("expires: 2027-01-31T17:00:00Z", text, StringComparison.Ordinal);
    }
}
