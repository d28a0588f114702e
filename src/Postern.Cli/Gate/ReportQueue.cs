using Postern.Reports;

namespace Postern.Cli.Gate;

/// <summary>
/// Reports in the order in which they came, so many and no more. When it is full, the newcomer and a few that wait draw lots, and the one whose network has most
/// places gives way: whoever floods from one network pushes out his own, and of many networks none is preferred.
/// </summary>
internal sealed class ReportQueue
{
    private const int Lots = 4;
    private const int Networks = 256;

    private readonly Report[] _places;
    private readonly ushort[] _ofNetwork = new ushort[Networks];
    private readonly int _seed = Random.Shared.Next();
    private int _first;

    /// <param name="places">A power of two.</param>
    public ReportQueue(int places) => _places = new Report[places];

    public int Count { get; private set; }

    /// <summary>False: one was dropped, this or another.</summary>
    public bool TryAdd(in Report report)
    {
        if (Count == _places.Length)
        {
            GiveWay(report);
            return false;
        }

        Place(Count) = report;
        Count++;
        _ofNetwork[NetworkOf(report)]++;
        return true;
    }

    /// <summary>Takes out as many as there are, and there is room for.</summary>
    public int Take(Span<Report> reports)
    {
        var taken = Math.Min(Count, reports.Length);
        for (var i = 0; i < taken; i++)
        {
            reports[i] = Place(i);
            _ofNetwork[NetworkOf(reports[i])]--;
            Place(i) = default; // its bytes
        }

        _first = (_first + taken) & (_places.Length - 1);
        Count -= taken;
        return taken;
    }

    private void GiveWay(in Report newcomer)
    {
        var loser = -1;
        var most = _ofNetwork[NetworkOf(newcomer)] + 1;
        for (var i = 0; i < Lots; i++)
        {
            var place = Random.Shared.Next(Count);
            var network = NetworkOf(Place(place));
            if (_ofNetwork[network] > most || (_ofNetwork[network] == most && loser < 0)) // at evens it is one of those that wait
                (loser, most) = (place, _ofNetwork[network]);
        }

        if (loser < 0)
            return;
        _ofNetwork[NetworkOf(Place(loser))]--;
        _ofNetwork[NetworkOf(newcomer)]++;
        Place(loser) = newcomer;
    }

    private ref Report Place(int number) => ref _places[(_first + number) & (_places.Length - 1)];

    /// <summary>/24 of IPv4, /48 of IPv6, by chance into one of some: nobody knows whose he shares.</summary>
    private int NetworkOf(in Report report)
    {
        var source = report.Source;
        var network = source.IsV4 ? (ulong)((uint)source.Value >> 8) : (ulong)(source.Value >> 80);
        return HashCode.Combine(network, _seed) & (Networks - 1);
    }
}
