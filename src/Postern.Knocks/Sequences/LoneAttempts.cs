using Postern.Packets;

namespace Postern.Knocks.Sequences;

/// <summary>
/// knockd's rules (its process_attempt), for the doors of <see cref="KnockSequence.Alone"/>: every packet of a source that some door names is either the one due or the end of
/// the attempt; the failing packet begins nothing; and while a source has an attempt under way, no other begins.
/// <para>
/// Nothing here looks through doors or attempts. All doors with the same flags and destinations see the same packets of a source: they are one <em>company</em>. Of each source and
/// company the number of the last packet is kept as long as an attempt lives, and of each attempt the number of the packet that it last moved by. An attempt whose number is
/// not its company's has missed a packet, and so has failed. Numbers are never used again: a company that was pushed out of the table ends its attempts, and revives none.
/// </para>
/// <code>
/// row of a company   0 number of the last packet   1 when its attempts began (they all began with one packet)
/// row of an attempt  0 number of the packet that it moved by   1 when it began   2 steps made
/// </code>
/// </summary>
internal sealed class LoneAttempts
{
    public const int TimesPerRow = 3;

    /// <summary>Each is looked at for every packet that matters.</summary>
    public const int MaxCompanies = 16;

    private const int NumberAt = 0;
    private const int BegunAt = 1;
    private const int MadeAt = 2;

    /// <summary>Below the number under which traps are kept.</summary>
    private const int FirstCompanyDoor = TrapPorts.Door - 1;

    private readonly AttemptTable _attempts;
    private readonly DoorPlan[] _doors;
    private readonly int[] _companyOf;
    private readonly Company[] _companies;

    private long _number;
    private long _now;
    private long _oldest;
    private UInt128 _source;
    private bool _underWay;

    public LoneAttempts(AttemptTable attempts, DoorPlan[] doors)
    {
        (_attempts, _doors) = (attempts, doors);
        _companyOf = new int[doors.Length];
        var companies = new List<Company>();
        for (var i = 0; i < doors.Length; i++)
        {
            var door = doors[i];
            _companyOf[i] = companies.FindIndex(c => c.Sees(door));
            if (_companyOf[i] >= 0 || !door.Alone)
                continue;
            _companyOf[i] = companies.Count;
            companies.Add(new(door));
        }

        ArgumentOutOfRangeException.ThrowIfGreaterThan(companies.Count, MaxCompanies, nameof(doors));
        _companies = [.. companies];
    }

    /// <param name="Form">Any of its doors.</param>
    private sealed record Company(DoorPlan Form)
    {
        /// <summary>The packet that is looked at is one of those that it sees.</summary>
        public bool IsConcerned { get; set; }

        /// <summary>Its number before this packet; none while no attempt lives.</summary>
        public long Before { get; set; }

        public long Begun { get; set; }

        /// <summary>When the last of its attempts runs out, as it stands after this packet.</summary>
        public long LivesUntil { get; set; }

        public bool Sees(DoorPlan door) => door.TcpFlags == Form.TcpFlags && door.To.SequenceEqual(Form.To);
    }

    /// <summary>A packet that some door names; then <see cref="Advance"/> for each door that accepts it, and <see cref="End"/>.</summary>
    /// <param name="packet">The packet.</param>
    /// <param name="now">Nanoseconds.</param>
    /// <param name="oldest">What began before is void.</param>
    public void Begin(in PacketView packet, long now, long oldest)
    {
        (_now, _oldest, _source, _underWay) = (now, oldest, packet.Source, false);
        _number++;
        for (var i = 0; i < _companies.Length; i++)
        {
            var company = _companies[i];
            company.IsConcerned = false;
            if (!company.Form.IsForDestination(packet.Destination))
                continue;
            company.IsConcerned = company.Form.TcpFlags.HoldsOrIsNotTcp(packet);
            company.LivesUntil = AttemptTable.Never;
            company.Before = 0;
            if (_attempts.Find(_source, FirstCompanyDoor - i, now) is not (>= 0 and var row))
                continue;
            (company.Before, company.Begun) = (_attempts.Times(row)[NumberAt], _attempts.Times(row)[BegunAt]);
            _underWay |= company.Begun >= oldest;
        }
    }

    /// <summary>Whether the packet completes the sequence of a door that accepts it.</summary>
    public bool Advance(Candidate candidate)
    {
        var (door, company) = (_doors[candidate.Door], _companies[_companyOf[candidate.Door]]);
        return _underWay ? GoOn(door, company, candidate) : BeginAnew(door, company, candidate);
    }

    private bool GoOn(DoorPlan door, Company company, Candidate candidate)
    {
        if (_attempts.Find(_source, candidate.Door, _now) is not (>= 0 and var row))
            return false;
        var times = _attempts.Times(row);
        var made = (int)times[MadeAt];
        if (times[NumberAt] != company.Before || times[BegunAt] < _oldest || (candidate.Steps >> made & 1) == 0)
            return false;
        if (made + 1 == door.Steps)
        {
            _attempts.Release(row);
            return true;
        }

        Move(row, door, company, made + 1);
        return false;
    }

    private bool BeginAnew(DoorPlan door, Company company, Candidate candidate)
    {
        if ((candidate.Steps & 1) == 0)
            return false;
        if (door.Steps == 1)
            return true;
        var row = _attempts.FindOrClaim(_source, candidate.Door, _now);
        _attempts.Times(row)[BegunAt] = company.Begun = _now;
        Move(row, door, company, made: 1);
        return false;
    }

    private void Move(int row, DoorPlan door, Company company, int made)
    {
        var times = _attempts.Times(row);
        (times[NumberAt], times[MadeAt]) = (_number, made);
        var ends = times[BegunAt] + door.Within;
        _attempts.Touch(row, _now, ends, made);
        company.LivesUntil = Math.Max(company.LivesUntil, ends);
    }

    /// <summary>How far the source came with this door, and when it began, as long as it has missed no packet; whether that is too long ago, it does not say.</summary>
    public (int Made, long Begun) Standing(UInt128 source, int door)
    {
        if (_attempts.FindPast(source, door) is not (>= 0 and var row) || _attempts.FindPast(source, FirstCompanyDoor - _companyOf[door]) is not (>= 0 and var company))
            return default;
        var times = _attempts.Times(row);
        return times[NumberAt] == _attempts.Times(company)[NumberAt] ? ((int)times[MadeAt], times[BegunAt]) : default;
    }

    /// <summary>What did not move is over: it does not have this packet's number.</summary>
    public void End()
    {
        for (var i = 0; i < _companies.Length; i++)
        {
            var company = _companies[i];
            if (!company.IsConcerned)
                continue;
            if (company.LivesUntil != AttemptTable.Never)
                Keep(FirstCompanyDoor - i, company);
            else if (_attempts.Find(_source, FirstCompanyDoor - i, _now) is >= 0 and var row)
                _attempts.Release(row);
        }
    }

    private void Keep(int door, Company company)
    {
        var row = _attempts.FindOrClaim(_source, door, _now);
        (_attempts.Times(row)[NumberAt], _attempts.Times(row)[BegunAt]) = (_number, company.Begun);
        _attempts.Touch(row, _now, company.LivesUntil, _underWay ? 2 : 1);
    }
}
