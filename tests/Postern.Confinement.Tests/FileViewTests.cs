using System.Net;
using System.Net.Sockets;
using Postern.Confinement.Native;

namespace Postern.Confinement.Tests;

/// <summary>Truth: Landlock of the running kernel; the prisoner tries, with the same rights of files as we.</summary>
public sealed class FileViewTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("postern-view-").FullName;

    public FileViewTests()
    {
        Assert.SkipUnless(FileView.IsSupported, "needs a kernel with Landlock");
        foreach (var name in new[] { "seen", "own", "hidden" })
        {
            Directory.CreateDirectory(At(name));
            File.WriteAllText(At(name + "/file"), "text");
        }
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void It_reads_and_writes_where_it_may_and_nowhere_else()
    {
        var view = Prison.Runtime with { Read = [.. Prison.Runtime.Read, At("seen")], ReadWrite = [At("own")] };
        string[] deeds =
        [
            "read " + At("seen/file"), "list " + At("seen"), "read " + At("own/file"), "write " + At("own/file"), "write " + At("own/new"),
            "write " + At("seen/file"), "write " + At("seen/new"), "read " + At("hidden/file"), "list " + At("hidden"), "write " + At("hidden/new"), "list /",
        ];
        var (results, end) = Prison.Run(new Confines { Keep = null, Files = view }, "none", deeds);
        Assert.Equal(Prison.Through, end);
        Assert.Equal(["read", "listed", "read", "written", "written"], results[..5]);
        Assert.All(results[5..], result => Assert.StartsWith("UnauthorizedAccessException", result, StringComparison.Ordinal));
        Assert.Equal("text", File.ReadAllText(At("seen/file")));
        Assert.Equal(["file"], Directory.GetFiles(At("hidden")).Select(Path.GetFileName));
    }

    /// <summary>A rule for a file with a right of folders is EINVAL to the kernel.</summary>
    [Fact]
    public void Single_files_may_be_seen()
    {
        var view = Prison.Runtime with { Read = [.. Prison.Runtime.Read, At("hidden/file")], ReadWrite = [At("own/file")] };
        var (results, _) = Prison.Run(new Confines { Keep = null, Files = view }, "none",
            "read " + At("hidden/file"), "write " + At("own/file"), "list " + At("hidden"), "write " + At("own/other"));
        Assert.Equal(["read", "written"], results[..2]);
        Assert.All(results[2..], result => Assert.StartsWith("UnauthorizedAccessException", result, StringComparison.Ordinal));
    }

    [Fact]
    public void What_is_not_there_is_left_out()
    {
        var view = Prison.Runtime with { ReadWrite = [At("nowhere"), At("own/file/below")], Execute = ["/nonexistent"] };
        Assert.Equal("told", Prison.One(new Confines { Keep = null, Files = view }, "none", "clock"));
    }

    [Fact]
    public void It_executes_only_what_it_may()
    {
        var view = new FileView { Read = ["/"] };
        Assert.Equal("ran\n", Run(view with { Execute = ["/bin/echo"] }));
        Assert.Contains("Permission denied", Run(view), StringComparison.Ordinal);

        static string Run(FileView view)
        {
            var (read, write) = Pipe.Make();
            using var output = read;
            using var child = Child.Start(
                new("/bin/sh", ["sh", "-c", "/bin/echo ran"], []) { Descriptors = [null, write, write] }, new Confines { Keep = null, Files = view });
            write.Dispose();
            Assert.True(child.HasFileView);
            return Open.ReadAll(output);
        }
    }

    [Fact]
    public void Alone_it_connects_to_nobody_and_signals_nobody()
    {
        Assert.SkipUnless(Landlock.Version >= 6, $"needs Landlock 6 (this kernel: {Landlock.Version})");
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var name = "postern-test-" + Guid.NewGuid();
        using var inNoFolder = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        inNoFolder.Bind(new UnixDomainSocketEndPoint("\0" + name));
        inNoFolder.Listen();
        string[] deeds = [$"tcp {((IPEndPoint)listener.LocalEndpoint).Port}", "abstract " + name, $"signal {Environment.ProcessId}"];

        Assert.Equal(["connected", "connected", "done"], Prison.Run(new Confines { Keep = null, Files = Prison.Runtime }, "none", deeds).Results);
        var (results, end) = Prison.Run(new Confines { Keep = null, Files = Prison.Runtime with { Alone = true } }, "none", [.. deeds, "thread", "collect"]);
        Assert.Equal(Prison.Through, end);
        Assert.Contains("Permission denied", results[0], StringComparison.Ordinal);
        Assert.Contains("Permission denied", results[1], StringComparison.Ordinal);
        Assert.Equal(["errno 1", "threaded", "collected"], results[2..]);
    }

    [Fact]
    public void Without_a_view_it_sees_what_we_see()
    {
        using var child = Child.Start(new("/bin/true", ["true"], []), new Confines { Keep = null });
        Assert.False(child.HasFileView);
    }

    private string At(string name) => Path.Combine(_folder, name);
}
