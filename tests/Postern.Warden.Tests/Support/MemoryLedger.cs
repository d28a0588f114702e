using Postern.Warden.Ledger;

namespace Postern.Warden.Tests;

/// <summary>A ledger without a disk, which can be made to fail.</summary>
internal sealed class MemoryLedger : ILedger
{
    private readonly ReplayLedger _replay = new(0);

    public bool Fails { get; set; }

    public int Remembered { get; private set; }

    public ulong LastOf(KeyFingerprint key, uint device, DateTimeOffset now) => _replay.LastOf(key, device);

    public bool TryRemember(KeyFingerprint key, uint device, ulong time)
    {
        if (Fails)
            return false;
        Remembered++;
        _replay.Accept(key, device, time);
        return true;
    }

    public bool IsMarked(LedgerMark mark, DateTimeOffset now) => _replay.Marks.Has(mark, ulong.MaxValue);

    /// <summary>What may be forgotten by then is.</summary>
    public void Forget(DateTimeOffset now) => _replay.Marks.Forget(UnixTime.Of(now));

    public bool TryMark(LedgerMark mark, DateTimeOffset now)
    {
        if (Fails)
            return false;
        Remembered++;
        _replay.Marks.Add(mark);
        return true;
    }
}
