using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using System.Reflection;
using Postern.Cli.Commands;
using Postern.Cli.Compile;

namespace Postern.Cli.CommandLine;

internal static class PosternRoot
{
    /// <summary>Every command, in the order in which help lists them. A new one is one line here.</summary>
    private static readonly Func<Command>[] Commands =
    [
        KnockCommand.Create,
        CloseCommand.Create,
        ConnectCommand.Create,
        ProfileCommand.Create,
        InitCommand.Create,
        EnrollCommand.Create,
        ImportCommand.Create,
        CompileCommand.Create,
        GateCommand.Create,
        CheckCommand.Create,
        ExplainCommand.Create,
        WatchCommand.Create,
        StatusCommand.Create,
        GrantsCommand.Create,
        ControlCommands.CreateGrant,
        ControlCommands.CreateRevoke,
        ControlCommands.CreateReload,
        ApplyCommand.Create,
        TeardownCommand.Create,
    ];

    /// <summary>Commands that share a line where all are listed, which is to fit a screen; each has its own help.</summary>
    public static IReadOnlyList<(string First, string Second, string Text)> Pairs { get; } =
    [
        ("status", "grants", "Show how the running gate stands; what is open to whom"),
        ("grant", "revoke", "Open a service to an address by hand; end a grant"),
        ("reload", "apply", "Have the configuration read anew; the same on trial"),
    ];

    public static RootCommand Create()
    {
        var root = new DocumentedRootCommand(
            "Port knocking is an added layer: keep your SSH keys and your updates.",
            "postern knock gate.example.org tcp/22 --sequence tcp/7000,udp/8000,tcp/9000");
        foreach (var create in Commands)
            root.Add(create());
        foreach (var option in root.Options)
            Shape(option);
        return root;
    }

    private static void Shape(Option option)
    {
        if (option is HelpOption)
        {
            option.Action = new HelpPage();
            option.Description = "This text; after a command, that command's";
        }
        else if (option is VersionOption)
        {
            option.Action = new VersionLine();
            option.Description = "The version, and nothing else";
        }
    }

    private sealed class VersionLine : SynchronousCommandLineAction
    {
        public override int Invoke(ParseResult parseResult)
        {
            parseResult.InvocationConfiguration.Output.WriteLine($"postern {Version}");
            return ExitCode.Done;
        }

        private static string Version =>
            typeof(PosternRoot).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion.Split('+')[0];
    }
}
