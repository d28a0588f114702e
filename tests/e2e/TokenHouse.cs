using Postern.Tests;

namespace Postern.EndToEnd.Tests;

/// <summary>A gate with knocks by tokens, their secrets, and a client with profiles for them.</summary>
internal sealed class TokenHouse : IDisposable
{
    public const string Secret = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

    private const string Usual = """
        services:
          ssh:
            ports: [tcp/22]
            open_for: 20s
          web:
            ports: [tcp/80, tcp/8080]
            open_for: 20s
        """;

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("postern-test-");

    /// <param name="knock">The lines of the one knock, but its secret.</param>
    /// <param name="policy">What else is written in the configuration.</param>
    /// <param name="gate">More lines of the section <c>gate</c>.</param>
    /// <param name="start">The gate is to run at once.</param>
    /// <param name="services">What there is; null: ssh and web.</param>
    /// <param name="opens">What the knock opens of it.</param>
    public TokenHouse(string knock, string policy = "", string gate = "", bool start = true, string? services = null, string opens = "ssh, web")
    {
        File.WriteAllText(SecretFile, Secret + "\n");
        File.SetUnixFileMode(SecretFile, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        Directory.CreateDirectory(Path.Combine(_folder.FullName, "config", "postern"), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        House = new(
            $"""
            {services ?? Usual}
            knocks:
              phone:
                secret_file: {SecretFile}
                opens: [{opens}]
            {knock}
            {policy}
            """, start: false);
        House.Write(File.ReadAllText(House.ConfigurationFile).Split("\n", 3)[2], $"  ledger: {Path.Combine(_folder.FullName, "ledger")}\n{gate}");
        if (start)
            House.Start();
        House.ServeTcp(22);
        House.ServeTcp(80);
    }

    public GateHouse House { get; }

    public string SecretFile => Path.Combine(_folder.FullName, "phone.secret");

    /// <summary>Writes the profile "gate".</summary>
    public void Profile(string text)
    {
        var file = Path.Combine(_folder.FullName, "config", "postern", "gate.yaml");
        File.WriteAllText(file, text + "\n");
        File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
    }

    /// <summary>Our own client, with that profile.</summary>
    public (int Code, string Output) Postern(params string[] command) =>
        House.FromClient(["env", $"XDG_CONFIG_HOME={Path.Combine(_folder.FullName, "config")}", GateHouse.Postern, .. command]);

    public void Dispose()
    {
        House.Dispose();
        _folder.Delete(recursive: true);
    }
}
