using System.Diagnostics;
using System.Text;

namespace Postern.Tests;

/// <summary>The real ssh-keygen, in a folder of its own that goes with it.</summary>
internal sealed class OpenSsh : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    public OpenSsh()
    {
        Needs.Program("ssh-keygen");
        Folder = Directory.CreateTempSubdirectory("postern-keys-").FullName;
    }

    public string Folder { get; }

    public string File(string name) => Path.Combine(Folder, name);

    public string Write(string name, ReadOnlySpan<byte> bytes)
    {
        System.IO.File.WriteAllBytes(File(name), bytes);
        return File(name);
    }

    /// <summary>A new key; <paramref name="options"/> as for ssh-keygen. The path of the private one.</summary>
    public string NewKey(string name, string passphrase, params string[] options)
    {
        Run("ssh-keygen", ["-q", "-N", passphrase, "-C", name + "@test", "-f", File(name), .. options]);
        return File(name);
    }

    public string Run(string program, params string[] arguments) =>
        TryRun([], program, arguments, out var output) ? output : throw new InvalidOperationException($"{program} {string.Join(' ', arguments)}\n{output}");

    public bool TryRun(byte[] input, string program, string[] arguments, out string output)
    {
        var start = new ProcessStartInfo(Needs.Find(program)!, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
            StandardOutputEncoding = Encoding.UTF8,
        };
        start.Environment["HOME"] = Folder;
        start.Environment.Remove("SSH_AUTH_SOCK");
        start.Environment.Remove("DISPLAY");
        foreach (var (name, value) in Environment)
            start.Environment[name] = value;
        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync();
        var standard = process.StandardOutput.ReadToEndAsync();
        try
        {
            process.StandardInput.BaseStream.Write(input);
            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // It did not want to read it all.
        }

        if (!process.WaitForExit(Patience))
        {
            process.Kill(entireProcessTree: true);
            process.WaitForExit();
        }

        output = standard.Result + error.Result;
        return process.ExitCode == 0;
    }

    /// <summary>Set for every program that is run.</summary>
    public Dictionary<string, string> Environment { get; } = [];

    public void Dispose() => Directory.Delete(Folder, recursive: true);
}
