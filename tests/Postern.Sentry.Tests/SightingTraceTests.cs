using System.Buffers.Binary;
using System.Security.Cryptography;
using Postern.Keys;
using Postern.Knocks.Sequences;
using Postern.Packets;
using Postern.Reports;
using Postern.Reports.Watching;

namespace Postern.Sentry.Tests;

/// <summary>What the sentry says while somebody watches, and that it says no more than that.</summary>
public sealed class SightingTraceTests
{
    private const long Millisecond = 1_000_000;
    private const uint Alice = 0x0a4d0002;

    private readonly byte[] _page = new byte[WatchPage.Size];
    private readonly SightingTrace _trace;
    private readonly Sentry _sentry;

    public SightingTraceTests()
    {
        _trace = new(_page, generation: 7);
        _sentry = new(new(7, [new("office", [new(StepKind.Tcp, 7000, 7000), new(StepKind.Udp, 8000, 8000)])]), trace: _trace);
    }

    [Fact]
    public void Says_nothing_unless_somebody_watches()
    {
        Assert.Empty(Look(Alice, 0));
        WatchPage.Write(_page, until: 10 * Millisecond, [], others: true);
        var said = Assert.Single(Look(Alice, 5));
        Assert.Equal(
            new Sighting(7, new(KnockMethod.Sequence, 0, Finding.Again) { Made = 1, Of = 2 }, Address.FromV4(Alice), Address.FromV4(0x0a4d0001), 5 * Millisecond) { SourcePort = 40_000, Value = 7000, Protocol = 6 },
            said);
        Assert.Empty(_trace.Take().ToArray());
        Assert.Empty(Look(Alice, 10));
    }

    [Fact]
    public void Says_so_many_a_second_and_how_many_it_held_back()
    {
        WatchPage.Write(_page, until: long.MaxValue, [], others: true);
        var said = Enumerable.Range(0, 10_000).SelectMany(i => Look(Alice + (uint)i, 1000 + (i / 10))).ToArray(); // a second of 10 000
        Assert.InRange(said.Length, SightingTrace.PerSecond, 2 * SightingTrace.PerSecond);
        var last = Look(Alice, 60_000);
        Assert.Equal(10_000 - said.Length, said.Sum(s => s.HeldBack) + last.Sum(s => s.HeldBack));
    }

    [Fact]
    public void Whoever_is_asked_for_by_name_is_not_hidden_by_a_flood()
    {
        WatchPage.Write(_page, until: long.MaxValue, [Address.FromV4(Alice)], others: true);
        for (var i = 0; i < 5000; i++)
            Look(0xc0000000 + (uint)i, 1000);
        Assert.Single(Look(Alice, 1000));
        WatchPage.Write(_page, until: long.MaxValue, [Address.FromV4(Alice)], others: false);
        Assert.Empty(Look(Alice + 1, 90_000));
        Assert.Single(Look(Alice, 90_000));
    }

    [Fact]
    public void A_refused_single_packet_is_told_of_with_its_refusal()
    {
        using var secret = GateSecret.From(RandomNumberGenerator.GetBytes(GateSecret.Size));
        using var outer = secret.DeriveOuterKey();
        using var pair = BoxKeyPair.Generate();
        var sentry = new Sentry(new(7, []) { Spa = new(outer, pair, 1) { UdpPorts = [new(62201, 62201)] } }, trace: _trace);
        WatchPage.Write(_page, until: long.MaxValue, [], others: true);
        foreach (var (size, refusal) in new[] { (10, Refusal.WrongSize), (320, Refusal.Junk) })
        {
            sentry.Watch(new() { Bytes = Datagram(62201, size), Link = LinkType.Raw, Time = 1000 * Millisecond });
            var said = Assert.Single(_trace.Take().ToArray());
            Assert.Equal((KnockMethod.Spa, Finding.Refused, refusal), (said.Thought.Method, said.Thought.Finding, said.Thought.Refusal));
        }
    }

    [Fact]
    public void To_say_it_costs_no_allocation()
    {
        WatchPage.Write(_page, until: long.MaxValue, [], others: true);
        var syn = Syn(Alice);
        var told = 0;
        Assert.Equal(0, Allocated.InSteadyState(round =>
        {
            for (var i = 0; i < 20_000; i++)
            {
                BinaryPrimitives.WriteInt32BigEndian(syn.AsSpan(12), i);
                _sentry.Watch(new() { Bytes = syn, Link = LinkType.Raw, Time = (round * 20_000_000 + (i * 1000L)) * Millisecond });
                told += _trace.Take().Length;
            }
        }));
        Assert.True(told > 20_000);
    }

    private Sighting[] Look(uint source, long milliseconds)
    {
        _sentry.Watch(new() { Bytes = Syn(source), Link = LinkType.Raw, Time = milliseconds * Millisecond });
        return _trace.Take().ToArray();
    }

    private static byte[] Syn(uint source)
    {
        var packet = Ip(6, 40, source);
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(22), 7000);
        packet[32] = 0x50;
        packet[33] = 0x02;
        return packet;
    }

    private static byte[] Datagram(ushort port, int size)
    {
        var packet = Ip(17, 28 + size, Alice);
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(22), port);
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(24), (ushort)(8 + size));
        return packet;
    }

    /// <summary>RFC 791 §3.1, to 10.77.0.1.</summary>
    private static byte[] Ip(byte protocol, int length, uint source)
    {
        var packet = new byte[length];
        packet[0] = 0x45;
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(2), (ushort)length);
        packet[8] = 64;
        packet[9] = protocol;
        BinaryPrimitives.WriteUInt32BigEndian(packet.AsSpan(12), source);
        BinaryPrimitives.WriteUInt32BigEndian(packet.AsSpan(16), 0x0a4d0001);
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(20), 40_000);
        return packet;
    }
}
