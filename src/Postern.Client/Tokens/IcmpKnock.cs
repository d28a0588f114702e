using System.Net;
using Postern.Knocks.Counted;
using Postern.Knocks.Sequences;

namespace Postern.Client.Tokens;

/// <summary>A token in the data of an echo request, which looks like one of <c>ping -p</c>.</summary>
public sealed class IcmpKnock(CountedScribe scribe) : IKnockMethod
{
    /// <summary>Of ping's usual 56 bytes, so many are its clock.</summary>
    private const int Clock = 16;

    private const int Size = 56;

    public int Packets => 1;

    public TimeSpan? Gap => null;

    public bool IsOnce => false;

    public bool IsAnswered => false;

    public async Task<KnockLetter> WriteAsync(IPAddress target, KnockRound round, CancellationToken cancellation)
    {
        var token = await WriteTokenAsync(target, cancellation);
        var data = new byte[Size];
        BitConverter.TryWriteBytes(data, DateTimeOffset.UtcNow.ToUnixTimeSeconds());
        BitConverter.TryWriteBytes(data.AsSpan(sizeof(long)), DateTimeOffset.UtcNow.Microsecond);
        for (var i = Clock; i < Size; i++)
            data[i] = token[i % token.Length];
        return new([new(new(StepKind.Echo, Size, TimeSpan.Zero), data)]);
    }

    /// <summary>What <c>ping -p</c> takes: 32 hexadecimal digits, good for one knock in this time step.</summary>
    public async Task<string> WritePatternAsync(IPAddress target, CancellationToken cancellation) => Convert.ToHexStringLower(await WriteTokenAsync(target, cancellation));

    private Task<byte[]> WriteTokenAsync(IPAddress target, CancellationToken cancellation) => scribe.WriteAsync(CountedToken.IcmpLabel.ToArray(), target, cancellation);
}
