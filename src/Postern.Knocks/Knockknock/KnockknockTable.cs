using System.Collections.Immutable;
using Postern.Keys.Knockknock;
using Postern.Reports;

namespace Postern.Knocks.Knockknock;

/// <summary>A profile of knockknock, as it is looked for.</summary>
/// <param name="Door">By which it is reported.</param>
/// <param name="Keys">The caller's.</param>
/// <param name="KnockPort">Where its packets go.</param>
/// <param name="Ports">Those that may be asked for.</param>
/// <param name="Next">The lowest counter that is good.</param>
/// <param name="Window">So many counters are good, from there on.</param>
public readonly record struct KnockknockDoor(int Door, KnockknockKeys Keys, ushort KnockPort, ImmutableArray<ushort> Ports, ulong Next, int Window);

/// <summary>A packet that was made with the keys of a profile.</summary>
/// <param name="Door">Whose.</param>
/// <param name="Counter">It was encrypted with.</param>
/// <param name="Port">It asks for.</param>
public readonly record struct KnockknockMatch(int Door, uint Counter, ushort Port);

/// <summary>What became of a segment to a knock port.</summary>
public enum KnockknockOutcome
{
    /// <summary>It is made with the keys of a profile. Whether its counter is still good is for the warden to say.</summary>
    Found,

    /// <summary>The same came before, and was told of.</summary>
    Copy,

    /// <summary>The MAC is wrong, or the counter out of reach.</summary>
    Bad,

    /// <summary>It asks for no port that is opened; for which other one, nobody had time to find out.</summary>
    OverBudget,

    /// <summary>It says nothing: a segment as systems send them.</summary>
    Plain,
}

/// <summary>
/// All packets that may come now, as the wire would show them: for each profile those of the counters in its window, for each port that it may open. They are made when the window moves; a packet costs one look,
/// and no hash. So nobody who floods makes it work.
/// <para>
/// A packet that is not among them may still be genuine: for a port that is not opened, or with a counter that is past. Both are to be named, and the former moves the window too, or a client who asks for a wrong port
/// a few times would be beyond it. So some such packets a second are decrypted with each keystream of the window, and of a few counters before it; and no more, whoever sends them.
/// </para>
/// Nothing in it grows. Not for several threads at once.
/// </summary>
public sealed class KnockknockTable
{
    /// <summary>Counters before the window by which a packet is still known for what it is.</summary>
    public const int Behind = 20;

    /// <summary>One more than the last: it has four bytes.</summary>
    private const ulong CounterEnd = 1UL << 32;

    /// <summary>MACs that are computed for strangers in a second, some 3 µs each: half a percent of a core.</summary>
    private const int UsualTries = 2_000;

    private const double Second = 1e9;

    /// <summary>Nanoseconds after which the same packet is told of once more, since what was told may have been lost.</summary>
    private const long Again = 3_000_000_000;

    private const int MostTold = 6;

    private readonly Dictionary<ushort, (Course[] Courses, int Cost)> _byPort;
    private readonly Dictionary<UInt128, Entry> _packets = [];
    private readonly int _triesPerSecond;
    private readonly int _mostTries;
    private double _tries;
    private long _filled = long.MinValue;

    public KnockknockTable(ImmutableArray<KnockknockDoor> doors)
    {
        Course[] courses = [.. doors.Select(d => new Course(d))];
        _byPort = courses.GroupBy(c => c.Door.KnockPort).ToDictionary(g => g.Key, g => (g.ToArray(), g.Sum(c => c.Streams.Length)));
        var widest = courses.Max(c => c.Streams.Length);
        (_triesPerSecond, _mostTries) = (Math.Max(UsualTries, widest), Math.Max(UsualTries, Math.Max(4 * widest, _byPort.Values.Max(p => p.Cost)))); // or one packet would cost more than there ever is
        _tries = _mostTries;
        foreach (var course in courses)
            Expect(course, course.First, course.Next + (ulong)course.Door.Window);
    }

    /// <summary>How many packets are known.</summary>
    public int Count => _packets.Count;

    /// <param name="packet">Its fields.</param>
    /// <param name="knockPort">Where it went.</param>
    /// <param name="source">Its sender's address.</param>
    /// <param name="sourcePort">And port.</param>
    /// <param name="now">Nanoseconds; only differences matter.</param>
    /// <param name="match">What it says, where it is found or a copy.</param>
    public KnockknockOutcome Find(KnockknockPacket packet, ushort knockPort, Address source, ushort sourcePort, long now, out KnockknockMatch match)
    {
        match = default;
        if (!_byPort.TryGetValue(knockPort, out var at))
            return KnockknockOutcome.Plain;
        var key = KeyOf(packet.Bits, knockPort);
        if (!_packets.TryGetValue(key, out var entry))
            return packet.Acknowledgment == 0 ? KnockknockOutcome.Plain : Try(at.Courses, at.Cost, packet, new(source, sourcePort, now, 1), out match);
        match = new(entry.Course.Door.Door, entry.Counter, entry.Port);
        var isSame = entry.Use.Told > 0 && entry.Use.Source == source && entry.Use.Port == sourcePort;
        if (entry.Use.Told >= MostTold || (isSame && now - entry.Use.At < Again))
            return KnockknockOutcome.Copy;
        match = Note(entry.Course, entry.Counter, entry.Port, key, new(source, sourcePort, now, entry.Use.Told + 1));
        return KnockknockOutcome.Found;
    }

