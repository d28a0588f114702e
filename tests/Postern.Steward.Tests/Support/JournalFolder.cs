using Postern.Reports;
using Postern.Steward.Errands;

namespace Postern.Steward.Tests;

/// <summary>A folder for a journal, gone with it.</summary>
internal sealed class JournalFolder : IDisposable
{
    public static readonly Guid Boot = new("11111111-2222-3333-4444-555555555555");

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("postern-journal-");

    public string Root => _folder.FullName;

    public string Path => System.IO.Path.Combine(_folder.FullName, "of steward", "actions");

    public ErrandJournal Open(Guid? boot = null, Action<JournalStep>? before = null, int slack = 4096) =>
        ErrandJournal.Open(Path, boot ?? Boot, before ?? (_ => { }), slack);

    public static Address Ip(int number) => Address.FromV4(0xc0000200u + (uint)number);

    public static StandingErrand Errand(ulong number, double until = 100, params string[] arguments) =>
        new(number, TimeSpan.FromSeconds(until), number % 2 == 0 ? "" : "00000000000000aa",
            new(IsUndo: true, new("wake", Ip((int)number), (ushort)number, "alice@x", 60) { Data = number % 2 == 0 ? "" : "nas-2" }, arguments.Length == 0 ? ["/bin/true", "", "é"] : [.. arguments], "nobody", TimeSpan.FromSeconds(10)));

    public void Dispose() => _folder.Delete(recursive: true);
}
