using Postern.Knocks.Sequences;
using Postern.Knocks.Tracing;
using Postern.Packets;
using Postern.Reports.Watching;

namespace Postern.Sentry;

/// <summary>
/// Turns what doors make of packets into sightings while somebody watches, and at no other time. However many packets come, so many a second are told of and no more, the
/// others counted; whoever is watched by name has a measure of his own, so that a flood does not hide him. Allocates nothing once it stands.
/// </summary>
/// <param name="page">As <see cref="WatchPage"/> has it.</param>
/// <param name="generation">Of the configuration that the sentry works by.</param>
public sealed class SightingTrace(ReadOnlyMemory<byte> page, uint generation) : ITrace
{
    /// <summary>Sightings of each kind, by name and as any.</summary>
    public const int PerSecond = 200;

    /// <summary>A packet may be a step of very many doors; so many of them are told.</summary>
    private const int MostOfOnePacket = 16;

    /// <summary>Nanoseconds between two looks at the page: a packet of a flood is spared it.</summary>
    private const long BetweenLooks = 1_000_000;

    private readonly Sighting[] _sightings = new Sighting[MostOfOnePacket];
    private readonly Measure _byName = new();
    private readonly Measure _asAny = new();
    private Measure _measure = new();
    private Sighting _packet;
    private long _nextLook = long.MinValue + BetweenLooks;
    private bool _watched;
    private int _count;
    private uint _heldBack;

    /// <summary>What was noted since the last call; good until the next packet.</summary>
    public ReadOnlySpan<Sighting> Take()
    {
        var count = _count;
        _count = 0;
        return _sightings.AsSpan(0, count);
    }

    public bool Wants(in PacketView packet, long now)
    {
        _count = 0;
        if (now >= _nextLook || now < _nextLook - BetweenLooks)
            (_watched, _nextLook) = (WatchPage.IsWatched(page.Span, now), now + BetweenLooks);
        if (!_watched)
            return false;
        var asked = WatchPage.AskedFor(page.Span, packet.Source);
        if (asked == Asked.No || !KnockStep.TryFrom(packet, out var kind, out var value))
            return false;
        _measure = asked == Asked.ByName ? _byName : _asAny;
        if (!_measure.HasRoom(now))
        {
            _heldBack += _heldBack < uint.MaxValue ? 1u : 0;
            return false;
        }

        _packet = new(generation, default, new(packet.Source), new(packet.Destination), now)
        {
            SourcePort = packet.SourcePort,
            Value = value,
            Protocol = kind == StepKind.Echo ? Sighting.Echo : (byte)packet.Protocol,
        };
        return true;
    }

    public void Note(in Thought thought)
    {
        if (_count == MostOfOnePacket)
            return;
        _measure.Take();
        _sightings[_count++] = _packet with { Thought = thought, HeldBack = _heldBack };
        _heldBack = 0;
    }

    /// <summary>A token bucket of one second's worth.</summary>
    private sealed class Measure
    {
        private const long PerToken = 1_000_000_000 / PerSecond;

        private long _emptyUntil = long.MinValue;

        public bool HasRoom(long now)
        {
            _emptyUntil = Math.Max(_emptyUntil, now - (PerToken * PerSecond));
            return _emptyUntil + PerToken <= now;
        }

        public void Take() => _emptyUntil += PerToken;
    }
}
