using System.Net.Sockets;
using Postern.Cli.CommandLine;
using Postern.Client;
using Postern.Client.Connecting;

namespace Postern.Cli.Commands;

/// <summary>What <c>connect</c> does.</summary>
internal static class ConnectRun
{
    public static async Task<int> RunAsync(KnockInput input, ushort port, bool anyPort, TextWriter error, CancellationToken cancellation)
    {
        using var connection = await ConnectAsync(input, port, anyPort, error, cancellation);
        var relay = Relay.RunAsync(connection, StandardStreams.OpenInput(), StandardStreams.OpenOutput(), StandardStreams.EndOutput, endWithConnection: !Console.IsInputRedirected);
        return await relay.WaitAsync(cancellation) ? ExitCode.Done : ExitCode.NotDone;
    }

    private static async Task<Socket> ConnectAsync(KnockInput input, ushort port, bool anyPort, TextWriter error, CancellationToken cancellation)
    {
        try
        {
            using var spa = input.Spa!.Open(error, cancellation);
            var targets = await HostAddresses.ResolveAsync(input.Host, input.Family, cancellation);
            var errand = new Errand(spa.Choose(targets), port, local => spa.Knock(anyPort ? static _ => 0 : local)) { Timeout = input.Timeout };
            var (connection, result) = await Connector.ConnectAsync(errand, sending => Tell(sending, input, error), cancellation);
            return connection ?? throw NotConnected(result, input, port, anyPort);
        }
        catch (Exception e) when (ClientFailure.Is(e))
        {
            throw ClientFailure.Of(e);
        }
    }

    private static void Tell(KnockSending sending, KnockInput input, TextWriter error)
    {
        if (input.Verbose)
            error.WriteLine(FormattableString.Invariant($"postern: round {sending.Round.Number + 1} to {sending.Target}: {sending.Packets[0]}"));
    }

    private static CommandFailure NotConnected(KnockResult result, KnockInput input, ushort port, bool anyPort)
    {
        if (result.Outcome == KnockOutcome.Refused)
            return ReceiptWords.Refused(result.Receipt!, input.Spa!);
        var why = result.Answer switch
        {
            PortAnswer.Refused => "connections are refused",
            PortAnswer.Unreachable => "the host cannot be reached",
            _ => "no answer",
        };
        return new(
            ExitCode.NotDone,
            FormattableString.Invariant($"no connection to port {port} of {input.Host} ({result.Target}) in {TimeText.Of(result.Elapsed)}, {result.Rounds} {(result.Rounds == 1 ? "round" : "rounds")}: {why}"),
            anyPort ? KnockWords.Open.SpaHint : "if the network changes ports on the way (NAT), add --any-port; otherwise the gate's log says why");
    }
}
