using System.Text;
using Postern.Cli.Configuration;
using Postern.Keys.Knockknock;
using Postern.Sentry;

namespace Postern.Cli.Tests.Configuration;

/// <summary>Profiles as knockknock-genprofile makes them, and the knocks by them.</summary>
public sealed class KnockknockKnockTests : IDisposable
{
    private const UnixFileMode Own = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("postern-test-");

    public void Dispose() => _folder.Delete(recursive: true);

    private string Profile => PathOf("laptop");

    private string PathOf(string name) => Path.Combine(_folder.FullName, name);

    /// <summary>What Python's base64 and ConfigParser write: a line feed behind the key, two behind a section.</summary>
    private void Make(string name = "laptop", byte first = 0, string config = "[main]\nknock_port = 1200\n\n", string counter = "41\n")
    {
        Directory.CreateDirectory(PathOf(name));
        Write(name, "cipher.key", Convert.ToBase64String([.. Enumerable.Range(first, 16).Select(i => (byte)i)]) + "\n");
        Write(name, "mac.key", Convert.ToBase64String([.. Enumerable.Range(first + 16, 16).Select(i => (byte)i)]) + "\n");
        Write(name, "config", config);
        Write(name, "counter", counter);
    }

    private void Write(string name, string file, string text)
    {
        var path = Path.Combine(PathOf(name), file);
        File.WriteAllText(path, text);
        File.SetUnixFileMode(path, Own);
    }

    private ConfigurationResult Read(string more = "") => ConfigurationReader.ReadText("f", $"services: {{s: {{ports: [tcp/22, udp/22]}}, w: {{ports: [tcp/80-81]}}}}\nknocks:\n  k: {{method: knockknock, profile: {Profile}, opens: [w, s]}}\n{more}");

    private string[] FaultsOf() => [.. Read().KeyFaults.Select(f => f.ToString().Replace(Profile, "P", StringComparison.Ordinal))];

    [Fact]
    public void A_profile_becomes_what_the_sentry_looks_for_and_the_warden_decides_by()
    {
        Make();
        var read = Read();
        Assert.Empty(read.Faults);
        Assert.Empty(read.KeyFaults);
        var watch = Assert.IsType<KnockknockWatch>(Assert.Single(read.Configuration!.TokensWithSecret).ForSentry());
        Assert.Equal((1200, 20, 41ul), (watch.KnockPort, watch.Window, watch.Next()));
        Assert.Equal([22, 80, 81], watch.Ports.Select(p => (int)p));
        Span<byte> keys = stackalloc byte[KnockknockKeys.Size];
        watch.Secret.Export(keys);
        Assert.Equal(Enumerable.Range(0, 32).Select(i => (byte)i), keys.ToArray());
        var judged = Assert.Single(read.Configuration.Warden.Tokens);
        Assert.Equal((41ul, 20), (judged.FirstCounter, judged.Window));
        Assert.True(read.Configuration.NeedsLedger);
        Assert.Equal(TimeSpan.Zero, read.Configuration.LedgerDoubt);
    }

    /// <summary>For 'postern explain', which does not know how far the counter had come.</summary>
    [Theory]
    [InlineData(0, "4096")]
    [InlineData(1, "4032 4032")]
    [InlineData(6, "1000 680 680 680 680 680 680")]
    public void A_recording_is_looked_at_with_windows_as_wide_as_what_a_sentry_remembers_allows(int wide, string expected)
    {
        string[] names = [.. Enumerable.Range(0, wide + 1).Select(i => $"k{i}")];
        foreach (var (i, name) in names.Index())
            Make(name, first: (byte)i);
        var knocks = string.Concat(names.Select((name, i) => $"  {name}: {{method: knockknock, profile: {PathOf(name)}, {(i == 0 ? "window: 1000, opens: [one]" : "opens: [many]")}}}\n"));
        var read = ConfigurationReader.ReadText("f", $"services: {{one: {{ports: [tcp/22]}}, many: {{ports: [tcp/1001-1064]}}}}\nknocks:\n{knocks}");
        Assert.Empty(read.Faults.Concat(read.KeyFaults));
        Assert.Equal(expected, string.Join(' ', KnockknockSettings.Widened(read.Configuration!.Tokens).Cast<KnockknockSettings>().Select(k => k.Window)));
    }

