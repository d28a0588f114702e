using System.Net;
using System.Security.Cryptography;
using Postern.Knocks.Sequences;

namespace Postern.Client.Tokens;

/// <summary>A token in the headers of one SYN, written by hand so that it looks like one of Linux.</summary>
/// <param name="scribe">Makes the tokens.</param>
/// <param name="ports">Of TCP, where the gate looks for them; one of them by chance.</param>
public sealed class SynKnock(CountedScribe scribe, IReadOnlyList<ushort> ports) : IKnockMethod
{
    public int Packets => 1;

    public TimeSpan? Gap => null;

    public bool IsOnce => false;

    public bool IsAnswered => false;

    public async Task<KnockLetter> WriteAsync(IPAddress target, KnockRound round, CancellationToken cancellation)
    {
        var port = ports[RandomNumberGenerator.GetInt32(ports.Count)];
        return new([new(new(StepKind.Tcp, port, TimeSpan.Zero), default) { Syn = await scribe.WriteSynAsync(target, cancellation) }]);
    }
}
