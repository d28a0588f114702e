using System.Net;

namespace Postern.Client;

/// <summary>Knocks at a gate, looks whether the service opens, and knocks again, slower, until it does.</summary>
public static class Knocker
{
    /// <summary>Knocks at all addresses at once; the first one where the service opens ends the others.</summary>
    /// <param name="knock">What, where, how long.</param>
    /// <param name="sending">Told of each round before it is sent; called on any thread. May be null.</param>
    /// <param name="cancellation">Stops at once: no packet follows.</param>
    /// <exception cref="KnockException">No address could be knocked at.</exception>
    /// <exception cref="OperationCanceledException"/>
    public static async Task<KnockResult> KnockAsync(Knock knock, Action<KnockSending>? sending, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(knock);
        ArgumentOutOfRangeException.ThrowIfZero(knock.Targets.Length, nameof(knock));
        ArgumentOutOfRangeException.ThrowIfZero(knock.Method.Packets, nameof(knock));

        using var won = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var sessions = knock.Targets.Select(target => RunAsync(knock, target, sending, won.Token)).ToList();
        var winner = await FirstDoneAsync(sessions);
        await won.CancelAsync();
        await Task.WhenAll(sessions).ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        cancellation.ThrowIfCancellationRequested();
        return await (winner ?? Best(sessions));
    }

    private static async Task<KnockResult> RunAsync(Knock knock, IPAddress target, Action<KnockSending>? sending, CancellationToken cancellation)
    {
        await using var session = new KnockSession(knock, target, sending);
        return await session.RunAsync(cancellation);
    }

    private static async Task<Task<KnockResult>?> FirstDoneAsync(IEnumerable<Task<KnockResult>> sessions)
    {
        await foreach (var session in Task.WhenEach(sessions))
        {
            if (session is { IsCompletedSuccessfully: true, Result.Outcome: KnockOutcome.Done })
                return session;
        }

        return null;
    }

    /// <summary>Of those where nothing opened: one where the gate says why, else one that could at least be knocked at, else whichever says why it could not.</summary>
    private static Task<KnockResult> Best(List<Task<KnockResult>> sessions) =>
        sessions.Find(s => s is { IsCompletedSuccessfully: true, Result.Outcome: KnockOutcome.Refused }) ?? sessions.Find(s => s.IsCompletedSuccessfully) ?? sessions[0];
}
