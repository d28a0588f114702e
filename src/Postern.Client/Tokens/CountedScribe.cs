using System.Net;
using System.Security.Cryptography;
using Postern.Keys;
using Postern.Knocks.Counted;
using Postern.Reports;

namespace Postern.Client.Tokens;

/// <summary>
/// Writes tokens of the present time step, each with the next count: a step has <see cref="CountedToken.Counts"/> of them, and whoever shares the secret may have used some. The first is drawn by chance.
/// </summary>
/// <param name="secret">It stays the caller's.</param>
/// <param name="step">As the gate has it, in whole seconds.</param>
public sealed class CountedScribe(TokenSecret secret, TimeSpan step)
{
    private int _next = RandomNumberGenerator.GetInt32(CountedToken.Counts);

    /// <summary>Where the gate sees us, knocking at this address, of tokens that are bound to it; null: they are not.</summary>
    public Func<IPAddress, CancellationToken, Task<Address>>? BoundTo { get; init; }

    internal async Task<byte[]> WriteAsync(byte[] label, IPAddress target, CancellationToken cancellation)
    {
        var address = BoundTo is { } find ? await find(target, cancellation) : Address.None;
        var token = new byte[CountedToken.Size];
        var count = (byte)((uint)Interlocked.Increment(ref _next) % CountedToken.Counts);
        CountedToken.Write(secret, label, DateTimeOffset.UtcNow.ToUnixTimeSeconds() / (long)step.TotalSeconds, count, address, token);
        return token;
    }

    internal async Task<SynToken> WriteSynAsync(IPAddress target, CancellationToken cancellation)
    {
        while (true)
        {
            var token = SynToken.From(await WriteAsync(CountedToken.SynLabel.ToArray(), target, cancellation));
            if (token.CanBeSent)
                return token;
        }
    }
}
