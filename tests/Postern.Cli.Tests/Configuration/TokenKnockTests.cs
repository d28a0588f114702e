using System.Text;
using Postern.Cli.Configuration;
using Postern.Cli.Profiles;
using Postern.Knocks.Ports;
using Postern.Knocks.Sequences;

namespace Postern.Cli.Tests.Configuration;

/// <summary>Knocks by tokens as they are written, on both sides, and the file of their secret.</summary>
public sealed class TokenKnockTests : IDisposable
{
    private const string Hex = "000102030405060708090a0b0c0d0e0f";

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("postern-test-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Theory]
    [InlineData(Hex)]
    [InlineData("000102030405060708090A0B0C0D0E0F\r\n\n# of the phone\n")]
    [InlineData("# of the phone\n  AAECAwQFBgcICQoLDA0ODw==  ")]
    [InlineData("AAECAwQFBgcICQoLDA0OD-8_")]
    public void A_secret_is_a_line(string text)
    {
        var faults = new FaultList();
        using var secret = SecretFile.Read("f", Encoding.UTF8.GetBytes(text), faults);
        Assert.Empty(faults.Faults);
        var bytes = new byte[secret!.Size];
        secret.Export(bytes);
        Assert.StartsWith(Hex[..30], Convert.ToHexStringLower(bytes), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "f: no secret stands in it; the knock opens nothing; ")]
    [InlineData("# nothing\n", "f: no secret stands in it; the knock opens nothing; ")]
    [InlineData("00010203040506070809\n", "f:1:1: the line is no secret; the knock opens nothing; ")]
    [InlineData("000102030405060708090a0b0c0d0e0\n", "f:1:1: the line is no secret; the knock opens nothing; ")]
    [InlineData("\nhunter2 hunter2 hunter2 hunter2\n", "f:2:1: the line is no secret; the knock opens nothing; ")]
    [InlineData(Hex + "\n" + Hex, "f:2:1: a second line; the knock opens nothing; ")]
    [InlineData(Hex + Hex + Hex + Hex + "00", "f:1:1: the line is no secret; the knock opens nothing; ")]
    public void And_nothing_else(string text, string expected)
    {
        var faults = new FaultList();
        Assert.Null(SecretFile.Read("f", Encoding.UTF8.GetBytes(text), faults));
        Assert.Equal(expected + "write one line of 16 to 64 bytes in hexadecimal or base64: openssl rand -hex 32", Assert.Single(faults.Faults).ToString());
    }

    [Fact]
    public void A_knock_whose_secret_others_can_read_opens_nothing_and_stops_nothing()
    {
        var (bad, good) = (FileOf("bad", Hex), FileOf("good", Hex.Replace('a', 'b')));
        File.SetUnixFileMode(bad, UnixFileMode.UserRead | UnixFileMode.GroupRead);
        var read = ConfigurationReader.ReadText("f", Text($"  a: {{method: rolling, secret_file: {bad}, opens: [s]}}\n  b: {{method: ports, secret_file: {good}, opens: [s], max_age: 90s}}\n"));
        Assert.Empty(read.Faults);
        Assert.Contains("others can read it", Assert.Single(read.KeyFaults).ToString(), StringComparison.Ordinal);
        Assert.Equal("b", Assert.Single(read.Configuration!.Warden.Tokens).Name);
        Assert.Single(read.Configuration.TokensWithSecret);
        Assert.True(read.Configuration.NeedsLedger);
        Assert.Equal(TimeSpan.FromSeconds(91), read.Configuration.LedgerDoubt);
        Assert.Equal(2, read.Configuration.KnockCount);
    }

    [Fact]
    public void Two_knocks_cannot_have_one_secret()
    {
        var read = ConfigurationReader.ReadText("f", Text($"  a: {{method: rolling, secret_file: {FileOf("one", Hex)}, opens: [s]}}\n  b: {{method: rolling, secret_file: {FileOf("two", Hex.ToUpperInvariant())}, opens: [s]}}\n"));
        Assert.Contains("holds the secret of the knock 'a' as well; the knock 'b' opens nothing", Assert.Single(read.KeyFaults).ToString(), StringComparison.Ordinal);
        Assert.Equal("a", Assert.Single(read.Configuration!.Warden.Tokens).Name);
    }

    [Fact]
    public void What_is_printed_reads_back_to_the_same()
    {
        var read = ConfigurationReader.ReadText("f", Text($$"""
              a: {method: rolling, secret_file: {{FileOf("a", Hex)}}, pool: [udp/1-9999, tcp/40000-49999], length: 6, step: 1h, within: 3s, bind: address, closes: [s]}
              b: {method: ports, secret_file: {{FileOf("b", Hex + "00")}}, span: 40000, transport: udp, within: 3s, max_age: 10s, bind: address, opens: [s]}
              c: {method: ports, secret_file: /nowhere, opens: [s]}

            """));
        var text = ConfigurationWriter.Write(read.Configuration!);
        Assert.Equal(text, ConfigurationWriter.Write(ConfigurationReader.ReadText("f", text).Configuration!));
        Assert.Contains("length: 6-6", text, StringComparison.Ordinal);
        Assert.Contains("span: 40000-46143", text, StringComparison.Ordinal);
        var rolling = Assert.IsType<RollingKnockSettings>(read.Configuration!.Tokens[0]);
        Assert.True(rolling.Plan.IsBound);
        Assert.Equal(19_999, rolling.Plan.PoolSize);
        Assert.True(read.Configuration.Warden.Tokens[1].RequireAddress);
    }

    /// <summary>All that a trap takes from a client whose decoys or symbols fall on it is what he has done of a sequence; without one, a scan of the pool would find the steps of a sequence in it.</summary>
    [Fact]
    public void Traps_lie_in_pools_too_and_not_where_single_tokens_go()
    {
        var read = ConfigurationReader.ReadText("f", Text(
            $"  q: {{sequence: [tcp/17000, udp/8000, tcp/19000], opens: [s]}}\n  a: {{method: rolling, secret_file: {FileOf("a", Hex)}, pool: [tcp/10000-65535], opens: [s]}}\n"
            + $"  b: {{method: syn, secret_file: {FileOf("b", new string('7', 64))}, ports: [tcp/18000-18063], opens: [s]}}\n"));
        var traps = read.Configuration!.ChooseTraps().Ports;
        Assert.Contains(traps, t => t.Kind == StepKind.Tcp && t.Port is > 17_000 and < 19_000);
        Assert.DoesNotContain(traps, t => t.Kind == StepKind.Tcp && t.Port is >= 18_000 and <= 18_063);
    }

    [Theory]
    [InlineData("rolling", "length: 4\nstep: 60s\nbind: address\ndecoys: 5\npool: [tcp/1000-9999]\n")]
    [InlineData("ports", "span: 30000\ntransport: tcp\nbind: address\n")]
    public void A_profile_reads_back_and_shows_its_secret_only_when_asked(string method, string more)
    {
        var faults = new FaultList();
        using var profile = (TokenProfile)ProfileReader.Read("p", "f", $"method: {method}\nhost: gate.example.org\nsecret: {Hex}\nservices: [s]\nports: {{s: tcp/22}}\n{more}", faults)!;
        Assert.Empty(faults.Faults);
        var text = ProfileWriter.Write(profile, secrets: true);
        using var again = ProfileReader.Read("p", "f", text, faults)!;
        Assert.Equal(text, ProfileWriter.Write(again, secrets: true));
        Assert.DoesNotContain(Hex, ProfileWriter.Write(profile, secrets: false), StringComparison.Ordinal);
        Assert.Equal(method == "rolling" ? 9 : PortSpan.Symbols, profile.Knock(profile.DecoyCount, service: null).Packets);
    }

    [Theory]
    [InlineData("", "f:1:1: there is neither 'secret' nor 'secret_file'; write the secret as the gate has it, or the full path of a file that holds it")]
    [InlineData("secret: abc\n", "f:3:9: 'secret' is no secret; copy it as the gate has it: 16 to 64 bytes in hexadecimal or base64")]
    [InlineData("secret: 000102030405060708090a0b0c0d0e0f\ndecoys: 21\n", "f:4:9: 'decoys' cannot be '21'; write a whole number from 0 to 20")]
    [InlineData("secret: 000102030405060708090a0b0c0d0e0f\nspan: 1\n", "f:4:1: unknown key 'span' in a profile of method rolling; write one of: method, host, secret, secret_file, services, ports, address, decoys, pool, length, step, bind")]
    public void Its_faults_are_named(string more, string expected)
    {
        var faults = new FaultList();
        Assert.Null(ProfileReader.Read("p", "f", $"method: rolling\nhost: gate.example.org\n{more}", faults));
        Assert.Equal(expected, Assert.Single(faults.Faults).ToString());
    }

    private static string Text(string knocks) => $"services: {{s: {{ports: [tcp/22]}}}}\nknocks:\n{knocks}";

    private string FileOf(string name, string text)
    {
        var path = Path.Combine(_folder.FullName, name);
        File.WriteAllText(path, text + "\n");
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        return path;
    }
}
