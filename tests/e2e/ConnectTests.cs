using System.Diagnostics;
using System.Security.Cryptography;
using System.Text.RegularExpressions;
using Postern.Tests;

namespace Postern.EndToEnd.Tests;

/// <summary>A real ssh to a real sshd through <c>ProxyCommand='postern connect %h %p'</c>, from behind a NAT that a neighbour shares.</summary>
public sealed class ConnectTests : IDisposable
{
    private readonly SpaHouse _house = new(options: "services=\"ssh\",source-port", services: SpaHouse.Services.Replace("5s", "60s", StringComparison.Ordinal));
    private readonly Home _home;
    private readonly Process _sshd;

    public ConnectTests()
    {
        Needs.Program("sshd");
        Needs.Program("ssh");
        _home = new(_house.House.Client);
        _house.MakeKey("host_key", "ed25519");
        Directory.CreateDirectory("/run/sshd");
        File.WriteAllText(_house.InGate("sshd_config"), $"""
            Port 22
            HostKey {_house.InClient("host_key")}
            AuthorizedKeysFile {_house.InClient("id_ed25519.pub")}
            StrictModes no
            PidFile none
            PermitRootLogin prohibit-password
            Subsystem sftp internal-sftp
            """);
        _sshd = _house.House.Gate.Start("/usr/sbin/sshd", "-D", "-f", _house.InGate("sshd_config"));
        GateHouse.Until(() => _house.House.Gate.Run("ss", "-Htln", "sport = :22").Length > 0, "sshd");
    }

    public void Dispose()
    {
        _sshd.Kill(entireProcessTree: true);
        _home.Dispose();
        _house.Dispose();
    }

    private static string Proxy => $"ProxyCommand={GateHouse.Postern} connect %h %p";

    private string[] Ssh(params string[] options) =>
    [
        "-F", "none", "-i", _house.KeyFile, "-o", "BatchMode=yes", "-o", "ConnectTimeout=3", "-o", "StrictHostKeyChecking=no",
        "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR", .. options,
    ];

    private (int Code, string Output) At(NetworkNamespace place, params string[] options) =>
        _house.At(place, ["ssh", "-n", .. Ssh(options), $"root@{GateHouse.Gate4}", "echo inside"]);

    [Fact(Timeout = 120_000)]
    public async Task Ssh_gets_in_by_it_and_not_without_it_and_the_neighbour_not_at_all()
    {
        await Task.Yield();
        Assert.Equal(255, At(_home.Alice).Code);
        Assert.Equal((0, "inside\n"), At(_home.Alice, "-o", Proxy));

        using var session = _house.StartAt(_home.Alice, ["ssh", "-n", .. Ssh("-o", Proxy), $"root@{GateHouse.Gate4}", "echo connected; sleep 20"]);
        Assert.Equal("connected", await session.StandardOutput.ReadLineAsync());
        Assert.True(_house.House.GrantCount > 0);
        Assert.Matches(@"^10\.77\.0\.2$", _house.House.Ask("grants")[0].GetProperty("address").GetString()!);
        Assert.True(_house.House.Ask("grants")[0].GetProperty("source_port").GetInt32() > 0);
        Assert.Equal("id_ed25519", _house.House.Ask("grants")[0].GetProperty("key").GetString());
        var (code, output) = At(_home.Neighbour);
        Assert.True(code == 255, output);
        Assert.Matches("[Tt]imed out|timeout", output);
        Assert.Equal(255, At(_home.Alice).Code);
        Assert.False(session.HasExited);
        session.Kill(entireProcessTree: true);
    }

    [Fact(Timeout = 120_000)]
    public async Task A_large_file_goes_through_whole_both_ways()
    {
        await Task.Yield();
        var (big, back) = (_house.InClient("big"), _house.InClient("back"));
        var bytes = RandomNumberGenerator.GetBytes(64 << 20);
        await File.WriteAllBytesAsync(big, bytes);
        var there = _house.InGate("big");
        var (code, output) = _house.At(_home.Alice, ["scp", "-q", .. Ssh("-o", Proxy), big, $"root@{GateHouse.Gate4}:{there}"]);
        Assert.True(code == 0, output);
        Assert.Equal(SHA256.HashData(bytes), SHA256.HashData(await File.ReadAllBytesAsync(there)));
        if (Needs.Find("rsync") is null)
            return;
        (code, output) = _house.At(_home.Alice, "rsync", "-e", "ssh " + string.Join(' ', Ssh("-o", $"'{Proxy}'")), $"root@{GateHouse.Gate4}:{there}", back);
        Assert.True(code == 0, output);
        Assert.Equal(SHA256.HashData(bytes), SHA256.HashData(await File.ReadAllBytesAsync(back)));
    }

    [Fact(Timeout = 60_000)]
    public async Task A_key_that_may_not_is_told_so_on_standard_error_and_ssh_fails()
    {
        await Task.Yield();
        File.WriteAllText(_house.AuthorizedKeys, "");
        GateHouse.Until(() => _house.House.Log.Contains("read anew: 0 keys", StringComparison.Ordinal), "the keys to go");
        var (code, output) = _house.At(_home.Alice, GateHouse.Postern, "connect", GateHouse.Gate4, "22", "--timeout", "2s");
        Assert.Equal(1, code);
        Assert.Contains("postern: error:", output, StringComparison.Ordinal);
        Assert.Contains("postern: hint:", output, StringComparison.Ordinal);
    }
}
