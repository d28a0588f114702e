using System.Diagnostics;
using Postern.Warden.Ledger;

namespace Postern.Warden.Tests;

/// <summary>A folder for a ledger, gone with it.</summary>
internal sealed class LedgerFolder : IDisposable
{
    public static readonly DateTimeOffset Start = new(2026, 11, 20, 12, 0, 0, TimeSpan.Zero);

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("postern-ledger-");

    public string Path => System.IO.Path.Combine(_folder.FullName, "of gate", "ledger");

    public static TimeSpan Skew => TimeSpan.FromSeconds(60);

    public static ulong StartTime => UnixTime.Of(Start);

    public static KeyFingerprint Key(int number) => new((UInt128)(number + 1), 0);

    /// <param name="after">Since the first start.</param>
    /// <param name="before">See <see cref="LedgerStep"/>.</param>
    /// <param name="slack">Records beside those alive, before it is written anew.</param>
    public LedgerFile Open(TimeSpan after = default, Action<LedgerStep>? before = null, int slack = 1000) =>
        LedgerFile.Open(Path, Start + after, Skew, before ?? (_ => { }), slack);

    /// <summary>What was written, without the room behind it: what the file is like that has grown beyond its room.</summary>
    public byte[] Written() => LedgerFormat.WithoutRoom(Bytes()).ToArray();

    public byte[] Bytes()
    {
        // By another process: .NET would mind the lock that a ledger has on its file.
        var copy = System.IO.Path.Combine(_folder.FullName, "copy");
        using (var copying = Process.Start("cp", [Path, copy]))
            copying.WaitForExit();
        return File.ReadAllBytes(copy);
    }

    /// <summary>In bytes, behind what was written.</summary>
    public int Room() => (int)new FileInfo(Path).Length - Written().Length;

    public void Empty()
    {
        foreach (var file in _folder.GetFiles("*", SearchOption.AllDirectories))
            file.Delete();
    }

    public void Dispose() => _folder.Delete(recursive: true);
}
