using System.Collections.Immutable;
using Postern.Keys;
using Postern.Knocks.Ports;
using Postern.Packets;
using Postern.Reports.Tokens;
using Postern.Sentry.Tokens;

namespace Postern.Sentry;

/// <summary>A knock of method ports, as the sentry knows it.</summary>
/// <param name="Secret">See <see cref="TokenWatch"/>.</param>
/// <param name="Span">Where its packets go.</param>
/// <param name="Tcp">First segments of connections count.</param>
/// <param name="Udp">Datagrams do.</param>
/// <param name="Within">From the first to the last packet.</param>
public sealed record PortsWatch(TokenSecret Secret, PortSpan Span, bool Tcp, bool Udp, TimeSpan Within) : TokenWatch(Secret)
{
    public override TokenMethod Method => TokenMethod.Ports;

    public override ImmutableArray<FilterPorts> TcpPorts => Tcp ? [new(Span.First, Span.Last)] : [];

    public override ImmutableArray<FilterPorts> UdpPorts => Udp ? [new(Span.First, Span.Last)] : [];

    internal override ITokenDetector Detector(ImmutableArray<(int Door, TokenWatch Knock)> knocks, TokenWatchOptions options, TokenThoughts thoughts) =>
        new PortsTokens([.. knocks.Select(k => (k.Door, (PortsWatch)k.Knock))], thoughts);

    internal override void Write(BinaryWriter writer)
    {
        writer.Write(Span.First);
        writer.Write(Span.HasData);
        writer.Write(Tcp);
        writer.Write(Udp);
        writer.Write(Within.Ticks);
    }

    internal static PortsWatch Read(BinaryReader reader, TokenSecret secret) =>
        new(secret, new PortSpan(reader.ReadUInt16()) { HasData = reader.ReadBoolean() }, reader.ReadBoolean(), reader.ReadBoolean(), TimeSpan.FromTicks(reader.ReadInt64()));
}
