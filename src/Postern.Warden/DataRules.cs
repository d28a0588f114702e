using Postern.Reports;

namespace Postern.Warden;

/// <summary>
/// Whether what rides along with a knock fits what is asked for. All of that takes it, or none of it: what is silently left out of one service, or run without in another, nobody would notice.
/// </summary>
internal static class DataRules
{
    /// <param name="data">Empty: none.</param>
    /// <param name="opens">What is to be opened; closing takes no data.</param>
    public static Refusal Check(string data, IReadOnlyCollection<Service> opens) =>
        data.Length == 0 ? (opens.Any(Takes) ? Refusal.DataMissing : Refusal.None)
        : opens.Count > 0 && opens.All(Takes) ? Refusal.None
        : Refusal.DataNotTaken;

    private static bool Takes(Service service) => service.Action is { TakesData: true };
}
