using System.CommandLine;
using Postern.Cli.CommandLine;
using Postern.Cli.Control;

namespace Postern.Cli.Commands;

/// <summary><c>postern apply</c>: a reload that takes itself back, so that nobody locks himself out.</summary>
internal static class ApplyCommand
{
    private static readonly TimeSpan Shortest = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Longest = TimeSpan.FromHours(1);

    public static Command Create()
    {
        var rollback = CommonOptions.Time("--rollback", "How long to wait for --confirm before going back: 5s to 1h, 60s without it");
        var confirm = new Option<bool>("--confirm") { Description = "Keep what is on trial" };
        var socket = ControlCommands.SocketOption();
        var command = new DocumentedCommand("apply", "Reload on trial: goes back by itself unless confirmed", "postern apply --rollback 60s") { rollback, confirm, socket };
        command.SetAction(async (result, cancellation) =>
        {
            var request = RequestOf(result.GetValue(rollback), result.GetValue(confirm));
            var reply = await ControlClient.AskAsync(result.GetValue(socket)!, request, cancellation);
            var output = result.InvocationConfiguration.Output;
            await output.WriteLineAsync(reply.Done);
            if (request.Verb is ControlRequest.Apply && !Console.IsOutputRedirected)
                await output.WriteLineAsync("this connection stays. Before you confirm, open another one from elsewhere, knock and all: that is what will work tomorrow");
            return ExitCode.Done;
        });
        return command;
    }

    private static ControlRequest RequestOf(TimeSpan? rollback, bool confirm)
    {
        if (confirm && rollback is not null)
            throw CommandFailure.Usage("--confirm ends the trial, and --rollback begins one", "give one of the two");
        if (rollback < Shortest || rollback > Longest)
            throw CommandFailure.Usage($"{Configuration.Duration.Format(rollback.Value)} is no time for a trial", "write 5s to 1h");
        return confirm ? new(ControlRequest.Confirm) : new(ControlRequest.Apply) { Seconds = rollback?.TotalSeconds };
    }
}
