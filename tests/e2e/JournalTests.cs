using Postern.Tests;

namespace Postern.EndToEnd.Tests;

/// <summary>
/// <c>capture: journal</c> with all of it real: a rule that logs, the kernel's log, systemd-journald, journalctl. The kernel logs for the first network namespace alone unless
/// net.netfilter.nf_log_all_netns is 1, which is the whole host's setting, and so for whoever runs the tests to make.
/// </summary>
public sealed class JournalTests
{
    private const string Journald = "/usr/lib/systemd/systemd-journald";
    private const string Switch = "/proc/sys/net/netfilter/nf_log_all_netns";

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
        Assert.SkipUnless(File.Exists(Journald), $"needs {Journald}");
        Assert.SkipUnless(File.Exists(Switch) && File.ReadAllText(Switch).Trim() is "1", $"needs 1 in {Switch}: the kernel logs for the first network namespace alone");
        using var house = new GateHouse(start: false);
        house.ServeTcp(22);
        house.Gate.Run("nft", "add table inet host; add chain inet host in { type filter hook prerouting priority -300; }; add rule inet host in meta l4proto { tcp, udp } log prefix \"knock: \"");
        house.Write(GateHouse.Configuration, "  capture: journal\n");
        house.Start("unshare", "--mount", "--propagation", "private", "bash", "-c", BesideJournald, "bash");
        GateHouse.Until(
            () =>
            {
                house.Knock("knock", "-d", "30", GateHouse.Gate4, "7000", "8000:udp", "9000");
                return house.IsOpen(GateHouse.Gate4);
            },
            "the port to open"); // journalctl may begin to follow a moment after the gate is ready
        house.Knock("knock", "-6", "-d", "30", GateHouse.Gate6, "7000", "8000:udp", "9000");
        GateHouse.Until(() => house.IsOpen(GateHouse.Gate6), "the port to open over IPv6");
        Assert.Equal("journal", house.Ask("status").GetProperty("capture").GetString());
    }
}
