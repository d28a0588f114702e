using System.Diagnostics;

namespace Postern.Tests;

/// <summary>The real ssh-agent at a socket of its own, ended by its own process.</summary>
internal sealed class RealAgent : IDisposable
{
    private readonly Process _process;
    private readonly OpenSsh _ssh;

    public RealAgent(OpenSsh ssh)
    {
        Needs.Program("ssh-agent");
        Needs.Program("ssh-add");
        _ssh = ssh;
        Socket = ssh.File("agent");
        _process = Process.Start(new ProcessStartInfo(Needs.Find("ssh-agent")!, ["-D", "-a", Socket]) { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false })!;
        _ = _process.StandardOutput.ReadToEndAsync();
        _ = _process.StandardError.ReadToEndAsync();
        for (var patience = Stopwatch.StartNew(); !File.Exists(Socket); Thread.Sleep(10))
            Assert.True(patience.Elapsed < TimeSpan.FromSeconds(30), "ssh-agent does not start");
        ssh.Environment["SSH_AUTH_SOCK"] = Socket;
    }

    public string Socket { get; }

    public void Add(string keyFile) => _ssh.Run("ssh-add", "-q", keyFile);

    /// <summary>With a passphrase, which ssh-add asks a program for.</summary>
    public void Lock(bool locked)
    {
        var ask = _ssh.Write("ask", "#!/bin/sh\necho secret\n"u8);
        File.SetUnixFileMode(ask, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        _ssh.Environment["SSH_ASKPASS"] = ask;
        _ssh.Environment["SSH_ASKPASS_REQUIRE"] = "force";
        _ssh.Run("ssh-add", locked ? "-x" : "-X");
    }

    public void End()
    {
        _process.Kill();
        _process.WaitForExit();
    }

    public void Dispose()
    {
        End();
        _process.Dispose();
    }
}
