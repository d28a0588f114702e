using System.Collections.Immutable;
using Postern.Keys;
using Postern.Reports;

namespace Postern.Knocks.Counted;

/// <summary>A knock by counted tokens.</summary>
/// <param name="Door">By which it is reported.</param>
/// <param name="Secret">The caller's.</param>
/// <param name="Step">In seconds.</param>
/// <param name="IsBound">Its tokens are bound to the client's address.</param>
public readonly record struct CountedKnock(int Door, TokenSecret Secret, int Step, bool IsBound);

/// <summary>A token whose head was found.</summary>
/// <param name="Place">In the table.</param>
/// <param name="Knock">Whose it is.</param>
/// <param name="Step">Of time.</param>
/// <param name="Count">Within the step.</param>
public readonly record struct CountedMatch(int Place, CountedKnock Knock, long Step, byte Count)
{
    /// <summary>Seconds since 1970 at which its step began.</summary>
    public ulong Made => (ulong)(Step * Knock.Step);
}

/// <summary>
/// All tokens that may come now, by their heads: those of the present step, and of some before and after it, so that one that comes late can be told by name. They are made when a step begins; a packet costs one
/// look, and no hash unless its head is right. So nobody who floods makes it work. Nothing in it grows. Not for several threads at once.
/// </summary>
public sealed class CountedTable
{
    /// <summary>Steps before and after the present one. Which of them are taken is for the warden to say.</summary>
    private const int Around = 4;

    private const int Slots = Around + 1 + Around;

    private const long NoStep = -1;

    /// <summary>Seconds after which the same packet is told of once more.</summary>
    private const int Again = 3;

    private const int MostTold = 6;

    private readonly byte[] _label;
    private readonly int _unused;
    private readonly ImmutableArray<CountedKnock> _knocks;
    private readonly Dictionary<ulong, int> _places;

    /// <summary>Which step a slot of a knock has, and the heads and users of its tokens.</summary>
    private readonly long[] _steps;
    private readonly ulong[] _heads;
    private readonly Use[] _uses;

    /// <summary>Within these seconds no step begins or ends.</summary>
    private long _from = long.MaxValue;
    private long _until = long.MinValue;

    /// <param name="knocks">Which they are.</param>
    /// <param name="label">Of their method.</param>
    /// <param name="headBits">So much of a head a packet carries.</param>
    public CountedTable(ImmutableArray<CountedKnock> knocks, ReadOnlySpan<byte> label, int headBits)
    {
        (_knocks, _label, _unused) = (knocks, label.ToArray(), 64 - headBits);
        _steps = new long[knocks.Length * Slots];
        _heads = new ulong[_steps.Length * CountedToken.Counts];
        _uses = new Use[_heads.Length];
        _places = new(_heads.Length);
        Array.Fill(_steps, NoStep);
    }

    /// <param name="head">The bits that the packet carries.</param>
    /// <param name="seconds">Now, since 1970.</param>
    /// <param name="match">Whose token it is by its head.</param>
    public bool TryFind(ulong head, long seconds, out CountedMatch match)
    {
        if (seconds < _from || seconds >= _until)
            TurnTo(seconds);
        match = default;
        if (!_places.TryGetValue(head, out var place))
            return false;
        var slot = place / CountedToken.Counts;
        match = new(place, _knocks[slot / Slots], _steps[slot], (byte)(place % CountedToken.Counts));
        return true;
    }

    /// <summary>Whether the tail is right, as far as the packet carries it.</summary>
    /// <param name="match">What was found.</param>
    /// <param name="source">The packet's.</param>
    /// <param name="tail">As the packet has it.</param>
    /// <param name="carried">The bits of it that count.</param>
    public bool IsRight(in CountedMatch match, Address source, ulong tail, ulong carried) =>
        ((CountedToken.Tail(match.Knock.Secret, _label, match.Step, match.Count, match.Knock.IsBound ? source : Address.None) ^ tail) & carried) == 0;

    /// <summary>
    /// Whether the warden is to hear of it. The same packet again is nothing new, as a kernel sends its SYN more than once, and ping its pattern; after a while it is, since what was told may have been lost. Of another
    /// sender it is news, and not good news; the warden knows. A token is told of so often and no more: whoever has seen one could have it told for ever.
    /// </summary>
    public bool IsNews(in CountedMatch match, Address source, ushort port, long seconds)
    {
        ref var use = ref _uses[match.Place];
        var isSame = use.Told > 0 && use.Source == source && use.Port == port;
        if (use.Told >= MostTold || (isSame && seconds - use.At < Again))
            return false;
        use = new(source, port, seconds, use.Told + 1);
        return true;
    }

    private void TurnTo(long seconds)
    {
        (_from, _until) = (long.MinValue, long.MaxValue);
        for (var i = 0; i < _knocks.Length; i++)
        {
            var step = seconds / _knocks[i].Step;
            _from = Math.Max(_from, step * _knocks[i].Step);
            _until = Math.Min(_until, (step + 1) * _knocks[i].Step);
            for (var near = Math.Max(0, step - Around); near <= step + Around; near++)
                Fill((i * Slots) + (int)(near % Slots), near);
        }
    }

    private void Fill(int slot, long step)
    {
        if (_steps[slot] == step)
            return;
        var (knock, first) = (_knocks[slot / Slots], slot * CountedToken.Counts);
        for (var place = first; place < first + CountedToken.Counts; place++)
        {
            if (_steps[slot] != NoStep && _places.TryGetValue(_heads[place], out var held) && held == place)
                _places.Remove(_heads[place]);
            _heads[place] = CountedToken.Head(knock.Secret, _label, step, (byte)(place - first)) >> _unused;
            _uses[place] = default;
            _places.TryAdd(_heads[place], place);
        }

        _steps[slot] = step;
    }

    /// <param name="Source">Who used it last.</param>
    /// <param name="Port">From which port.</param>
    /// <param name="At">When that was told, in seconds.</param>
    /// <param name="Told">How often anybody's was.</param>
    private readonly record struct Use(Address Source, ushort Port, long At, int Told);
}
