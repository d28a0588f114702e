using System.Text.Json;
using System.Text.RegularExpressions;
using Postern.Cli.Configuration;
using Postern.Cli.Profiles;
using Postern.Tests;

namespace Postern.Cli.Tests.Profiles;

/// <summary>A profile with <c>method: fwknop</c>: what it means, its faults, and that its packet asks for what fwknop's own client would ask for by the same stanza.</summary>
public sealed partial class FwknopProfileTests
{
    private const string Whole = """
        method: fwknop
        host: gate.example.org
        key_base64: AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=
        hmac_key: hunter2 of the hmac
        access: [tcp/22]

        """;

    private const string Rc = """
        [default]
        KEY_BASE64 AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=
        HMAC_KEY_BASE64 AwoRGB8mLTQ7QklQV15lbHN6gYiPlp2kq7K5wMfO1dzj6vH4/wYNFBsiKTA3PkVMU1phaG92fYSLkpmgp661vA==
        USE_HMAC Y
        SPOOF_USER alice
        [plain]
        SPA_SERVER 198.51.100.1
        ACCESS tcp/22,udp/53   # two of them
        ALLOW_IP 192.0.2.10
        [timed]
        SPA_SERVER: 198.51.100.1
        ACCESS: tcp/22;
        ALLOW_IP: source
        FW_TIMEOUT: 60
        HMAC_DIGEST_TYPE: sha512
        DIGEST_TYPE: md5
        [nat]
        SPA_SERVER 198.51.100.1
        ACCESS tcp/22
        ALLOW_IP 192.0.2.10
        NAT_ACCESS 10.0.0.5:2222
        [nat-port]
        SPA_SERVER 198.51.100.1
        ACCESS tcp/22
        ALLOW_IP 192.0.2.10
        NAT_ACCESS 10.0.0.5
        NAT_PORT 40022
        [local]
        SPA_SERVER 198.51.100.1
        ACCESS tcp/22
        ALLOW_IP 192.0.2.10
        NAT_LOCAL Y
        NAT_PORT 40022
        FW_TIMEOUT 30
        [text-key]
        SPA_SERVER 198.51.100.1
        ACCESS tcp/22
        ALLOW_IP 192.0.2.10
        KEY passphrase
        KEY_BASE64 AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=
        TIME_OFFSET 60
        [gpg]
        SPA_SERVER 198.51.100.1
        ACCESS tcp/22
        USE_GPG Y
        GPG_RECIPIENT ABCD1234
        SORUCE what

        """;

    private static (FwknopProfile? Profile, string[] Faults) Read(string text)
    {
        var faults = new FaultList();
        var profile = ProfileReader.Read("home", "f", text, faults);
        return ((FwknopProfile?)profile, [.. faults.Faults.Select(f => f.ToString())]);
    }

    [Fact]
    public void What_is_left_out_has_its_default()
    {
        var (profile, faults) = Read(Whole);
        Assert.Empty(faults);
        Assert.Equal("udp/62201 cbc sha256 sha256 auto", $"{profile!.Path.Transport}/{profile.Path.Port} {profile.Mode} {profile.Mac!.Digest} {profile.Wish.Digest} {profile.Address}".ToLowerInvariant());
        Assert.Equal((0, null, "", (ushort)0), (profile.Wish.Seconds, profile.Wish.Nat, profile.Wish.User, profile.NatPort));
    }

