using System.Runtime.InteropServices;

namespace Postern.Warden.Ledger;

/// <summary>
/// The last accepted time of each key and device: what is not newer was accepted before, or might have been. Times of a device only grow, so
/// one number stands for all its past; as in WireGuard's handshakes (§5.4.2 of its paper), and with state that grows with the keys alone.
/// <para>
/// A key has 16 devices at most. When one more comes, the one that was heard of longest ago is forgotten, and its time becomes the key's
/// floor, below which no device that is not known is believed: so what was forgotten cannot be accepted again either.
/// </para>
/// <para>
/// None of this is ever dropped: 64 bytes for each device of each key that ever asked are less than the reasoning about when it would be safe.
/// A time that lies in the future (both clocks were wrong) locks out that device until then, and it alone: the floor is the lowest of
/// 17 times, so that the key still comes in as a new device.
/// </para>
/// Beside it stand the marks of what is good once and has no key (<see cref="MarkBook"/>).
/// </summary>
internal sealed class ReplayLedger(ulong floor)
{
    public const int MaxDevices = 16;

    private readonly Dictionary<KeyFingerprint, KeyPast> _keys = [];
    private int _records;

    private readonly record struct DeviceTime(uint Device, ulong Time);

    private sealed class KeyPast
    {
        public ulong Floor { get; set; }

        public List<DeviceTime> Devices { get; } = new(1);

        public int IndexOf(uint device)
        {
            for (var i = 0; i < Devices.Count; i++)
            {
                if (Devices[i].Device == device)
                    return i;
            }

            return -1;
        }
    }

    /// <summary>Nothing signed up to then is accepted of anybody.</summary>
    public ulong Floor { get; set; } = floor;

    /// <summary>How many records say all of it.</summary>
    public int Count => _records + Marks.Count;

    public MarkBook Marks { get; } = new();

    public ulong LastOf(KeyFingerprint key, uint device)
    {
        if (!_keys.TryGetValue(key, out var past))
            return Floor;
        var index = past.IndexOf(device);
        return Math.Max(Floor, index < 0 ? past.Floor : past.Devices[index].Time);
    }

    /// <summary>Notes an acceptance; whether it should have been one was asked before (<see cref="LastOf"/>).</summary>
    public void Accept(KeyFingerprint key, uint device, ulong time)
    {
        var past = PastOf(key);
        var index = past.IndexOf(device);
        if (index >= 0)
        {
            past.Devices[index] = new(device, Math.Max(time, past.Devices[index].Time));
            return;
        }

        past.Devices.Add(new(device, time));
        _records++;
        if (past.Devices.Count <= MaxDevices)
            return;
        var oldest = past.Devices.MinBy(d => d.Time);
        past.Devices.Remove(oldest);
        _records--;
        RaiseFloor(key, oldest.Time);
    }

    public void RaiseFloor(KeyFingerprint key, ulong time)
    {
        var past = PastOf(key);
        _records += past.Floor == 0 && time != 0 ? 1 : 0;
        past.Floor = Math.Max(past.Floor, time);
    }

    private KeyPast PastOf(KeyFingerprint key)
    {
        ref var past = ref CollectionsMarshal.GetValueRefOrAddDefault(_keys, key, out _);
        return past ??= new();
    }

    /// <summary>All of it but the floor of all: read back in this order, it is the same ledger.</summary>
    public IEnumerable<LedgerRecord> Records()
    {
        foreach (var (key, past) in _keys)
        {
            if (past.Floor != 0)
                yield return new(LedgerRecordKind.KeyFloor, key, 0, past.Floor);
            foreach (var (device, time) in past.Devices)
                yield return new(LedgerRecordKind.Accepted, key, device, time);
        }

        foreach (var mark in Marks.Records())
            yield return mark;
    }

    public void Read(in LedgerRecord record)
    {
        if (record.Kind == LedgerRecordKind.Accepted)
            Accept(record.Key, record.Device, record.Time);
        else if (record.Kind == LedgerRecordKind.KeyFloor)
            RaiseFloor(record.Key, record.Time);
        else
            Marks.Read(record);
    }
}
