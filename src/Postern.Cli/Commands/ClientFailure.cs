using Postern.Cli.CommandLine;
using Postern.Client;
using Postern.Client.Spa;
using Postern.Keys;
using Postern.Keys.Ssh;

namespace Postern.Cli.Commands;

/// <summary>What the client's library throws, as commands end: message, mend, exit code.</summary>
internal static class ClientFailure
{
    public static bool Is(Exception exception) => exception is KnockException or SshKeyException or DeviceFileException or MissingSodiumException;

    public static CommandFailure Of(Exception exception) => exception switch
    {
        KnockException e => new(CodeOf(e.Fault), e.Message, e.Hint, e),
        SshKeyException e => new(ExitCode.Usage, e.Message, e.Hint, e),
        DeviceFileException e => new(ExitCode.Usage, e.Message, e.Hint, e),
        MissingSodiumException e => new(ExitCode.Unsupported, e.Message, e.Hint, e),
        _ => throw new ArgumentException("not an exception of the client's library", nameof(exception), exception),
    };

    private static int CodeOf(KnockFault fault) => fault switch
    {
        KnockFault.MissingPrivilege => ExitCode.MissingPrivilege,
        KnockFault.Unsupported => ExitCode.Unsupported,
        _ => ExitCode.NotDone,
    };
}
