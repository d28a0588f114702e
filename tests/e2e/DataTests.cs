using Postern.Tests;

namespace Postern.EndToEnd.Tests;

/// <summary>What rides along with a knock, from the client's command line to the argument of a real script, and again when that is undone.</summary>
public sealed class DataTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("postern-data-");

    public DataTests()
    {
        File.WriteAllText(Script, $"#!/bin/sh\necho \"$POSTERN_ACTION $#\" \"$@\" >> {Diary}\n");
        File.SetUnixFileMode(Script, (UnixFileMode)0x1ed /* 0755 */);
        File.WriteAllText(Diary, "");
        File.SetUnixFileMode(Diary, (UnixFileMode)0x1b6 /* 0666 */);
        File.SetUnixFileMode(_folder.FullName, (UnixFileMode)0x1ed);
    }

    private string Script => Path.Combine(_folder.FullName, "wake");

    private string Diary => Path.Combine(_folder.FullName, "diary");

    private string[] Entries => File.ReadAllLines(Diary);

    private string Services => $$"""
        services:
          ssh:
            ports: [tcp/22]
          wake:
            run: [{{Script}}, "{data}", "--for={address}"]
            undo: [{{Script}}, "sleep:{data}"]
            open_for: 3s
        """;

    [Fact]
    public void A_signed_request_carries_it()
    {
        using var house = new SpaHouse(services: Services);
        Assert.Equal(0, house.Client("knock", "gate", "wake", "--data", "nas-2", "--no-wait").Code);
        GateHouse.Until(() => Entries.Length == 2, "the run, and its undo: " + house.House.Log);
        Assert.Equal([$"run 2 nas-2 --for={GateHouse.Client4}", "undo 1 sleep:nas-2"], Entries);
        GateHouse.Until(() => house.House.GrantCount == 0, "the end");
        Assert.Contains(house.Audit, line => line.StartsWith("opened service=wake address=10.77.0.2 data=nas-2 key=id_ed25519", StringComparison.Ordinal));

        house.Client("knock", "gate", "wake", "--no-wait");
        house.Client("knock", "gate", "ssh", "--data", "nas-2", "--no-wait");
        GateHouse.Until(() => house.Audit.Any(l => l.Contains("refusal=data-missing", StringComparison.Ordinal)) && house.Audit.Any(l => l.Contains("refusal=data-not-taken", StringComparison.Ordinal)), "both refusals: " + house.House.Log);
        Assert.Equal(2, Entries.Length);
        foreach (var bad in (string[])["-rf", "a b", "a/b", "$(id)", "../x", ";x", new('a', 25)])
        {
            var (code, output) = house.Client("knock", "gate", "wake", "--data=" + bad, "--no-wait");
            Assert.True(code == 2 && output.Contains("--data cannot be", StringComparison.Ordinal), output);
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_token_in_port_numbers_carries_it_from_our_client_and_from_the_page_of_python(bool isOurs)
    {
        Needs.Program("python3");
        using var token = new TokenHouse("    method: ports\n    data: true", policy: "", services: Services, opens: "wake, ssh");
        token.Profile($"""
            method: ports
            host: {GateHouse.Gate4}
            secret: {TokenHouse.Secret}
            """);
        var (code, output) = isOurs
            ? token.Postern("knock", "gate", "wake", "--data", "tv@home:1", "--no-wait")
            : token.House.FromClient("python3", Path.Combine(GateHouse.Root, "docs", "clients", "knock-ports.py"), GateHouse.Gate4, TokenHouse.Secret, "--service", "wake", "--data", "tv@home:1");
        Assert.True(code == 0, output);
        GateHouse.Until(() => Entries.Length == 2, "the run, and its undo: " + output + token.House.Log);
        Assert.Equal([$"run 2 tv@home:1 --for={GateHouse.Client4}", "undo 1 sleep:tv@home:1"], Entries);
        Assert.Contains("knock=phone data=tv@home:1", token.House.Log, StringComparison.Ordinal);

        token.Postern("knock", "gate", "--data", "x", "--no-wait"); // wake and ssh, which takes none
        GateHouse.Until(() => token.House.Log.Contains("refusal=data-not-taken", StringComparison.Ordinal), "the refusal: " + token.House.Log);
        token.Postern("knock", "gate", "ssh", "tcp/22"); // one without data is good at the same ports
        GateHouse.Until(() => token.House.Log.Contains("opened service=ssh", StringComparison.Ordinal), "ssh: " + token.House.Log);
    }

    public void Dispose() => _folder.Delete(recursive: true);
}
