using System.Collections.Immutable;
using Postern.Keys;
using Postern.Knocks.Rolling;
using Postern.Knocks.Sequences;
using Postern.Packets;
using Postern.Reports.Tokens;
using Postern.Sentry.Tokens;

namespace Postern.Sentry;

/// <summary>A knock of method rolling, as the sentry knows it.</summary>
/// <param name="Secret">See <see cref="TokenWatch"/>.</param>
/// <param name="Plan">How sequences follow from it.</param>
/// <param name="Within">From the first to the last packet.</param>
public sealed record RollingWatch(TokenSecret Secret, RollingPlan Plan, TimeSpan Within) : TokenWatch(Secret)
{
    public override TokenMethod Method => TokenMethod.Rolling;

    public override ImmutableArray<FilterPorts> TcpPorts => Of(StepKind.Tcp);

    public override ImmutableArray<FilterPorts> UdpPorts => Of(StepKind.Udp);

    internal override ITokenDetector Detector(ImmutableArray<(int Door, TokenWatch Knock)> knocks, TokenWatchOptions options, TokenThoughts thoughts) =>
        new RollingTokens([.. knocks.Select(k => (k.Door, (RollingWatch)k.Knock))], thoughts);

    internal override void Write(BinaryWriter writer)
    {
        WriteEach(writer, Plan.Pool, run =>
        {
            writer.Write((byte)run.Kind);
            writer.Write(run.First);
            writer.Write(run.Last);
        });
        writer.Write((byte)Plan.Shortest);
        writer.Write((byte)Plan.Longest);
        writer.Write(Plan.Step.Ticks);
        writer.Write(Plan.IsBound);
        writer.Write(Within.Ticks);
    }

    internal static RollingWatch Read(BinaryReader reader, TokenSecret secret)
    {
        var plan = new RollingPlan(ReadEach(reader, () => new KnockStep((StepKind)reader.ReadByte(), reader.ReadUInt16(), reader.ReadUInt16())))
        {
            Shortest = reader.ReadByte(),
            Longest = reader.ReadByte(),
            Step = TimeSpan.FromTicks(reader.ReadInt64()),
            IsBound = reader.ReadBoolean(),
        };
        return new(secret, plan, TimeSpan.FromTicks(reader.ReadInt64()));
    }

    private ImmutableArray<FilterPorts> Of(StepKind kind) => [.. Plan.Pool.Where(run => run.Kind == kind).Select(run => new FilterPorts(run.First, run.Last))];
}
