using System.Buffers.Binary;
using System.Collections.Immutable;
using Postern.Keys.Fwknop;
using Postern.Knocks.Fwknop;
using Postern.Packets;
using Postern.Reports;
using Postern.Sentry.Spa;

namespace Postern.Sentry.Fwknop;

/// <summary>
/// Recognises packets of fwknop and finds whose they are, cheapest reject first:
/// <code>
/// size, first character, alphabet ─► a copy of one that was good? ─► whose source and destination fit ─► budget ─► key after key ─► report
/// </code>
/// Its memory is bounded, and a packet allocates nothing where its stanza has a key for tags; the test of a first block, where it has none, allocates what
/// the runtime's AES needs.
/// </summary>
internal sealed class FwknopDetector
{
    private readonly ImmutableArray<ImmutableArray<AddressPrefix>> _destinations;
    private readonly ImmutableArray<Trial> _trials;
    private readonly ImmutableArray<int> _trialOf;
    private readonly StanzaIndex _index;
    private readonly PortMap _udp;
    private readonly PortMap _tcp;
    private readonly bool _icmp;
    private readonly bool _http;
    private readonly SipHash _hash;
    private readonly OpenedPackets _known;
    private readonly OpeningBudget _budget;
    private readonly FwknopReader _reader = new();
    private readonly byte[] _request = new byte[Report.MaxFwknop];
    private readonly int[] _doors;
    private readonly int[] _triedAt;
    private int _turn;

    /// <summary>A key to try: many stanzas may have the same, and it is tried once a packet.</summary>
    private sealed record Trial(FwknopMacKey? Tag, FwknopCipherKey? Cipher, FwknopMode Mode)
    {
        public int TagSize => Tag?.TagSize ?? 0;
    }

    public FwknopDetector(FwknopWatchOptions options)
    {
        FwknopCrypto.Warm(); // the sentry has walled itself in before the first packet
        _hash = new(options.Seed);
        _destinations = [.. options.Stanzas.Select(s => s.Destinations.Select(AddressPrefix.From).ToImmutableArray())];
        (_trials, _trialOf) = TrialsOf(options.Stanzas);
        _index = new(options.Stanzas);
        _udp = new(options.UdpPorts);
        _tcp = new(options.TcpPorts);
        (_icmp, _http) = (options.Icmp, options.Http);
        _known = new(_hash);
        _budget = new(_hash, options.Limits.For(_trials.Length));
        _doors = new int[_trials.Length];
        _triedAt = new int[_trials.Length];
    }

    /// <summary>Whether it came where packets of fwknop come, whatever is in it.</summary>
    public bool Concerns(in PacketView packet) => packet.PayloadLength > 0 && packet.Protocol switch
    {
        IpProtocol.Udp => _udp.Has(packet.DestinationPort),
        IpProtocol.Tcp => _tcp.Has(packet.DestinationPort),
        IpProtocol.Icmp => _icmp,
        _ => false,
    };

    /// <summary>The request lives until the next call. What is in it nobody has looked at.</summary>
    public Refusal Find(in PacketView packet, long now, out Finding finding)
    {
        finding = default;
        if (packet.Payload.Length != packet.PayloadLength)
            return Refusal.WrongSize;
        if (_reader.Read(packet.Payload, _http) is var a and not Refusal.None)
            return a;
        Span<byte> mark = stackalloc byte[16];
        BinaryPrimitives.WriteUInt128LittleEndian(mark, _hash.Of(_reader.Text));
        if (_known.Has(mark))
            return Refusal.Copy;
        var trials = Candidates(packet);
        if (trials == 0)
            return Refusal.AddressNotAllowed;
        if (_budget.Spend(new(packet.Source), now, trials) is var b and not Refusal.None)
            return b;
        if (!TryAll(trials, out finding))
            return Refusal.NotSealedToUs;
        _known.Add(mark);
        return Refusal.None;
    }

