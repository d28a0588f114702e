namespace Postern.Cli.CommandLine;

/// <summary>What scripts may rely on. The last three are the shell's and sysexits' own numbers.</summary>
internal static class ExitCode
{
    public const int Done = 0;

    /// <summary>Refused, or not opened.</summary>
    public const int NotDone = 1;

    /// <summary>Wrong usage or configuration.</summary>
    public const int Usage = 2;

    public const int MissingPrivilege = 3;

    /// <summary>The platform lacks something; the hint says what to install.</summary>
    public const int Unsupported = 4;

    /// <summary>A defect of ours (EX_SOFTWARE of sysexits.h).</summary>
    public const int Defect = 70;

    /// <summary>128 + the number of the signal that ended us.</summary>
    public const int Interrupted = 130;
    public const int Terminated = 143;
}
