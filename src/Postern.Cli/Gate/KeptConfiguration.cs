using System.Runtime.Versioning;
using System.Text;
using Postern.Cli.Configuration;

namespace Postern.Cli.Gate;

/// <summary>
/// The configuration that is known to be good, in <c>/run/postern</c>, where it lasts until the host starts anew: what to go back to when the one on the disk
/// has faults, or is on trial and nobody confirmed it. Beside it a mark stands while a trial lasts, and after one that nobody confirmed, until another configuration is in force or
/// somebody ends the gate.
/// </summary>
[SupportedOSPlatform("linux")]
internal sealed class KeptConfiguration
{
    /// <summary>Why the one on the disk is not in force, where the mark stands.</summary>
    public const string Unconfirmed = "it was on trial, and nobody confirmed it: 'postern apply' tries it again";

    private readonly string _file;
    private readonly string _mark;

    /// <param name="path">Of the configuration that people write.</param>
    public KeptConfiguration(string path)
    {
        var of = Path.Combine(OnlyGate.Folder, $"gate-{OnlyGate.Namespace()}-{FileNames.Of(path)}");
        (_file, _mark) = ($"{of}.yaml", $"{of}.trial");
    }

    /// <summary>A trial was under way when the gate ended, or had been the last that was taken, and was not confirmed.</summary>
    public bool IsOnTrial => File.Exists(_mark);

    /// <summary>This one is good, and it is the one on the disk; so much holds where there is no room for the copy, too.</summary>
    public void Keep(GateConfiguration configuration)
    {
        try
        {
            Write(_file, ConfigurationWriter.Write(configuration));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Forget(); // what is there is good no more
            throw;
        }

        File.Delete(_mark);
    }

    /// <summary>Another is about to be tried.</summary>
    /// <exception cref="IOException">It could not be noted; then there is no trial.</exception>
    public void BeginTrial() => Write(_mark, "");

    /// <summary>Null: there is none, or none that can still be taken.</summary>
    public GateConfiguration? Read() =>
        File.Exists(_file) && ConfigurationReader.ReadText(_file, File.ReadAllText(_file)).Configuration is { } kept ? kept with { Files = [_file] } : null;

    public void Forget()
    {
        File.Delete(_mark);
        File.Delete(_file);
    }

    /// <summary>Whole or not at all; the folder is of memory, and nothing need be flushed.</summary>
    private static void Write(string path, string text)
    {
        var fresh = path + ".new";
        using (var file = new FileStream(fresh, new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write, UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite }))
            file.Write(Encoding.UTF8.GetBytes(text));
        File.Move(fresh, path, overwrite: true);
    }
}
