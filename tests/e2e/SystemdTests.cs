using System.Diagnostics;
using Postern.Tests;

namespace Postern.EndToEnd.Tests;

/// <summary>The units, as systemd itself judges them. That the gate runs under them is for scripts/boot-test, which boots a system.</summary>
public sealed class SystemdTests
{
    private static readonly string Units = Path.Combine(GateHouse.Root, "packaging", "systemd");

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void The_unit_is_clean(bool managed)
    {
        var (code, output) = Analyze(managed, "verify", "--man=no", "--recursive-errors=no");
        Assert.True(code == 0 && output.Length == 0, output);
    }

    /// <summary>
    /// Tenths. What is left is what the gate is for: the host's network, packet and netlink sockets, and a steward who is root so as to start
    /// the others as somebody else. The steward reads nothing that a stranger sends; who does has far less.
    /// </summary>
    [Theory]
    [InlineData(false, 28)]
    [InlineData(true, 28)]
    public void The_unit_leaves_little_to_the_gate(bool managed, int most)
    {
        var (code, output) = Analyze(managed, "security", "--offline=true", "--no-pager", $"--threshold={most}");
        Assert.True(code == 0, output);
    }

    [Fact]
    public void A_gate_that_is_down_comes_back_for_ever()
    {
        var unit = File.ReadAllLines(Path.Combine(Units, "postern.service"));
        Assert.Contains("Restart=always", unit);
        Assert.Contains("StartLimitIntervalSec=0", unit);
    }

    /// <summary>With default dependencies the unit waits for sysinit.target, and that for the network on machines with cloud-init: a circle.</summary>
    [Fact]
    public void The_gate_is_closed_before_the_network_is_up()
    {
        var unit = File.ReadAllLines(Path.Combine(Units, "postern.service"));
        Assert.Contains("DefaultDependencies=no", unit);
        Assert.Contains(unit, l => l.StartsWith("Before=network-pre.target", StringComparison.Ordinal));
        Assert.Contains(unit, l => l.StartsWith("After=nftables.service", StringComparison.Ordinal));
    }

    /// <summary>Of a copy that names a program which is there, since postern is not installed here.</summary>
    private static (int Code, string Output) Analyze(bool managed, params string[] arguments)
    {
        Needs.Program("systemd-analyze");
        var folder = Directory.CreateTempSubdirectory("postern-units-");
        try
        {
            var unit = Path.Combine(folder.FullName, "postern.service");
            File.WriteAllText(unit, File.ReadAllText(Path.Combine(Units, "postern.service")).Replace("/usr/sbin/postern", "/bin/true", StringComparison.Ordinal));
            if (managed)
            {
                var dropIns = folder.CreateSubdirectory("postern.service.d");
                File.Copy(Path.Combine(Units, "postern.service.d", "managed.conf"), Path.Combine(dropIns.FullName, "managed.conf"));
            }

            var start = new ProcessStartInfo("systemd-analyze", [.. arguments, unit]) { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
            using var process = Process.Start(start)!;
            var (output, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
            process.WaitForExit();
            return (process.ExitCode, output.Result + error.Result);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }
}
