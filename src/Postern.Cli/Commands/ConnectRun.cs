using System.Net.Sockets;
using Postern.Cli.CommandLine;
using Postern.Cli.Profiles;
using Postern.Client;
using Postern.Client.Connecting;
using Postern.Client.Tokens;

namespace Postern.Cli.Commands;

/// <summary>What <c>connect</c> does.</summary>
internal static class ConnectRun
{
    public static async Task<int> RunAsync(KnockInput input, ushort port, bool anyPort, TextWriter error, CancellationToken cancellation)
    {
        using var connection = await ConnectAsync(input, port, anyPort, error, cancellation);
        return await CarryAsync(connection, cancellation);
    }

    /// <summary>By a token in the connection's own SYN.</summary>
    public static async Task<int> RunAsync(KnockInput input, SynProfile profile, ushort port, TextWriter error, CancellationToken cancellation)
    {
        using (profile)
        {
            using var connection = await ConnectAsync(input, profile, port, error, cancellation);
            return await CarryAsync(connection, cancellation);
        }
    }

    private static async Task<int> CarryAsync(Socket connection, CancellationToken cancellation)
    {
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

    private static async Task<Socket> ConnectAsync(KnockInput input, SynProfile profile, ushort port, TextWriter error, CancellationToken cancellation)
    {
        try
        {
            var targets = await HostAddresses.ResolveAsync(input.Host, input.Family, cancellation);
            if (input.Verbose)
                error.WriteLine($"postern: the token goes in the connection's own SYN, to {string.Join(" and ", targets)}");
            return await SynConnector.ConnectAsync(targets, port, profile.Scribe, input.Timeout, cancellation) ?? throw new CommandFailure(
                ExitCode.NotDone, FormattableString.Invariant($"no connection to port {port} of {input.Host} in {TimeText.Of(input.Timeout)}"), KnockWords.TokenHint);
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
