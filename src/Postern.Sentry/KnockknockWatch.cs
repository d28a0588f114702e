using System.Collections.Immutable;
using Postern.Keys;
using Postern.Keys.Knockknock;
using Postern.Packets;
using Postern.Reports.Tokens;
using Postern.Sentry.Tokens;

namespace Postern.Sentry;

/// <summary>A profile of knockknock, as the sentry knows it.</summary>
/// <param name="Secret">Both of its keys. See <see cref="TokenWatch"/>.</param>
/// <param name="KnockPort">Where its packets go.</param>
/// <param name="Ports">Those that they may ask for.</param>
public sealed record KnockknockWatch(TokenSecret Secret, ushort KnockPort, ImmutableArray<ushort> Ports) : TokenWatch(Secret)
{
    /// <summary>So many counters are good.</summary>
    public int Window { get; init; } = 20;

    /// <summary>The lowest counter that is good, asked for whenever a sentry is told: one that takes the place of another begins where that one was.</summary>
    public Func<ulong> Next { get; init; } = () => 0;

    public override TokenMethod Method => TokenMethod.Knockknock;

    public override ImmutableArray<FilterPorts> TcpPorts => [new(KnockPort, KnockPort)];

    internal override ITokenDetector Detector(ImmutableArray<(int Door, TokenWatch Knock)> knocks, TokenWatchOptions options, TokenThoughts thoughts) =>
        new KnockknockDetector([.. knocks.Select(k => (k.Door, (KnockknockWatch)k.Knock))], thoughts);

    internal override void Write(BinaryWriter writer)
    {
        writer.Write(KnockPort);
        writer.Write(Window);
        writer.Write(Next());
        WriteEach(writer, Ports, writer.Write);
    }

    internal static KnockknockWatch Read(BinaryReader reader, TokenSecret secret)
    {
        if (secret.Size != KnockknockKeys.Size)
            throw new EndOfStreamException("half of two keys");
        var (port, window, next) = (reader.ReadUInt16(), reader.ReadInt32(), reader.ReadUInt64());
        if (window <= 0)
            throw new IOException("a window of nothing");
        return new(secret, port, ReadEach(reader, reader.ReadUInt16)) { Window = window, Next = () => next };
    }
}
