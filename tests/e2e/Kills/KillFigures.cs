using System.Globalization;
using System.Text;

namespace Postern.EndToEnd.Tests.Kills;

internal enum Victim
{
    Warden,
    Sentry,
    Both,
    Steward,
}

/// <summary>What came of the kills: figures, and whatever was not as promised.</summary>
internal sealed class KillFigures
{
    public Dictionary<Victim, int> Kills { get; } = Enum.GetValues<Victim>().ToDictionary(v => v, _ => 0);

    /// <summary>Kills that came before the gate had got over the one before.</summary>
    public int Hasty { get; set; }

    /// <summary>Seconds from the kill to the first knock, begun after it, that opened.</summary>
    public Dictionary<Victim, List<double>> FromKill { get; } = Enum.GetValues<Victim>().ToDictionary(v => v, _ => new List<double>());

    /// <summary>The same from when the process that takes the place of the killed one began.</summary>
    public Dictionary<Victim, List<double>> FromStart { get; } = Enum.GetValues<Victim>().ToDictionary(v => v, _ => new List<double>());

    public int Knocks { get; set; }

    public int Grants { get; set; }

    public int Junk { get; set; }

    public int Packets { get; set; }

    public int Accepted { get; set; }

    public int Copies { get; set; }

    public int Lists { get; set; }

    public double LatestEnd { get; set; }

    public int ClosedAfterEnd { get; set; }

    public int OpenWhileDead { get; set; }

    public int KnownToNext { get; set; }

    public int Actions { get; set; }

    public int OnceEach { get; set; }

    public int AcrossStewards { get; set; }

    public int UndoneAgain { get; set; }

    public List<double> UndoLate { get; } = [];

    public List<string> Faults { get; } = [];

    public double Seconds { get; set; }

    public void Add(KillFigures other)
    {
        foreach (var victim in Kills.Keys)
        {
            Kills[victim] += other.Kills[victim];
            FromKill[victim].AddRange(other.FromKill[victim]);
            FromStart[victim].AddRange(other.FromStart[victim]);
        }

        (Hasty, Knocks, Grants, Junk) = (Hasty + other.Hasty, Knocks + other.Knocks, Grants + other.Grants, Junk + other.Junk);
        (Packets, Accepted, Copies) = (Packets + other.Packets, Accepted + other.Accepted, Copies + other.Copies);
        (Lists, LatestEnd) = (Lists + other.Lists, Math.Max(LatestEnd, other.LatestEnd));
        (ClosedAfterEnd, OpenWhileDead, KnownToNext) = (ClosedAfterEnd + other.ClosedAfterEnd, OpenWhileDead + other.OpenWhileDead, KnownToNext + other.KnownToNext);
        (Actions, OnceEach, AcrossStewards, UndoneAgain) = (Actions + other.Actions, OnceEach + other.OnceEach, AcrossStewards + other.AcrossStewards, UndoneAgain + other.UndoneAgain);
        UndoLate.AddRange(other.UndoLate);
        Faults.AddRange(other.Faults);
        Seconds = Math.Max(Seconds, other.Seconds);
    }

    public override string ToString()
    {
        var text = new StringBuilder();
        Row("killed", "kills", "median", "p95", "p99", "max", "over 1 s");
        Row("---", "---", "---", "---", "---", "---", "---");
        foreach (var victim in Kills.Keys)
            Times($"{victim.ToString().ToLowerInvariant()}: knock after the kill", Kills[victim], FromKill[victim]);
        foreach (var victim in Kills.Keys)
            Times($"{victim.ToString().ToLowerInvariant()}: … after its successor began", FromStart[victim].Count, FromStart[victim]);
        text.AppendLine();
        Row("what", "figure");
        Row("---", "---");
        Row("kills, of which before the gate had got over the one before", $"{Kills.Values.Sum()}, {Hasty}");
        Row("time", $"{Seconds:F0} s");
        Row("sequences knocked; junk packets", $"{Knocks}; {Junk}");
        Row("grants of 2–3 s, as the kernel told them", $"{Grants}");
        Row("lists of the kernel's sets; latest that a grant was in one after its end", $"{Lists}; {LatestEnd * 1000:F0} ms");
        Row("granted addresses that tried to connect after their end, and could not", $"{ClosedAfterEnd}");
        Row("granted addresses that tried to connect while the warden was dead, and could", $"{OpenWhileDead}");
        Row("grants in force at a kill that the next warden named", $"{KnownToNext}");
        Row("single packets sent; accepted; accepted ones sent again, from other addresses and their own", $"{Packets}; {Accepted}; {Copies}");
        Row("actions run; run once and undone once", $"{Actions}; {OnceEach}");
        Row("actions under way when the steward was killed; of those undone more than once", $"{AcrossStewards}; {UndoneAgain}");
        Row("undo after the end of its grant, while a steward lived: median, p95, max", UndoLate.Count == 0 ? "–" : $"{At(UndoLate, 0.5) * 1000:F0}, {At(UndoLate, 0.95) * 1000:F0}, {At(UndoLate, 1) * 1000:F0} ms");
        Row("**not as promised**", $"**{Faults.Count}**");
        return text.ToString();

        void Times(string what, int kills, List<double> times)
        {
            string[] shown = times.Count == 0 ? ["–", "–", "–", "–"] : [.. new[] { 0.5, 0.95, 0.99, 1 }.Select(part => string.Create(CultureInfo.InvariantCulture, $"{At(times, part):F2} s"))];
            Row([what, $"{kills}", .. shown, $"{times.Count(t => t > 1)} of {times.Count}"]);
        }

        void Row(params string[] cells) => text.Append("| ").AppendJoin(" | ", cells).AppendLine(" |");
    }

    private static double At(List<double> times, double part) => times.Order().ElementAt((int)Math.Min(times.Count - 1, Math.Floor(part * times.Count)));
}
