using FsCheck;
using FsCheck.Fluent;
using Postern.Packets;

namespace Postern.Packets.Tests;

/// <summary>Whatever the bytes, the answer is a value, and a view lies inside them.</summary>
public sealed class PropertyPacketTests
{
    private static readonly LinkType[] Links = Enum.GetValues<LinkType>();

    private static readonly (LinkType Link, byte[] Bytes)[] Knocks = [.. Craft.EveryKnock().SelectMany(Craft.OverEveryLink)];

    [Fact]
    public void Random_bytes() => Prop.ForAll(
        ArbMap.Default.GeneratorFor<byte>().ArrayOf().ToArbitrary(),
        bytes => Links.All(link => IsSound(bytes, link))).Check(Thorough(2000));

    [Fact]
    public void Mutations_of_valid_packets()
    {
        var mutated =
            from knock in Gen.Elements(Knocks)
            from edits in Gen.Two(Gen.Choose(0, knock.Bytes.Length - 1).Zip(ArbMap.Default.GeneratorFor<byte>(), (at, value) => (at, value)))
            from length in Gen.Frequency((3, Gen.Constant(knock.Bytes.Length)), (1, Gen.Choose(0, knock.Bytes.Length)))
            select (knock.Link, Bytes: Edit(knock.Bytes, length, edits.Item1, edits.Item2));
        Prop.ForAll(mutated.ToArbitrary(), packet => IsSound(packet.Bytes, packet.Link)).Check(Thorough(50_000));
    }

    /// <summary>Each header field takes each of its values.</summary>
    [Fact]
    public void Every_value_of_every_byte()
    {
        foreach (var (link, bytes) in Knocks)
        {
            for (var at = 0; at < bytes.Length; at++)
            {
                var original = bytes[at];
                for (var value = 0; value < 256; value++)
                {
                    bytes[at] = (byte)value;
                    if (!IsSound(bytes, link))
                        Assert.Fail($"{link} {Convert.ToHexString(bytes)}");
                }

                bytes[at] = original;
            }
        }
    }

    private static byte[] Edit(byte[] bytes, int length, params (int At, byte Value)[] edits)
    {
        var copy = (byte[])bytes.Clone();
        foreach (var (at, value) in edits)
            copy[at] = value;
        return copy[..length];
    }

    private static bool IsSound(ReadOnlySpan<byte> bytes, LinkType link)
    {
        var fault = PacketView.TryRead(bytes, link, out var packet);
        if (fault != PacketFault.None)
            return packet.Payload.IsEmpty && packet.Protocol == default(IpProtocol);
        return Enum.IsDefined(packet.Protocol)
            && packet.PayloadLength is >= 0 and <= 65535
            && packet.Payload.Length <= packet.PayloadLength
            && (packet.Payload.IsEmpty || bytes.Overlaps(packet.Payload))
            && (packet.Protocol is IpProtocol.Tcp or IpProtocol.Udp || packet is { SourcePort: 0, DestinationPort: 0 })
            && !(packet.IsEchoRequest && packet.Protocol is IpProtocol.Tcp or IpProtocol.Udp);
    }

    internal static Config Thorough(int cases) => Config.QuickThrowOnFailure.WithMaxTest(cases).WithEndSize(300);
}