    /// <summary>For all profiles of the port or for none: or floods would leave enough for the first of them only.</summary>
    private KnockknockOutcome Try(Course[] courses, int cost, KnockknockPacket packet, Use use, out KnockknockMatch match)
    {
        match = default;
        if (!MayTry(cost, use.At))
            return KnockknockOutcome.OverBudget;
        foreach (var course in courses)
        {
            if (!TryDecrypt(course, packet, out var counter, out var port))
                continue;
            match = Note(course, counter, port, KeyOf(packet.Bits, course.Door.KnockPort), use);
            return KnockknockOutcome.Found;
        }

        return KnockknockOutcome.Bad;
    }

    private bool MayTry(int cost, long now)
    {
        if (_filled != long.MinValue && now > _filled)
            _tries = Math.Min(_mostTries, _tries + ((now - _filled) / Second * _triesPerSecond));
        _filled = now;
        if (_tries < cost)
            return false;
        _tries -= cost;
        return true;
    }

    private static bool TryDecrypt(Course course, KnockknockPacket packet, out uint counter, out ushort port)
    {
        for (var c = course.First; c < course.End; c++)
        {
            if (!KnockknockPacket.TryRead(course.Door.Keys, packet.Bits ^ course.Streams[course.SlotOf(c)], out port))
                continue;
            counter = (uint)c;
            return true;
        }

        (counter, port) = (0, 0);
        return false;
    }

    /// <summary>It is known from now on, and the window begins behind it.</summary>
    private KnockknockMatch Note(Course course, uint counter, ushort port, UInt128 key, Use use)
    {
        if (counter >= course.Next)
            Move(course, counter + 1UL);
        ref var used = ref course.Used[course.SlotOf(counter)];
        if (used != key && used != default)
            _packets.Remove(used);
        used = key;
        _packets[key] = new(course, counter, port, use);
        return new(course.Door.Door, counter, port);
    }

    private void Move(Course course, ulong next)
    {
        var end = course.End;
        for (var c = course.Next; c < next; c++)
        {
            foreach (var text in course.Texts)
                _packets.Remove(KeyOf(text ^ course.Streams[course.SlotOf(c)], course.Door.KnockPort));
        }

        for (var c = course.First; c < Course.FirstBefore(next); c++)
        {
            ref var used = ref course.Used[course.SlotOf(c)];
            if (used != default)
                _packets.Remove(used);
            used = default;
        }

        course.Next = next;
        Expect(course, end, next + (ulong)course.Door.Window);
    }

    /// <summary>The keystreams of these counters, and of those that are good the packets.</summary>
    private void Expect(Course course, ulong from, ulong until)
    {
        for (var c = from; c < until && c < CounterEnd; c++)
        {
            var stream = course.Streams[course.SlotOf(c)] = course.Door.Keys.Keystream((uint)c);
            for (var i = 0; c >= course.Next && i < course.Texts.Length; i++)
                _packets.TryAdd(KeyOf(course.Texts[i] ^ stream, course.Door.KnockPort), new(course, (uint)c, course.Door.Ports[i], default));
        }
    }

    private static UInt128 KeyOf(UInt128 bits, ushort knockPort) => bits << 16 | knockPort;

    /// <summary>How far one profile has come.</summary>
    private sealed class Course(KnockknockDoor door)
    {
        public KnockknockDoor Door => door;

        public ulong Next { get; set; } = door.Next;

        public ulong First => FirstBefore(Next);

        public ulong End => Math.Min(CounterEnd, Next + (ulong)door.Window);

        /// <summary>The plain text of each port that may be asked for.</summary>
        public UInt128[] Texts { get; } = [.. door.Ports.Select(p => KnockknockPacket.PlainText(door.Keys, p))];

        /// <summary>By <see cref="SlotOf"/>, from <see cref="First"/> to <see cref="End"/>.</summary>
        public UInt128[] Streams { get; } = new UInt128[Behind + door.Window];

        /// <summary>The packet that came with this counter; zero: none.</summary>
        public UInt128[] Used { get; } = new UInt128[Behind + door.Window];

        public int SlotOf(ulong counter) => (int)(counter % (ulong)Streams.Length);

        public static ulong FirstBefore(ulong next) => next < Behind ? 0 : next - Behind;
    }

    /// <param name="Course">Of which profile.</param>
    /// <param name="Counter">With which counter.</param>
    /// <param name="Port">For which port.</param>
    /// <param name="Use">Whether it came.</param>
    private readonly record struct Entry(Course Course, uint Counter, ushort Port, Use Use);

    /// <param name="Source">Who used it last.</param>
    /// <param name="Port">From which port.</param>
    /// <param name="At">When that was told.</param>
    /// <param name="Told">How often anybody's was.</param>
    private readonly record struct Use(Address Source, ushort Port, long At, int Told);
}
