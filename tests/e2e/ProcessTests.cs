using Postern.Tests;

namespace Postern.EndToEnd.Tests;

/// <summary>What each of the three processes of a gate is left with, as the kernel tells it.</summary>
public sealed class ProcessTests : IDisposable
{
    private const string Action = """
        services:
          ssh:
            ports: [tcp/22]
            open_for: 5s
          bell:
            run: [/bin/true, "{address}"]
        knocks:
          office: {method: sequence, sequence: [tcp/7000, udp/8000, tcp/9000], opens: [ssh]}
        """;

    private const string NetAdmin = "0000000000001000";
    private const string Nothing = "0000000000000000";

    private static readonly string[] CapabilitySets = ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"];

    private readonly SpaHouse _house = new(services: Action);

    public void Dispose() => _house.Dispose();

    [Fact]
    public void The_sentry_has_no_user_no_right_no_file_and_no_way_out_but_one()
    {
        var (house, sentry) = (_house.House, GateProcess.Find(_house.House, GateProcess.Sentry));
        Assert.Equal($"{house.Pid}", sentry.Status("PPid"));
        Assert.Single(sentry.Status("Uid").Split('\t').Distinct(), id => id != "0");
        Assert.Single(sentry.Status("Gid").Split('\t').Distinct(), id => id != "0");
        Assert.DoesNotContain("0", sentry.Status("Groups").Split(' '));
        Assert.All(CapabilitySets, set => Assert.All(sentry.StatusOfThreads(set), held => Assert.Equal(Nothing, held)));
        Assert.All(sentry.StatusOfThreads("NoNewPrivs"), set => Assert.Equal("1", set));
        Assert.All(sentry.StatusOfThreads("Seccomp"), mode => Assert.Equal("2", mode));
        Assert.Equal(("0", "0"), sentry.Limit("Max core file size"));
        Assert.Equal(("0", "0"), sentry.Limit("Max file size"));
        Assert.Equal(("256", "256"), sentry.Limit("Max open files"));
        Assert.Equal("0 0", house.RunToEnd("stat", "-c", "%u %g", $"/proc/{sentry.Pid}/fd").Output.Trim()); // of its user while it is dumpable

        Assert.Equal(["packet", "unix"], sentry.SocketKinds());
        var descriptors = sentry.Descriptors();
        Assert.Equal(["/dev/null", "/dev/null", "/dev/null"], [descriptors[0], descriptors[1], descriptors[2]]);
        // Copies of the first three, the page that says whether somebody watches, random numbers, and what the runtime of a build without native code loads itself from and tells its threads by.
        Assert.All(descriptors.Where(d => d.Key > 2), d => Assert.Matches(@"^(socket:\[|pipe:\[|anon_inode:\[event|/dev/(null|u?random)$|/memfd:(doublemapper|postern-watch)|/.*\.(dll|so|r2r)$|" + GateHouse.Postern + "$)", d.Value));
        Assert.DoesNotContain(descriptors.Values, d => PipesOf(house.Pid).Contains(d, StringComparer.Ordinal) || PipesOf(Warden().Pid).Contains(d, StringComparer.Ordinal));
    }

    [Fact]
    public void The_warden_has_the_firewall_the_sockets_it_was_handed_and_nothing_of_the_network_besides()
    {
        var warden = Warden();
        Assert.Equal($"{_house.House.Pid}", warden.Status("PPid"));
        Assert.All(CapabilitySets, set => Assert.All(warden.StatusOfThreads(set), held => Assert.Equal(NetAdmin, held)));
        Assert.All(warden.StatusOfThreads("NoNewPrivs"), set => Assert.Equal("1", set));
        Assert.All(warden.StatusOfThreads("Seccomp"), mode => Assert.Equal("2", mode));
        Assert.Equal(("0", "0"), warden.Limit("Max core file size"));
        var sockets = warden.SocketKinds();
        Assert.Single(sockets, "packet");
        Assert.Single(sockets, "raw");
        Assert.Single(sockets, "raw6");
        Assert.DoesNotContain(sockets, kind => kind is not ("packet" or "raw" or "raw6" or "netlink" or "unix"));
    }

    [Fact]
    public void The_operators_environment_goes_no_further_than_the_steward()
    {
        _house.House.Kill(Signal.Terminate);
        _house.House.Start("env", "API_TOKEN=hunter2", "LD_LIBRARY_PATH=/nowhere", "DOTNET_gcTrace=0");
        foreach (var part in (string[])[GateProcess.Warden, GateProcess.Sentry])
        {
            var names = GateProcess.Find(_house.House, part).EnvironmentNames();
            Assert.Contains("PATH", names);
            Assert.DoesNotContain("API_TOKEN", names);
            Assert.DoesNotContain("LD_LIBRARY_PATH", names);
            Assert.DoesNotContain("DOTNET_gcTrace", names);
        }
    }

    [Fact]
    public void Status_shows_the_three()
    {
        var output = _house.House.Command("status").Output;
        Assert.All((string[])[GateProcess.Steward, GateProcess.Warden, GateProcess.Sentry], part => Assert.Contains(part, output, StringComparison.Ordinal));
        Assert.Equal(_house.House.Pid, GateProcess.Find(_house.House, GateProcess.Steward).Pid);
    }

    [Fact]
    public void The_steward_has_two_children_and_no_third_waits_for_a_sentry_to_die()
    {
        GateHouse.Until(() => Children() == 2, "the steward to have a warden and a sentry");
        var first = GateProcess.Find(_house.House, GateProcess.Sentry);
        _house.House.RunToEnd("kill", "-KILL", $"{first.Pid}");
        GateProcess.Next(_house.House, GateProcess.Sentry, first);
        GateHouse.Until(() => Children() == 2, "another sentry, and only one");
    }

    private int Children() => _house.House.RunToEnd("ps", "-o", "pid=", "--ppid", $"{_house.House.Pid}").Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length;

    [Fact]
    public void Told_to_stop_all_end_with_code_0()
    {
        GateProcess[] all = [Warden(), GateProcess.Find(_house.House, GateProcess.Sentry)];
        _house.House.Kill(Signal.Terminate);
        Assert.Equal(0, _house.House.ExitCode);
        GateHouse.Until(() => all.All(p => p.IsGone), "the other two to end");
    }

    private GateProcess Warden() => GateProcess.Find(_house.House, GateProcess.Warden);

    private static IEnumerable<string> PipesOf(int pid) => new GateProcess(pid).Descriptors().Values.Where(d => d.StartsWith("pipe:[", StringComparison.Ordinal));
}
