using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Postern.Tests;

namespace Postern.EndToEnd.Tests;

/// <summary>A gate that takes single packets, a client whose key it knows, and the client's profile, all made as a user makes them: by the commands.</summary>
internal sealed class SpaHouse : IDisposable
{
    public const string Services = """
        services:
          ssh:
            ports: [tcp/22]
            open_for: 5s
          web:
            ports: [tcp/80]
            open_for: 5s
        """;

    private readonly string _services;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("postern-spa-");

    public SpaHouse(string spa = "", string options = "", string gate = "", string ports = "udp/62201", string services = Services, string? program = null)
    {
        Needs.Program("ssh-keygen");
        House = new(start: false, program: program);
        (Spa, Gate) = (spa, gate);
        (Ports, _services) = (ports, services);
        AuthorizedKeys = InGate("authorized_keys");
        LedgerFile = InGate("ledger");
        Assert.Equal(0, House.RunToEnd(GateHouse.Postern, "init", "--config", InGate("postern.yaml")).Code);
        File.Delete(InGate("postern.yaml"));
        WriteConfiguration();
        MakeKey("id_ed25519", "ed25519");
        Authorize("id_ed25519", options);
        Start();
        Enroll();
    }

    public GateHouse House { get; }

    public string Spa { get; set; }

    public string Gate { get; set; }

    public string Ports { get; }

    public string KeyFile => InClient("id_ed25519");

    public string LedgerFile { get; set; }

    public string AuthorizedKeys { get; set; }

    public string GateKey => InGate("gate.key");

    public string InGate(string name) => Path.Combine(Directory.CreateDirectory(Path.Combine(_folder.FullName, "gate")).FullName, name);

    public string InClient(string name) => Path.Combine(Directory.CreateDirectory(Path.Combine(_folder.FullName, "client")).FullName, name);

    public void WriteConfiguration() => House.Write(
        $"""
        {_services}
        spa:
          ports: [{Ports}]
          key: {InGate("gate.key")}
          authorized_keys: {AuthorizedKeys}
        {Spa}
        """,
        $"{Gate}  ledger: {LedgerFile}\n");

    public void Start() => House.Start();

    public void MakeKey(string name, string type, params string[] more)
    {
        using var process = Process.Start(new ProcessStartInfo("ssh-keygen", ["-q", "-t", type, "-N", "", "-C", name, "-f", InClient(name), .. more]) { UseShellExecute = false })!;
        process.WaitForExit();
        Assert.Equal(0, process.ExitCode);
    }

    public void Authorize(string key, string options = "") =>
        File.AppendAllText(AuthorizedKeys, $"{options} {File.ReadAllText(InClient(key + ".pub")).Trim()}\n".TrimStart());

    /// <summary>The invitation goes from the one command to the other, as on paper.</summary>
    public void Enroll(string host = GateHouse.Gate4, string name = "gate", params string[] more)
    {
        var (code, invitation) = House.RunToEnd(GateHouse.Postern, "enroll", "client", "--host", host, "--no-qr", "--config", House.ConfigurationFile);
        Assert.True(code == 0, invitation);
        File.WriteAllText(InClient(name + ".invitation"), invitation.Split('\n').First(l => l.StartsWith("postern://", StringComparison.Ordinal)) + "\n");
        File.SetUnixFileMode(InClient(name + ".invitation"), UnixFileMode.UserRead | UnixFileMode.UserWrite);
        var (added, output) = Client("profile", ["add", InClient(name + ".invitation"), "--name", name, "--key", KeyFile, .. more]);
        Assert.True(added == 0, output);
    }

    public (int Code, string Output) Client(string command, params string[] arguments) => At(House.Client, [GateHouse.Postern, command, .. arguments]);

    /// <summary>Runs a program as the client's user would, with his folders and nobody's agent.</summary>
    public (int Code, string Output) At(NetworkNamespace place, params string[] command)
    {
        using var process = StartAt(place, command);
        var (output, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        if (!process.WaitForExit(Patience))
            process.Kill(entireProcessTree: true);
        process.WaitForExit();
        return (process.ExitCode, output.Result + error.Result);
    }

    public Process StartAt(NetworkNamespace place, params string[] command) =>
        place.Start("env", ["-u", "SSH_AUTH_SOCK", $"HOME={InClient("")}", $"XDG_CONFIG_HOME={InClient("config")}", .. command]);

    /// <summary>The packet of a knock that is made and not sent: what <c>--dry-run</c> prints of it.</summary>
    public byte[] Packet(string command, params string[] arguments)
    {
        var (code, output) = Client(command, [.. arguments, "--dry-run", "--json"]);
        Assert.True(code == 0, output);
        return Convert.FromHexString(System.Text.Json.JsonDocument.Parse(output).RootElement.GetProperty("packet").GetString()!);
    }

    public void SendUdp(byte[] packet, string from = GateHouse.Client4, int times = 1, int port = 62201)
    {
        using var socket = House.Client.Enter(() => new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp));
        socket.Bind(new IPEndPoint(IPAddress.Parse(from), 0));
        for (var i = 0; i < times; i++)
        {
            try
            {
                socket.SendTo(packet, new IPEndPoint(IPAddress.Parse(GateHouse.Gate4), port));
            }
            catch (SocketException)
            {
                // A port unreachable for the one before: the gate's kernel has nobody listening there.
            }
        }
    }

    /// <summary>The audit lines of the gate.</summary>
    public string[] Audit => [.. House.Log.Split('\n').Where(l => l.Contains("address=", StringComparison.Ordinal)).Select(l => l[l.IndexOf(l.Split(' ').First(w => w is "opened" or "extended" or "closed" or "refused" or "ended" or "kept" or "revoked" or "ran" or "undone" or "failed"), StringComparison.Ordinal)..])];

    public int Opened => Audit.Count(l => l.StartsWith("opened ", StringComparison.Ordinal));

    public void Dispose()
    {
        House.Dispose();
        _folder.Delete(recursive: true);
    }
}
