using System.Buffers.Binary;
using Postern.Packets.Tests;
using Postern.Reports;
using static Postern.Sentry.Tests.SpaCraft;

namespace Postern.Sentry.Tests.Spa;

/// <summary>The adversaries that <c>OpeningBudget</c> names, against the whole sentry: 300 000 packets in one second, and a genuine knock every two milliseconds.</summary>
public sealed class AdversaryTests : IDisposable
{
    private const int Packets = 300_000;
    private const int Genuine = 500;
    private const long Second = 1_000_000_000;

    private readonly SpaCraft _craft = new();
    private readonly Sentry _sentry;
    private readonly Random _random = new(11);

    public AdversaryTests() => _sentry = new(_craft.SentryOptions);

    public void Dispose() => _craft.Dispose();

    [Fact]
    public void Junk_of_one_without_the_secret_never_reaches_the_budget()
    {
        var junk = Enumerable.Range(0, 500).Select(_ => _craft.Bytes(320)).ToArray();
        Assert.Equal(Genuine, Besiege(i => Datagram(junk[i % junk.Length], (uint)_random.NextInt64(uint.MaxValue))));
        Assert.Equal(Packets, _sentry.Counters.Refused(Refusal.Junk));
        Assert.Equal(0, _sentry.Counters.Refused(Refusal.OverBudget));
    }

    [Fact]
    public void An_observer_s_copies_are_known_from_whatever_source_they_come()
    {
        var seen = _craft.Packet();
        Assert.Equal(1, _sentry.Watch(Captured(Datagram(seen))).Length);
        Assert.Equal(Genuine, Besiege(_ => Datagram(seen, (uint)_random.NextInt64(uint.MaxValue))));
        Assert.Equal(Packets, _sentry.Counters.Refused(Refusal.Copy));
        Assert.Equal(0, _sentry.Counters.Refused(Refusal.OverBudget));
    }

    /// <summary>With a byte changed they are junk, and no more than that.</summary>
    [Fact]
    public void An_observer_s_changed_copies_are_junk()
    {
        var seen = _craft.Packet();
        Assert.Equal(1, _sentry.Watch(Captured(Datagram(seen))).Length);
        Assert.Equal(Genuine, Besiege(i =>
        {
            var packet = Datagram(seen, (uint)_random.NextInt64(uint.MaxValue));
            packet[28 + i % 320] ^= (byte)(1 + i % 255);
            return packet;
        }));
        Assert.Equal(Packets, _sentry.Counters.Refused(Refusal.Junk));
    }

    [Fact]
    public void A_thief_of_the_secret_floods_from_one_network()
    {
        Assert.Equal(Genuine, Besiege(i => Fresh(0xc633_6400 + (uint)(i % 256))));
        Assert.InRange(_sentry.Counters.Refused(Refusal.NotSealedToUs), 270, 281);
        Assert.Equal(Packets - _sentry.Counters.Refused(Refusal.NotSealedToUs), _sentry.Counters.Refused(Refusal.OverBudget));
    }

    /// <summary>300 000 a second: the chance of each is 1 in 150. 500 knocks: 3 on average.</summary>
    [Fact]
    public void A_thief_of_the_secret_floods_under_false_sources()
    {
        Assert.InRange(Besiege(_ => Fresh((uint)_random.NextInt64(uint.MaxValue))), 0, 20);
        Assert.InRange(_sentry.Counters.Refused(Refusal.NotSealedToUs), 1_900, 2_900);
    }

    /// <summary>The same, and each client sends its packet again.</summary>
    [Fact]
    public void A_second_copy_comes_in_all_the_same()
    {
        Assert.Equal(Genuine, Besiege(_ => Fresh((uint)_random.NextInt64(uint.MaxValue)), copyAfter: Second / 16));
        Assert.InRange(_sentry.Counters.Refused(Refusal.NotSealedToUs), 1_900, 2_900);
    }

    /// <summary>An older client's packets are opened where nothing else comes; in a flood of junk they have their turn by chance, 1 in 150.</summary>
    [Fact]
    public void A_packet_without_a_mark_is_what_a_flood_of_junk_leaves_least_room_for()
    {
        _craft.Marks = false;
        Assert.Equal(1, _sentry.Watch(Captured(Datagram(_craft.Packet()))).Length);
        var junk = Enumerable.Range(0, 500).Select(_ => _craft.Bytes(320)).ToArray();
        Assert.InRange(Besiege(i => Datagram(junk[i % junk.Length], (uint)_random.NextInt64(uint.MaxValue))), 0, 20);
        Assert.Equal(1, _sentry.Watch(Captured(Datagram(_craft.Packet()), 4 * Second)).Length);
    }

    private byte[] Fresh(uint source) => Datagram(_craft.SealedNonsense(), source);

    /// <summary>How many of the genuine knocks were reported. Each is sent again, once, after so long, if that is said.</summary>
    private int Besiege(Func<int, byte[]> enemy, long copyAfter = 0)
    {
        var reported = 0;
        var again = new Queue<(long At, byte[] Packet)>();
        for (var i = 0; i < Packets; i++)
        {
            var now = Second + i * (Second / Packets);
            Assert.Equal(0, _sentry.Watch(Captured(enemy(i), now)).Length);
            if (i % (Packets / Genuine) == 0)
            {
                var packet = Datagram(_craft.Packet(), 0x0a00_0000 + (uint)i * 257);
                reported += _sentry.Watch(Captured(packet, now)).Length;
                if (copyAfter != 0)
                    again.Enqueue((now + copyAfter, packet));
            }

            while (again.TryPeek(out var copy) && copy.At <= now)
                reported += _sentry.Watch(Captured(again.Dequeue().Packet, now)).Length;
        }

        while (again.TryDequeue(out var copy))
            reported += _sentry.Watch(Captured(copy.Packet, copy.At)).Length;
        return reported;
    }
}
