using System.Collections.Immutable;
using System.CommandLine;
using System.Net;
using Postern.Cli.CommandLine;
using Postern.Client;

namespace Postern.Cli.Commands;

/// <summary>What <c>knock</c> and <c>close</c> do.</summary>
internal static class KnockRun
{
    public static async Task<int> RunAsync(KnockInput input, KnockWords words, InvocationConfiguration streams, CancellationToken cancellation)
    {
        try
        {
            var targets = await HostAddresses.ResolveAsync(input.Host, input.Family, cancellation);
            var knock = Form(input, words, targets);
            var output = new KnockOutput(input, words, streams.Output, streams.Error);
            if (input.DryRun)
                return output.Preview(knock);
            output.Announce();
            return output.Tell(await Knocker.KnockAsync(knock, output.Sending, cancellation), targets);
        }
        catch (KnockException e)
        {
            throw new CommandFailure(CodeOf(e.Fault), e.Message, e.Hint, e);
        }
    }

    private static Knock Form(KnockInput input, KnockWords words, ImmutableArray<IPAddress> targets) => new(targets, input.Steps)
    {
        Ports = input.Watched,
        UntilClosed = words.UntilClosed,
        Timeout = input.Timeout,
        Gap = input.Gap,
    };

    private static int CodeOf(KnockFault fault) => fault switch
    {
        KnockFault.MissingPrivilege => ExitCode.MissingPrivilege,
        KnockFault.Unsupported => ExitCode.Unsupported,
        _ => ExitCode.NotDone,
    };
}
