namespace Postern.Confinement.Tests;

/// <summary>Of the real kernel: which changes on the way to a file are heard, and which wake nobody.</summary>
public sealed class PathWatchTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan Quiet = TimeSpan.FromMilliseconds(300);

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("postern-path-");
    private readonly string _file;

    public PathWatchTests()
    {
        Directory.CreateDirectory(At("real/inner"));
        File.WriteAllText(At("real/inner/keys"), "one");
        File.CreateSymbolicLink(At("shortcut"), "real/inner");
        using (var twin = System.Diagnostics.Process.Start("ln", ["-P", At("shortcut"), At("twin")])) // a link that has another name is not removed with this one
            twin.WaitForExit();
        File.CreateSymbolicLink(At("way"), At("shortcut"));
        _file = At("way/keys");
    }

    public void Dispose() => _folder.Delete(recursive: true);

    [Theory]
    [InlineData("written")]
    [InlineData("appended")]
    [InlineData("rights")]
    [InlineData("replaced")]
    [InlineData("removed")]
    [InlineData("moved")]
    [InlineData("folder moved")]
    [InlineData("upper folder replaced")]
    [InlineData("link elsewhere")]
    [InlineData("link replaced by a rename")]
    [InlineData("second link elsewhere")]
    public void A_change_on_the_way_is_heard(string what)
    {
        using var watch = new PathWatch(_file);
        Assert.True(watch.Arm());
        Change(what);
        Assert.True(watch.Wait(Patience));
    }

    [Theory]
    [InlineData("real/inner/other")]
    [InlineData("real/other")]
    [InlineData("other")]
    public void What_others_do_in_the_same_folders_wakes_nobody(string name)
    {
        using var watch = new PathWatch(_file);
        Assert.True(watch.Arm());
        File.WriteAllText(At(name), "theirs");
        File.SetUnixFileMode(At(name), UnixFileMode.UserRead);
        File.Delete(At(name));
        Assert.False(watch.Wait(Quiet));
    }

    [Fact]
    public void To_be_armed_again_is_not_heard_and_forgets_the_old_way()
    {
        using var watch = new PathWatch(_file);
        Assert.True(watch.Arm());
        Change("link elsewhere");
        Assert.True(watch.Wait(Patience));
        Assert.True(watch.Arm());
        Assert.False(watch.Wait(Quiet));
        File.WriteAllText(At("real/inner/keys"), "the old way");
        Assert.False(watch.Wait(Quiet));
        File.WriteAllText(At("elsewhere/keys"), "the new way");
        Assert.True(watch.Wait(Patience));
    }

    [Theory]
    [InlineData("way/missing", "real/inner/missing")]
    [InlineData("none/at/all", "none")]
    public void What_is_missing_is_heard_when_it_comes_and_until_then_the_watch_does_not_claim_to_see_all(string path, string comes)
    {
        using var watch = new PathWatch(At(path));
        Assert.False(watch.Arm());
        File.WriteAllText(At("real/inner/another"), "");
        File.WriteAllText(At("another"), "");
        Assert.False(watch.Wait(Quiet));
        File.WriteAllText(At(comes), "");
        Assert.True(watch.Wait(Patience));
    }

    [Fact]
    public void A_ring_of_links_has_an_end()
    {
        File.CreateSymbolicLink(At("a"), "b");
        File.CreateSymbolicLink(At("b"), "a");
        using var watch = new PathWatch(At("a/keys"));
        Assert.False(watch.Arm());
    }

    [Fact]
    public void A_file_system_that_others_change_behind_the_kernel_is_not_relied_on()
    {
        using var watch = new PathWatch("/proc/self/status");
        Assert.False(watch.Arm());
    }

    [Fact]
    public void Stopped_it_waits_no_longer()
    {
        using var watch = new PathWatch(_file);
        watch.Arm();
        new Thread(() =>
        {
            Thread.Sleep(50);
            watch.Stop();
        }).Start();
        Assert.False(watch.Wait(TimeSpan.FromHours(1)));
        Assert.True(watch.IsStopped);
    }

    private void Change(string what)
    {
        switch (what)
        {
            case "written":
                File.WriteAllText(At("real/inner/keys"), "two");
                break;
            case "appended":
                File.AppendAllText(At("real/inner/keys"), "two");
                break;
            case "rights":
                File.SetUnixFileMode(At("real/inner/keys"), UnixFileMode.UserRead);
                break;
            case "replaced":
                File.WriteAllText(At("real/inner/new"), "two");
                File.Move(At("real/inner/new"), At("real/inner/keys"), overwrite: true);
                break;
            case "removed":
                File.Delete(At("real/inner/keys"));
                break;
            case "moved":
                File.Move(At("real/inner/keys"), At("real/inner/gone"));
                break;
            case "folder moved":
                Directory.Move(At("real/inner"), At("real/gone"));
                break;
            case "upper folder replaced":
                Directory.Move(At("real"), At("gone"));
                Directory.CreateDirectory(At("real/inner"));
                break;
            case "link elsewhere":
                Elsewhere();
                File.Delete(At("shortcut"));
                File.CreateSymbolicLink(At("shortcut"), "elsewhere");
                break;
            case "link replaced by a rename":
                Elsewhere();
                File.CreateSymbolicLink(At("next"), "elsewhere");
                using (var rename = System.Diagnostics.Process.Start("mv", ["-T", At("next"), At("shortcut")]))
                    rename.WaitForExit();
                break;
            case "second link elsewhere":
                Elsewhere();
                File.Delete(At("way"));
                File.CreateSymbolicLink(At("way"), "elsewhere");
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(what), what, "no change");
        }
    }

    private void Elsewhere()
    {
        Directory.CreateDirectory(At("elsewhere"));
        File.WriteAllText(At("elsewhere/keys"), "elsewhere");
    }

    private string At(string name) => Path.Combine(_folder.FullName, name);
}