    internal readonly record struct Finding(int Door, ReadOnlyMemory<byte> Request, byte TagSize);

    /// <summary>How many keys the packet could be of; the first stanza that has each stands in <see cref="_doors"/>, in their order.</summary>
    private int Candidates(in PacketView packet)
    {
        var count = 0;
        _turn++;
        foreach (var place in _index.Of(new(packet.Source)))
        {
            var trial = _trialOf[place];
            if (_triedAt[trial] == _turn || !IsFor(_destinations[place], packet.Destination))
                continue;
            _triedAt[trial] = _turn;
            _doors[count++] = place;
        }

        return count;
    }

    /// <summary>
    /// The first whose tag is right. Only where there is none, the first whose first block opens: a packet with a tag has the same first block without it,
    /// and a stanza without a key for tags may have the key that encrypts in common with one that has.
    /// </summary>
    private bool TryAll(int count, out Finding finding)
    {
        finding = default;
        return TryEach(count, tagged: true, ref finding) || TryEach(count, tagged: false, ref finding);
    }

    private bool TryEach(int count, bool tagged, ref Finding finding)
    {
        FwknopSealed packet = default;
        var (splitAt, isSplit) = (-1, false);
        foreach (var door in _doors.AsSpan(0, count))
        {
            var trial = _trials[_trialOf[door]];
            if (trial.Tag is not null != tagged)
                continue;
            if (splitAt != trial.TagSize)
                (splitAt, isSplit) = (trial.TagSize, _reader.TrySplit(trial.TagSize, out packet)); // mostly all are of one size
            if (!isSplit || !Fits(trial, packet))
                continue;
            packet.Bytes.CopyTo(_request);
            finding = new(door, _request.AsMemory(0, packet.Bytes.Length), (byte)trial.TagSize);
            return true;
        }

        return false;
    }

    private static bool Fits(Trial trial, in FwknopSealed packet) =>
        trial.Tag?.Verify(packet.Text, packet.Tag) ?? trial.Cipher!.OpensFirstBlock(trial.Mode, packet.Salt, packet.Ciphertext);

    /// <summary>Several networks a stanza, and mostly none: one after the other will do.</summary>
    private static bool IsFor(ImmutableArray<AddressPrefix> destinations, UInt128 destination)
    {
        foreach (var network in destinations)
        {
            if (network.Contains(destination))
                return true;
        }

        return destinations.IsEmpty;
    }

    private static (ImmutableArray<Trial> Trials, ImmutableArray<int> Of) TrialsOf(ImmutableArray<FwknopWatch> stanzas)
    {
        var trials = ImmutableArray.CreateBuilder<Trial>();
        var known = new Dictionary<string, int>(StringComparer.Ordinal);
        var of = ImmutableArray.CreateBuilder<int>(stanzas.Length);
        foreach (var stanza in stanzas)
        {
            var name = NameOf(stanza);
            if (!known.TryGetValue(name, out var place))
            {
                known[name] = place = trials.Count;
                trials.Add(new(stanza.Tag, stanza.Cipher, stanza.Mode));
            }

            of.Add(place);
        }

        return (trials.ToImmutable(), of.ToImmutable());
    }

    /// <summary>The same for the same key, and says nothing about it.</summary>
    private static string NameOf(FwknopWatch stanza)
    {
        Span<byte> name = stackalloc byte[FwknopDigests.MaxSize];
        name.Clear();
        if (stanza.Tag is { } tag)
            return $"{tag.Digest} {Convert.ToHexString(name[..tag.Write("postern"u8, name)])}";
        var length = stanza.Cipher!.Encrypt(stanza.Mode, name[..FwknopCipherKey.SaltSize], "postern"u8, name[FwknopCipherKey.SaltSize..]);
        return $"{stanza.Mode} {Convert.ToHexString(name.Slice(FwknopCipherKey.SaltSize, length))}";
    }
}
