using System.Text;

namespace Postern.Confinement.Tests;

/// <summary>One run of the prisoner: what it reported, deed by deed, and how it ended.</summary>
internal sealed class Prison : IDisposable
{
    /// <summary>A runtime starts in a tenth of a second; a machine under load takes its time.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>What it ends with when it is through.</summary>
    public static readonly ExitStatus Through = new(7, 0);

    /// <summary>SIGSYS: the kernel killed it for a system call.</summary>
    public static readonly ExitStatus Killed = new(0, 31);

    private readonly Channel _channel;

    private Prison(Child child, Channel channel) => (Child, _channel) = (child, channel);

    public Child Child { get; }

    public static string Dotnet { get; } = Needs.Find("dotnet") is { } found ? new FileInfo(found).ResolveLinkTarget(returnFinalTarget: true)?.FullName ?? found : Environment.ProcessPath!;

    /// <summary>Where everybody may read it: the folders above the tests' own may be closed to others.</summary>
    public static string Folder { get; } = CopyForAll();

    /// <summary>What the runtime reads to start.</summary>
    public static FileView Runtime { get; } = new() { Read = ["/usr", "/lib", "/lib64", "/etc", "/proc", "/sys", "/dev", Folder], Execute = [] };

    public static Prison Start(Confines confines, string wall, params string[] deeds)
    {
        var (ours, theirs) = Channel.Pair(1 << 20);
        using (theirs)
        {
            var program = new ChildProgram(Dotnet, ["prisoner", Path.Combine(Folder, "Postern.Confinement.Prisoner.dll"), wall, .. deeds], ["DOTNET_EnableDiagnostics=0"])
            {
                Descriptors = [null, null, null, theirs.Descriptor],
            };
            return new(Child.Start(program, confines), ours);
        }
    }

    /// <summary>Result of each deed; the last of them may be missing.</summary>
    public static (string[] Results, ExitStatus End) Run(Confines confines, string wall, params string[] deeds)
    {
        using var prison = Start(confines, wall, deeds);
        var results = new List<string>();
        while (prison.Next() is { } result)
            results.Add(result);
        return ([.. results], prison.Child.Wait(Patience)!.Value);
    }

    /// <summary>What a deed came to, in a prisoner that lived to its end.</summary>
    public static string One(Confines confines, string wall, string deed)
    {
        var (results, end) = Run(confines, wall, deed);
        Assert.Equal(Through, end);
        return Assert.Single(results);
    }

    public string? Next()
    {
        var room = new byte[1 << 16];
        var got = _channel.Receive(room, wait: Patience);
        return got.Outcome switch
        {
            Received.Message => Encoding.UTF8.GetString(room, 0, got.Length),
            Received.Ended => null,
            _ => throw new InvalidOperationException($"the prisoner: {got.Outcome}"),
        };
    }

    public void Dispose()
    {
        Child.Dispose();
        _channel.Dispose();
    }

    private static string CopyForAll()
    {
        var folder = Directory.CreateTempSubdirectory("postern-prison-").FullName;
        File.SetUnixFileMode(folder, (UnixFileMode)0x1ED); // rwxr-xr-x
        foreach (var file in Directory.GetFiles(AppContext.BaseDirectory, "Postern.Confinement*").Where(f => !f.Contains(".Tests.", StringComparison.Ordinal)))
            File.Copy(file, Path.Combine(folder, Path.GetFileName(file)));
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Directory.Delete(folder, recursive: true);
        return folder;
    }
}
