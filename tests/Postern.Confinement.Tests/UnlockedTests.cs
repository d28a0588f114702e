namespace Postern.Confinement.Tests;

/// <summary>Anybody who may read a file may hold a lock on it (flock(2)).</summary>
public sealed class UnlockedTests : IDisposable
{
    private readonly string _file = Path.GetTempFileName();

    [Fact]
    public void A_lock_of_somebody_else_keeps_nobody_from_reading()
    {
        File.WriteAllText(_file, "text");
        using var held = new FileStream(_file, FileMode.Open, FileAccess.Read, FileShare.None);
        Assert.Throws<IOException>(() => new FileStream(_file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete)); // as the runtime reads
        Assert.Equal("text", Unlocked.ReadText(_file));
    }

    [Fact]
    public void What_is_not_there_or_not_to_be_read_is_told_as_the_runtime_tells_it()
    {
        Assert.Throws<FileNotFoundException>(() => Unlocked.ReadText(_file + ".none"));
        Assert.Throws<FileNotFoundException>(() => Unlocked.ReadText(_file + "/none"));
        Assert.ThrowsAny<Exception>(() => Unlocked.ReadText(Path.GetTempPath()));
    }

    public void Dispose() => File.Delete(_file);
}