    [Theory]
    [InlineData("timeout: 90s\nuser: al\naddress: source\ntransport: http\nport: 80\nmode: ctr\ndigest: sha3-512\nhmac_digest: sha3_256\nnat: local\nnat_port: 2222\nsource_port: 4444")]
    [InlineData("nat: db.example.org:5432\naddress: 192.0.2.7")]
    [InlineData("nat: 10.0.0.5\naddress: https://echo.example.org/ip")]
    public void What_is_written_is_read_back_and_secrets_are_not_shown(string more)
    {
        var (profile, faults) = Read(Whole + more);
        Assert.Empty(faults);
        var text = ProfileWriter.Write(profile!, secrets: true);
        var (back, again) = Read(text);
        Assert.Empty(again);
        Assert.Equal(text, ProfileWriter.Write(back!, secrets: true));
        Assert.Equal(profile!.Wish.Nat, back!.Wish.Nat);
        Assert.DoesNotContain("AQID", ProfileWriter.Write(back, secrets: false), StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", ProfileWriter.Write(back, secrets: false), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("method: fwknob\nhost: a", "f:1:9: 'method' cannot be 'fwknob'; did you mean 'fwknop'?")]
    [InlineData("method: fwknop", "f:1:1: 'host' is missing; write the name")]
    [InlineData("method: fwknop\nhost: a\naccess: [tcp/22]", "f:1:1: 'key_base64' is missing")]
    [InlineData(Whole + "gate_key: a", "f:6:1: unknown key 'gate_key' in a profile of fwknop")]
    [InlineData("method: fwknop\nhost: a\nkey_base64: hunter2!", "f:3:13: 'key_base64' is not a key of fwknop; it has 1 to 32 bytes, written as base64")]
    [InlineData("method: fwknop\nhost: a\nkey: hunter2 hunter2 hunter2 hunter2 hunter2", "f:3:6: 'key' is not a key of fwknop; it has 1 to 32 bytes")]
    [InlineData("method: fwknop\nhost: a\nkey: hunter2\nkey_base64: AAAA", "f:3:6: 'key' and 'key_base64' are both there")]
    [InlineData("method: fwknop\nhost: a\nkey: hunter2\nhmac_key: hunter2\naccess: tcp/22", "f:4:11: the two keys are the same")]
    [InlineData("method: fwknop\nhost: a\nkey: hunter2\nhmac_digest: md5", "f:4:14: 'hmac_digest' stands without a key")]
    [InlineData("method: fwknop\nhost: a\nkey: hunter2", "f:1:1: it asks for nothing; write access: [tcp/22]")]
    [InlineData("method: fwknop\nhost: a\nkey: hunter2\naccess: []", "f:4:9: it asks for nothing")]
    [InlineData(Whole + "mode: legacy", "f:4:11: the mode legacy has no HMAC")]
    [InlineData(Whole + "mode: gcm", "f:6:7: 'mode' cannot be 'gcm'")]
    [InlineData(Whole + "digest: sha257", "f:6:9: 'digest' cannot be 'sha257'; did you mean 'sha256'?")]
    [InlineData(Whole + "transport: sctp", "f:6:12: 'transport' cannot be 'sctp'")]
    [InlineData(Whole + "nat: 10.0.0.5:0", "f:6:6: 'nat' cannot be '10.0.0.5:0'")]
    [InlineData(Whole + "nat_port: 22", "f:6:11: 'nat_port' stands without 'nat'")]
    [InlineData(Whole + "command: id", "f:6:10: it asks for ports and for a command")]
    [InlineData(Whole + "user: a:b", "f:6:7: 'user' cannot be 'a:b'")]
    [InlineData(Whole + "address: '2001:db8::1'", "f:6:10: 'address' cannot be '2001:db8::1'")]
    [InlineData(Whole + "timeout: 2d", "f:6:10: 'timeout' is '2d', which is too long")]
    [InlineData(Whole + "port: 0", "f:6:7: 'port' cannot be '0'")]
    [InlineData("method: fwknop\nhost: a\nkey: hunter2\naccess: [tcp/1, tcp/2]\nnat: local", "f:5:6: 'nat' is for one port")]
    public void Every_fault_has_its_place(string text, string expected)
    {
        var (profile, faults) = Read(text);
        Assert.Null(profile);
        Assert.Contains(faults, f => f.StartsWith(expected, StringComparison.Ordinal));
        Assert.All(faults, f => Assert.DoesNotContain("hunter2", f, StringComparison.Ordinal));
    }

    [Fact]
    public void Imported_stanzas_ask_for_what_the_real_client_asks_for()
    {
        Needs.Program("fwknop");
        using var home = new UserHome();
        var rc = Path.Combine(home.Folder, ".fwknoprc");
        File.WriteAllText(rc, Rc);
        File.SetUnixFileMode(rc, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        var (code, output, error) = home.Postern("import", "fwknoprc");
        Assert.True(code == 0, error);
        Assert.Equal(6, output.Split("added '").Length - 1);
        Assert.Contains($"{rc}:41: TIME_OFFSET is not carried over", error, StringComparison.Ordinal);
        Assert.Contains($"{rc}:47: 'SORUCE' is no setting", error, StringComparison.Ordinal);
        Assert.Contains("[gpg] is left out: it encrypts with GnuPG", error, StringComparison.Ordinal);
        Assert.DoesNotContain("AQID", output + error, StringComparison.Ordinal);

        foreach (var name in (string[])["plain", "timed", "nat", "nat-port", "local", "text-key"])
        {
            var theirs = Fields(home.Run("fwknop", "", "--rc-file", rc, "-n", name, "-T", "-v", "--no-save-args").Output);
            var (previewed, json, complaint) = home.Postern("knock", name, "--dry-run", "--json");
            Assert.True(previewed == 0, complaint);
            var ours = JsonDocument.Parse(json).RootElement;
            var address = ours.TryGetProperty("address", out var named) ? named.GetString() : "0.0.0.0";
            Assert.Equal(theirs["Message Type"].Split(' ')[0], ours.GetProperty("type").ToString());
            Assert.Equal(theirs["Message String"], $"{address},{string.Join(',', ours.GetProperty("access").EnumerateArray().Select(p => p.GetString()))}");
            Assert.Equal(theirs["Nat Access"], ours.TryGetProperty("nat", out var nat) ? nat.GetString()!.Replace(':', ',') : "<NULL>");
            Assert.Equal(theirs["Client Timeout"], ours.GetProperty("seconds").ToString());
            Assert.Equal(theirs["Username"], ours.GetProperty("user").GetString());
            Assert.Contains($"({ours.GetProperty("digest").GetString()})", theirs["Digest Type"], StringComparison.OrdinalIgnoreCase);
            Assert.Contains($"({ours.GetProperty("hmac").GetString()})", theirs["HMAC Type"], StringComparison.OrdinalIgnoreCase);
            Assert.Equal(theirs["Final SPA Data"].Length, ours.GetProperty("packet").GetString()!.Length);
        }

        var (_, list, _) = home.Postern("profile", "list");
        Assert.Matches(@"nat-port\s+198\.51\.100\.1\s+tcp/22", list);
        var (_, shown, _) = home.Postern("profile", "show", "plain");
        Assert.DoesNotContain("AQID", shown, StringComparison.Ordinal);
        Assert.Equal(2, home.Postern("close", "plain").Code);
        Assert.Equal(2, home.Postern("connect", "plain", "22").Code);
        Assert.Equal(2, home.Postern("knock", "plain", "ssh", "--dry-run").Code);
        Assert.Contains("\"seconds\":600", home.Postern("knock", "plain", "tcp/2222", "--for", "10m", "--dry-run", "--json").Output, StringComparison.Ordinal);
    }

    /// <summary>What <c>fwknop -v</c> prints of its packet; of what is printed twice, the first.</summary>
    private static Dictionary<string, string> Fields(string output) =>
        Line().Matches(output).GroupBy(m => m.Groups["name"].Value, StringComparer.Ordinal).ToDictionary(g => g.Key, g => g.First().Groups["value"].Value, StringComparer.Ordinal);

    [GeneratedRegex(@"^ *(?<name>[A-Za-z][A-Za-z ]+): (?<value>.*)$", RegexOptions.Multiline | RegexOptions.ExplicitCapture)]
    private static partial Regex Line();
}