    [Fact]
    public void What_is_printed_reads_back_to_the_same()
    {
        Make();
        var text = ConfigurationWriter.Write(Read("  l: {method: knockknock, profile: /it's/not there, window: 7, opens: [s]}\n").Configuration!);
        Assert.Equal(text, ConfigurationWriter.Write(ConfigurationReader.ReadText("f", text).Configuration!));
        Assert.Contains("  l:\n    method: knockknock\n    profile: '/it''s/not there'\n    window: 7\n    opens: [s]\n", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Two_knocks_cannot_have_one_profile()
    {
        Make();
        Make("copy");
        var read = Read($"  l: {{method: knockknock, profile: {PathOf("copy")}, opens: [s]}}\n");
        Assert.Contains("holds the secret of the knock 'k' as well; the knock 'l' opens nothing", Assert.Single(read.KeyFaults).ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("cipher.key", UnixFileMode.GroupRead, "P/cipher.key: others can read it, or write to it (mode 0640); the knock opens nothing; chmod 600 P/cipher.key; whoever has read it can knock with it")]
    [InlineData("mac.key", UnixFileMode.OtherRead, "P/mac.key: others can read it, or write to it (mode 0604); the knock opens nothing; chmod 600 P/mac.key; whoever has read it can knock with it")]
    [InlineData("counter", UnixFileMode.GroupWrite, "P/counter: other users can write to it, and so let in whom they like; the knock opens nothing; chmod 644 P/counter")]
    [InlineData("config", UnixFileMode.OtherWrite, "P/config: other users can write to it, and so let in whom they like; the knock opens nothing; chmod 644 P/config")]
    [InlineData("", UnixFileMode.GroupWrite | UnixFileMode.UserExecute, "P: other users can write to it, and so let in whom they like; the knock opens nothing; chmod 700 P")]
    public void A_profile_that_others_can_read_or_change_opens_nothing_and_stops_nothing(string file, UnixFileMode more, string expected)
    {
        Make();
        File.SetUnixFileMode(Path.Combine(Profile, file), Own | more);
        Assert.Equal([expected], FaultsOf());
        Assert.Empty(Read().Configuration!.Warden.Tokens);
    }

    [Fact]
    public void All_that_is_missing_is_said_at_once()
    {
        Assert.Equal(["P: no such folder; the knock opens nothing; name one that knockknock-genprofile has made"], FaultsOf());
        Directory.CreateDirectory(Profile);
        var faults = FaultsOf();
        Assert.Equal(["P/cipher.key", "P/config", "P/counter", "P/mac.key"], faults.Select(f => f.Split(':')[0]));
        Assert.All(faults, f => Assert.EndsWith("no such file; the knock opens nothing; copy the profile anew, all four files of it", f, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("[main]\nknock_port = 1200\n\n", 1200)]
    [InlineData("# mine\n; mine\n[other]\nknock_port = 9\n[main]\nx: y\nKnock_Port: 65535", 65_535)]
    public void A_config_says_the_port(string text, int expected)
    {
        var faults = new FaultList();
        Assert.Equal(expected, KnockknockProfile.ReadPort("f", text, faults));
        Assert.Empty(faults.Faults);
    }

    [Theory]
    [InlineData("", "f: no 'knock_port' stands in [main]")]
    [InlineData("knock_port = 1200", "f: no 'knock_port' stands in [main]")]
    [InlineData("[main]\nknock_port = 0", "f:2:1: 'knock_port' cannot be '0'")]
    [InlineData("[main]\nknock_port = 65536", "f:2:1: 'knock_port' cannot be '65536'")]
    [InlineData("[main]\nknock_port = 12\n 00", "f:3:1: ' 00' is no setting")]
    [InlineData("[main]\nknock_port = 12\nknock_port = 13", "f:3:1: 'knock_port' stands there twice")]
    [InlineData("[main]\nknock_port", "f:2:1: 'knock_port' is no setting")]
    public void Or_why_not(string text, string expected)
    {
        var faults = new FaultList();
        Assert.Equal(0, KnockknockProfile.ReadPort("f", text, faults));
        Assert.StartsWith(expected + "; the knock opens nothing; ", Assert.Single(faults.Faults).ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("0\n", 0u)]
    [InlineData("4294967295", uint.MaxValue)]
    [InlineData("100\n9\n", 100u)] // written over 99999
    public void A_counter_is_the_first_line(string text, uint expected)
    {
        var faults = new FaultList();
        Assert.Equal(expected, KnockknockProfile.ReadCounter("f", text, faults));
        Assert.Empty(faults.Faults);
    }

    [Theory]
    [InlineData("")]
    [InlineData("-1")]
    [InlineData("4294967296")]
    [InlineData("1 2")]
    public void And_a_number(string text)
    {
        var faults = new FaultList();
        KnockknockProfile.ReadCounter("f", text, faults);
        Assert.StartsWith($"f:1:1: '{text}' is no counter; the knock opens nothing; ", Assert.Single(faults.Faults).ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "the line is no key of knockknock")]
    [InlineData("AAECAwQFBgcICQoLDA0ODw", "the line is no key of knockknock")] // no padding
    [InlineData("AAECAwQFBgcICQoLDA0O", "the line is no key of knockknock")] // 15 bytes
    [InlineData("AAECAwQFBgcICQoLDA0ODxA=", "the line is no key of knockknock")] // 17
    [InlineData("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=", "the line is no key of knockknock")] // of AES-256
    [InlineData("AAECAwQFBgcI CQoLDA0ODw==", "more than one line")]
    [InlineData("AAECAwQFBgcICQoLDA0ODw==\nAAECAwQFBgcICQoLDA0ODw==", "more than one line")]
    public void A_key_has_sixteen_bytes_and_no_message_shows_it(string text, string expected)
    {
        var (faults, key) = (new FaultList(), new byte[KnockknockKeys.KeySize]);
        KnockknockProfile.ReadKey("f", Encoding.ASCII.GetBytes(text), key, faults);
        Assert.Equal($"f:1:1: {expected}; the knock opens nothing", string.Join(';', Assert.Single(faults.Faults).ToString().Split(';')[..2]));
        Assert.All(key, b => Assert.Equal(0, b));
    }
}
