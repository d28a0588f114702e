using System.CommandLine;
using Postern.Cli.CommandLine;
using Postern.Cli.Configuration;
using Postern.Keys;

namespace Postern.Cli.Commands;

/// <summary>
/// <c>postern init</c>: the files that a gate needs, each only where there is none yet: the keys, a commented configuration that protects
/// nothing, an empty list of who may come in. It can be run again without harm.
/// </summary>
internal static class InitCommand
{
    private const string Example = "postern.yaml";

    private const UnixFileMode Folder = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.GroupRead | UnixFileMode.GroupExecute;

    private const string KeysHead = """
        # Who may come in: one public key a line, with options before it. 'postern enroll NAME --key FILE' writes one.
        #   services="ssh",max="1h",from="192.0.2.0/24" ssh-ed25519 AAAA... alice@laptop
        # postern.yaml(5), AUTHORIZED KEYS, has all options. Read anew as soon as it changes.

        """;

    public static Command Create()
    {
        var config = GateCommand.ConfigOption();
        var command = new DocumentedCommand("init", "Make the keys and a first configuration; it protects nothing", "postern init") { config };
        command.SetAction(result =>
        {
            Make(Path.GetFullPath(result.GetValue(config)!), result.InvocationConfiguration.Output);
            return ExitCode.Done;
        });
        return command;
    }

    private static void Make(string configuration, TextWriter output)
    {
        var folder = Path.GetDirectoryName(configuration)!;
        var (key, people) = (Path.Combine(folder, "gate.key"), Path.Combine(folder, "authorized_keys"));
        try
        {
            if (OperatingSystem.IsWindows())
                Directory.CreateDirectory(folder);
            else
                Directory.CreateDirectory(folder, Folder);
            Tell(key, "the gate's private key and secret; keep a copy somewhere safe", () =>
            {
                using var made = GateKey.Generate();
                GateKeyFile.Create(key, made);
            });
            Tell(people, "who may come in", () => WholeFile.Write(people, KeysHead, WholeFile.OwnerOnly));
            Tell(configuration, "protects nothing yet", () => WholeFile.Write(configuration, ExampleFor(folder), WholeFile.OwnerOnly));
        }
        catch (GateKeyException e)
        {
            throw new CommandFailure(ExitCode.NotDone, e.Message, e.Hint, e);
        }
        catch (UnauthorizedAccessException e)
        {
            throw new CommandFailure(ExitCode.MissingPrivilege, e.Message.TrimEnd('.'), "run it as root", e);
        }
        catch (IOException e)
        {
            throw new CommandFailure(ExitCode.NotDone, e.Message.TrimEnd('.'), "mend that, and run it again: what is there already stays", e);
        }

        output.WriteLine("next:");
        output.WriteLine($"  edit {configuration}                     # name what to protect: take the '#' from the service 'ssh'");
        output.WriteLine("  postern enroll NAME --key id_ed25519.pub --host HOST      # once for each user: prints what he types");
        output.WriteLine("  postern check && postern gate                             # keep this terminal open, and knock from elsewhere");

        void Tell(string path, string what, Action make)
        {
            if (File.Exists(path))
            {
                output.WriteLine($"kept  {path}");
                return;
            }

            make();
            output.WriteLine($"made  {path}  ({what})");
        }
    }

    /// <summary>The example that is installed, with its section <c>spa</c> switched on and its files where these are.</summary>
    internal static string ExampleFor(string folder)
    {
        using var example = new StreamReader(typeof(InitCommand).Assembly.GetManifestResourceStream(Example)!);
        var isSpa = false;
        var lines = new List<string>();
        foreach (var line in example.ReadToEnd().Split('\n'))
        {
            isSpa = line.StartsWith("#spa:", StringComparison.Ordinal) || (isSpa && line.StartsWith('#'));
            lines.Add(isSpa ? line[1..] : line);
        }

        var text = string.Join('\n', lines);
        return text
            .Replace(SpaSettings.UsualKeyFile, Path.Combine(folder, "gate.key"), StringComparison.Ordinal)
            .Replace(SpaSettings.UsualAuthorizedKeysFile, Path.Combine(folder, "authorized_keys"), StringComparison.Ordinal);
    }
}
