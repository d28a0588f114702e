using System.Collections.Immutable;
using System.CommandLine;
using System.Net;
using Postern.Cli.CommandLine;
using Postern.Client;
using Postern.Client.Tokens;

namespace Postern.Cli.Commands;

/// <summary>What <c>knock</c> and <c>close</c> do.</summary>
internal static class KnockRun
{
    public static async Task<int> RunAsync(KnockInput input, KnockWords words, InvocationConfiguration streams, CancellationToken cancellation)
    {
        try
        {
            using var fwknop = input.Fwknop;
            if (input.DryRun && fwknop is not null)
                return FwknopPreview.Print(input, fwknop, streams.Output);
            using var token = input.Token;
            using var spa = input.Spa?.Open(streams.Error, cancellation);
            if (input.DryRun && spa is not null)
                return SpaPreview.Print(input, spa, streams.Output);
            var targets = await HostAddresses.ResolveAsync(input.Host, fwknop is null ? input.Family : AddressChoice.IPv4, cancellation);
            var output = new KnockOutput(input, words, streams.Output, streams.Error);
            IKnockMethod method = spa is not null ? spa.Knock() : fwknop is not null ? fwknop.Knock(input.Host) : token is not null ? token.Knock() : new SequenceKnock(input.Steps);
            if (input.PrintPing)
                return await PrintPingAsync((IcmpKnock)method, targets, streams.Output, cancellation);
            if (input.DryRun)
                return await output.PreviewAsync(Form(input, words, method, targets), cancellation);
            output.Announce();
            var knock = Form(input, words, method, spa?.Choose(targets) ?? targets);
            return output.Tell(await Knocker.KnockAsync(knock, output.Sending, cancellation), targets);
        }
        catch (Exception e) when (ClientFailure.Is(e))
        {
            throw ClientFailure.Of(e);
        }
    }

    /// <summary>A line for each address; each is good once, and until its time step is over.</summary>
    private static async Task<int> PrintPingAsync(IcmpKnock knock, ImmutableArray<IPAddress> targets, TextWriter output, CancellationToken cancellation)
    {
        foreach (var target in targets)
            output.WriteLine($"ping -c 1 -p {await knock.WritePatternAsync(target, cancellation)} {target}");
        return ExitCode.Done;
    }

    private static Knock Form(KnockInput input, KnockWords words, IKnockMethod method, ImmutableArray<IPAddress> targets) => new(targets, method)
    {
        Ports = input.Watched,
        UntilClosed = words.UntilClosed,
        Timeout = input.Timeout,
        Gap = input.Gap,
    };
}
