using System.Collections.Immutable;
using Postern.Keys;
using Postern.Packets;
using Postern.Reports.Tokens;
using Postern.Sentry.Tokens;

namespace Postern.Sentry;

/// <summary>A knock by a token in the headers of a first segment, as the sentry knows it.</summary>
/// <param name="Secret">The caller's.</param>
/// <param name="Ports">Where such segments go to.</param>
public sealed record SynWatch(TokenSecret Secret, ImmutableArray<FilterPorts> Ports) : TokenWatch(Secret)
{
    /// <summary>Seconds.</summary>
    public int Step { get; init; } = 30;

    /// <summary>Its tokens are bound to the client's address.</summary>
    public bool IsBound { get; init; }

    /// <summary>The connection that is to be let in carries the token itself, so that not all fields are the client's to choose.</summary>
    public bool IsOfConnection { get; init; }

    public override TokenMethod Method => TokenMethod.Syn;

    public override ImmutableArray<FilterPorts> TcpPorts => Ports;

    internal bool Takes(ushort port)
    {
        foreach (var run in Ports)
        {
            if (port >= run.First && port <= run.Last)
                return true;
        }

        return false;
    }

    internal override ITokenDetector Detector(ImmutableArray<(int Door, TokenWatch Knock)> knocks, TokenWatchOptions options, TokenThoughts thoughts) =>
        new SynDetector([.. knocks.Select(k => (k.Door, (SynWatch)k.Knock))], thoughts);

    internal override void Write(BinaryWriter writer)
    {
        writer.Write(Step);
        writer.Write(IsBound);
        writer.Write(IsOfConnection);
        writer.Write(Ports.Length);
        foreach (var run in Ports)
        {
            writer.Write(run.First);
            writer.Write(run.Last);
        }
    }

    internal static SynWatch Read(BinaryReader reader, TokenSecret secret)
    {
        var knock = new SynWatch(secret, []) { Step = CountedSteps.Read(reader), IsBound = reader.ReadBoolean(), IsOfConnection = reader.ReadBoolean() };
        var ports = ImmutableArray.CreateBuilder<FilterPorts>();
        for (var left = reader.ReadInt32(); left > 0; left--)
            ports.Add(new(reader.ReadUInt16(), reader.ReadUInt16()));
        return knock with { Ports = ports.ToImmutable() };
    }
}

/// <summary>The time step of counted tokens, in orders.</summary>
internal static class CountedSteps
{
    /// <exception cref="IOException">It is none.</exception>
    public static int Read(BinaryReader reader) => reader.ReadInt32() is > 0 and var step ? step : throw new IOException("a time step of nothing");
}
