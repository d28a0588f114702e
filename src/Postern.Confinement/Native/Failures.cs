namespace Postern.Confinement.Native;

/// <summary>What to say when a step of <see cref="Surrender"/> failed.</summary>
internal static class Failures
{
    private const string NeedsRoot = "start as root, or as a user with the capabilities that it needs";

    public static ConfinementException Of(Step step, int errno, ChildProgram program, Confines confines)
    {
        var (what, hint) = step switch
        {
            Step.Groups => ($"cannot take on the groups of user '{confines.As!.Name}'", NeedsRoot + " (CAP_SETGID)"),
            Step.Group => ($"cannot take on the group of user '{confines.As!.Name}'", NeedsRoot + " (CAP_SETGID)"),
            Step.BoundingSet => ("cannot lower the bounding set of capabilities", NeedsRoot + " (CAP_SETPCAP)"),
            Step.KeepAcrossUsers => ("cannot keep capabilities while the user changes", "the securebits of this process are locked: start it without"),
            Step.User => ($"cannot become user '{confines.As!.Name}'", NeedsRoot + " (CAP_SETUID)"),
            Step.Capabilities => ($"cannot keep {confines.Keep}", NeedsRoot),
            Step.Ambient => ($"cannot hand on {confines.Keep}", "the securebits of this process forbid ambient capabilities: start it without"),
            Step.NoNewPrivileges => ("cannot set no_new_privs", "Linux 3.5 or newer is needed"),
            Step.Files => ("cannot restrict the view of files (Landlock)", "a process can be restricted 16 times; start from a fresh one"),
            Step.Program => ($"cannot start {program.Path}", confines switch
            {
                { Files: not null } => "it, and what loads it, must be there and be executable for " + Who(confines) + ", with its view of files",
                _ => "it must be there and be executable for " + Who(confines),
            }),
            _ => throw new ArgumentOutOfRangeException(nameof(step)),
        };
        return new($"{what}: {Errno.Text(errno)}", hint);
    }

    private static string Who(Confines confines) => confines.As is { } account ? $"user '{account.Name}'" : "us";
}
