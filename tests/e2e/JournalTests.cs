using System.Globalization;
using Postern.Tests;

namespace Postern.EndToEnd.Tests;

/// <summary>
/// <c>capture: journal</c> with all of it real: a rule that logs, the kernel's log, systemd-journald, journalctl.
/// </summary>
[Collection(KernelLog.Collection)]
public sealed class JournalTests
{
    private const string Journald = "/usr/lib/systemd/systemd-journald";

    /// <summary>A journald of its own, in a mount namespace of its own, and the gate beside it, with whose steward it ends. ip-netns(8) takes the groups of processes away, without which journald writes nothing.</summary>
    private const string BesideJournald = $"""
        set -e
        mkdir -p /run/systemd /run/log
        mountpoint -q /sys/fs/cgroup || mount -t cgroup2 none /sys/fs/cgroup
        mount -t tmpfs none /run/systemd
        mount -t tmpfs none /run/log
        mkdir -p /run/log/journal /run/systemd/journal
        [ -s /etc/machine-id ] || (echo 0123456789abcdef0123456789abcdef >/run/log/id; mount --bind /run/log/id /etc/machine-id)
        setpriv --pdeathsig KILL {Journald} &
        until ls /run/log/journal/*/*.journal >/run/log/found 2>&1; do sleep 0.1; done
        exec "$@"
        """;

    [Fact]
    public void What_the_kernel_logs_opens_a_port_and_what_a_program_logs_does_not()
    {
        Needs.Root();
        Needs.Program("journalctl");
        Needs.Program("knock");
        Needs.Program("nsenter");
        Needs.Program("systemd-cat");
        Assert.SkipUnless(File.Exists(Journald), $"needs {Journald}");
        using var log = KernelLog.OfAllNamespaces();
        using var house = new GateHouse(start: false);
        house.ServeTcp(22);
        KernelLog.AddRule(house);
        house.Write(GateHouse.Configuration, "  capture: journal\n");
        house.Start("unshare", "--mount", "--propagation", "private", "bash", "-c", BesideJournald, "bash");
        Forge(house); // whoever may write to the journal can say that he is the kernel, and is not believed
        GateHouse.Until(
            () =>
            {
                house.Knock("knock", "-d", "30", GateHouse.Gate4, "7000", "8000:udp", "9000");
                return house.IsOpen(GateHouse.Gate4);
            },
            "the port to open"); // journalctl may begin to follow a moment after the gate is ready
        Forge(house);
        house.Knock("knock", "-6", "-d", "30", GateHouse.Gate6, "7000", "8000:udp", "9000");
        GateHouse.Until(() => house.IsOpen(GateHouse.Gate6), "the port to open over IPv6");
        Assert.DoesNotContain(Forged, house.Log, StringComparison.Ordinal);
        Assert.Equal("journal", house.Ask("status").GetProperty("capture").GetString());
    }

    private const string Forged = "192.0.2.99";

    private static void Forge(GateHouse house)
    {
        foreach (var line in LogTests.Steps(Forged))
            house.Gate.Run("nsenter", "--mount", "--target", house.Pid.ToString(CultureInfo.InvariantCulture), "systemd-cat", "-t", "kernel", "-p", "warning", "echo", line[line.IndexOf("IN=", StringComparison.Ordinal)..]);
    }

    [Theory]
    [InlineData("rolling")]
    [InlineData("ports")]
    [InlineData("syn")]
    public void A_token_in_what_the_kernel_logs_opens_a_port(string method)
    {
        Needs.Root();
        Needs.Program("journalctl");
        Assert.SkipUnless(File.Exists(Journald), $"needs {Journald}");
        using var log = KernelLog.OfAllNamespaces();
        using var token = new TokenHouse(MethodSourceTests.KnockOf(method), gate: "  capture: journal\n", start: false);
        KernelLog.AddRule(token.House);
        token.House.Start("unshare", "--mount", "--propagation", "private", "bash", "-c", BesideJournald, "bash");
        token.Profile(MethodSourceTests.ProfileOf(method));
        GateHouse.Until(() => token.Postern("knock", "gate").Code == 0, "the port to open: " + token.House.Log);
        Assert.True(token.House.IsOpen(GateHouse.Gate4));
    }

    [Fact]
    public void A_connection_that_carries_its_token_gets_in()
    {
        Needs.Root();
        Needs.Program("journalctl");
        Assert.SkipUnless(File.Exists(Journald), $"needs {Journald}");
        using var log = KernelLog.OfAllNamespaces();
        using var token = new TokenHouse(MethodSourceTests.KnockOf("syn") + "\n    grant: connection", gate: "  capture: journal\n", start: false);
        KernelLog.AddRule(token.House);
        token.House.Start("unshare", "--mount", "--propagation", "private", "bash", "-c", BesideJournald, "bash");
        GateHouse.Until(() => MethodSourceTests.ConnectionCarriesItsToken(token), "the connection: " + token.House.Log);
    }

    [Fact]
    public void A_one_time_sequence_opens_a_port_once()
    {
        Needs.Root();
        Needs.Program("journalctl");
        Assert.SkipUnless(File.Exists(Journald), $"needs {Journald}");
        using var log = KernelLog.OfAllNamespaces();
        var folder = Directory.CreateTempSubdirectory("postern-journal-");
        using (var house = MethodSourceTests.OneTime(folder, "journal"))
        {
            KernelLog.AddRule(house);
            house.Start("unshare", "--mount", "--propagation", "private", "bash", "-c", BesideJournald, "bash");
            MethodSourceTests.OpensOnce(house);
        }

        folder.Delete(recursive: true);
    }
}
