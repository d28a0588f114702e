using System.Diagnostics;
using Postern.Tests;

namespace Postern.EndToEnd.Tests;

/// <summary>What rsyslog does with the kernel's log, from now on.</summary>
internal sealed class SystemLogger : IDisposable
{
    private readonly Process _process;

    public SystemLogger(string file, DirectoryInfo folder)
    {
        Needs.Program("dmesg");
        File.WriteAllText(file, "");
        File.SetUnixFileMode(folder.FullName, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.OtherExecute | UnixFileMode.OtherRead);
        File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead);
        _process = Process.Start("sh", ["-c", $"dmesg --follow-new | while IFS= read -r line; do echo \"$(date '+%b %e %T') gate kernel: $line\"; done >>'{file}'"]);
    }

    public void Dispose()
    {
        _process.Kill(entireProcessTree: true);
        _process.WaitForExit();
        _process.Dispose();
    }
}
