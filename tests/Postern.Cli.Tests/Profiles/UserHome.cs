using System.Collections.Immutable;
using System.Diagnostics;
using Postern.Client.Invitations;
using Postern.Client.Spa;
using Postern.Keys;
using Postern.Tests;

namespace Postern.Cli.Tests.Profiles;

/// <summary>A user with a home of his own, an SSH key in it, and no agent; the program is started as he would start it.</summary>
internal sealed class UserHome : IDisposable
{
    private static readonly string Program = Path.Combine(AppContext.BaseDirectory, "postern.dll");

    public UserHome()
    {
        Folder = Directory.CreateTempSubdirectory("postern-home-").FullName;
        Directory.CreateDirectory(Path.Combine(Folder, ".ssh"));
    }

    public string Folder { get; }

    public BoxKeyPair GateKey { get; } = BoxKeyPair.Generate();

    public GateSecret Secret { get; } = GateSecret.Generate();

    public string ProfilePath(string name) => Path.Combine(Folder, ".config", "postern", name + ".yaml");

    public string Invitation(string host = "gate.example.org", string services = "ssh", bool receipts = false, params Carrier[] carriers)
    {
        Span<byte> bytes = stackalloc byte[GateSecret.Size];
        Secret.Export(bytes);
        using var invitation = new Invitation(host, "home", GateKey.Public, GateSecret.From(bytes))
        {
            Services = services.Length == 0 ? [] : [.. services.Split(',')],
            Ports = services.Split(',').Contains("ssh") ? ImmutableSortedDictionary<string, ushort>.Empty.Add("ssh", 22) : ImmutableSortedDictionary<string, ushort>.Empty,
            Receipts = receipts,
            Carriers = carriers.Length == 0 ? [Carrier.Usual] : [.. carriers],
        };
        return invitation.Write();
    }

    /// <summary>As ssh-keygen makes it: the truth is OpenSSH's.</summary>
    public string MakeKey(string type = "ed25519", string passphrase = "", string name = "id_ed25519")
    {
        Needs.Program("ssh-keygen");
        var path = Path.Combine(Folder, ".ssh", name);
        Run("ssh-keygen", "", "-q", "-t", type, "-N", passphrase, "-C", "test@home", "-f", path);
        return path;
    }

    public (int Code, string Output, string Error) Postern(params string[] arguments) => Run("dotnet", "", [Program, .. arguments]);

    public (int Code, string Output, string Error) PosternTold(string input, params string[] arguments) => Run("dotnet", input, [Program, .. arguments]);

    public (int Code, string Output, string Error) Run(string program, string input, params string[] arguments)
    {
        using var process = Start(program, arguments);
        process.StandardInput.Write(input);
        process.StandardInput.Close();
        var output = process.StandardOutput.ReadToEndAsync();
        var error = process.StandardError.ReadToEndAsync();
        if (!process.WaitForExit(TimeSpan.FromSeconds(50)))
            process.Kill(entireProcessTree: true);
        return (process.ExitCode, output.Result, error.Result);
    }

    public Process StartPostern(params string[] arguments) => Start("dotnet", [Program, .. arguments]);

    /// <summary>In a network namespace, where one is given.</summary>
    public Process StartPosternIn(NetworkNamespace space, params string[] arguments) => Start("ip", ["netns", "exec", space.Name, "dotnet", Program, .. arguments]);

    private Process Start(string program, string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        start.Environment["HOME"] = Folder;
        start.Environment["NO_COLOR"] = "1";
        foreach (var name in (string[])["XDG_CONFIG_HOME", "XDG_STATE_HOME", "SSH_AUTH_SOCK", "POSTERN_SEQUENCE"])
            start.Environment.Remove(name);
        foreach (var (name, value) in Environment)
            start.Environment[name] = value;
        return Process.Start(start)!;
    }

    public Dictionary<string, string> Environment { get; } = new(StringComparer.Ordinal);

    public void Dispose()
    {
        GateKey.Dispose();
        Secret.Dispose();
        Directory.Delete(Folder, recursive: true);
    }
}
