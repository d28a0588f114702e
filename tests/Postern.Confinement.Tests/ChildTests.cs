using System.Collections.Immutable;

namespace Postern.Confinement.Tests;

/// <summary>Truth: proc(5) of what was started, by programs of the host.</summary>
public sealed class ChildTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    [Fact]
    public void The_child_has_nothing_left_but_what_it_is_to_keep()
    {
        Needs.Root();
        var nobody = Account.Find("nobody")!;
        var status = Status(new Confines { As = nobody, Keep = Capabilities.NetAdmin });
        Assert.Equal($"{nobody.User}\t{nobody.User}\t{nobody.User}\t{nobody.User}", status["Uid"]);
        Assert.Equal($"{nobody.Group}\t{nobody.Group}\t{nobody.Group}\t{nobody.Group}", status["Gid"]);
        Assert.Equal(nobody.Groups.Order().Select(g => g.ToString()), status["Groups"].Split(' ', StringSplitOptions.RemoveEmptyEntries));
        Assert.All(["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"], set => Assert.Equal("0000000000001000", status[set]));
        Assert.Equal("1", status["NoNewPrivs"]);
    }

    [Fact]
    public void A_child_of_roots_has_exactly_what_it_is_to_keep()
    {
        Needs.Root();
        var status = Status(new Confines { Keep = Capabilities.NetAdmin });
        Assert.StartsWith("0\t0", status["Uid"], StringComparison.Ordinal);
        Assert.All(["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"], set => Assert.Equal("0000000000001000", status[set]));
    }

    internal static Dictionary<string, string> Status(Confines confines) =>
        Output(confines, "/bin/cat", "/proc/self/status").Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => line.Split(':', 2)).ToDictionary(field => field[0], field => field[1].Trim());

    internal static string Output(Confines confines, string program, params string[] arguments)
    {
        var (read, write) = Pipe.Make();
        using var output = read;
        using var child = Child.Start(new(program, [program, .. arguments], ["PATH=/usr/bin:/bin"]) { Descriptors = [null, write, write] }, confines);
        write.Dispose();
        var text = Open.ReadAll(output);
        Assert.Equal(new ExitStatus(0, 0), child.Wait(Patience));
        return text;
    }
}
