using Postern.Reports.Errands;

namespace Postern.Warden;

/// <summary>The way to the steward, who alone executes anything. What became of an order comes back to <see cref="Warden.Hear"/>.</summary>
public interface IErrands
{
    /// <summary>Never waits. False: the steward is not there, or has too much unread; the order is lost.</summary>
    bool TrySend(in ErrandOrder order);
}

/// <summary>Where nobody executes, nothing is executed.</summary>
internal sealed class NoErrands : IErrands
{
    public bool TrySend(in ErrandOrder order) => false;
}
