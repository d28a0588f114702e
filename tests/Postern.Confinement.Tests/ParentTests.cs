using Postern.Confinement.Native;

namespace Postern.Confinement.Tests;

[CollectionDefinition(nameof(Undisturbed), DisableParallelization = true)]
public sealed class Undisturbed;

/// <summary>Truth: proc(5) of ourselves, while no other test starts anything.</summary>
[Collection(nameof(Undisturbed))]
public sealed class ParentTests
{
    /// <summary>Rights belong to threads: those of our others must be as they were, whatever the children gave away.</summary>
    [Fact]
    public void Nothing_of_ours_changes()
    {
        Needs.Root();
        using var stay = new ManualResetEventSlim();
        var others = Enumerable.Range(0, 4).Select(_ => StartThread(stay)).ToArray();
        var before = others.Append(Environment.ProcessId).Select(Rights).ToArray();
        Assert.Equal("0", before[0]["NoNewPrivs"]);
        var dumpable = Dumpable();

        Parallel.For(0, 24, i => ChildTests.Output(
            new Confines
            {
                As = i % 2 == 0 ? null : Account.Find("nobody"),
                Keep = (i % 3) switch { 0 => null, 1 => Capabilities.None, _ => Capabilities.NetAdmin },
                Files = new() { Read = ["/"], Alone = true },
            },
            "/bin/cat", "/dev/null"));
        Assert.Throws<ConfinementException>(() => Child.Start(ChildTests.Program("/nonexistent/program"), new Confines { As = Account.Find("nobody") }));

        Assert.Equal(before, others.Append(Environment.ProcessId).Select(Rights));
        Assert.Equal(dumpable, Dumpable());
        File.WriteAllText(Path.Combine(Prison.Folder, "still-ours"), "");
        stay.Set();
    }

    [Fact]
    public void Children_leave_nothing_behind()
    {
        var count = Environment.GetEnvironmentVariable("POSTERN_LONG") is "1" ? 1000 : 100;
        ChildTests.Output(new Confines { Keep = null }, "/bin/true");
        var before = Open.Count;
        for (var i = 0; i < count; i++)
        {
            var child = Child.Start(ChildTests.Program("/bin/true"), new Confines { Keep = null, Files = new() { Read = ["/"], Execute = ["/"] } });
            if (i % 3 == 0)
                child.Wait(Prison.Patience);
            child.Dispose();
            Assert.False(Directory.Exists($"/proc/{child.Pid}"));
            Assert.Throws<ConfinementException>(() => Child.Start(ChildTests.Program("/nonexistent"), new Confines { Keep = null }));
        }

        Assert.InRange(Open.Count, 0, before + 3); // the runtime's own come and go
    }

    private static int StartThread(ManualResetEventSlim stay)
    {
        var number = new TaskCompletionSource<int>();
        new Thread(() =>
        {
            number.SetResult((int)Libc.Call(KernelHeaders.Number("gettid"), 0, 0, 0, 0, 0));
            stay.Wait();
        })
        { IsBackground = true }.Start();
        return number.Task.Result;
    }

    private static Dictionary<string, string> Rights(int thread) =>
        ChildTests.Parse(File.ReadAllText($"/proc/self/task/{thread}/status"))
            .Where(f => f.Key is "Uid" or "Gid" or "Groups" or "NoNewPrivs" or "Seccomp" or "SigBlk" || f.Key.StartsWith("Cap", StringComparison.Ordinal))
            .ToDictionary();

    private static int Dumpable() => Libc.ProcessControl(Libc.GetDumpable, 0, 0, 0, 0);
}
