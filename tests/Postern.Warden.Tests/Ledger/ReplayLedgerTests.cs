using Postern.Warden.Ledger;

namespace Postern.Warden.Tests.Ledger;

public sealed class ReplayLedgerTests
{
    private static readonly KeyFingerprint Key = LedgerFolder.Key(0);

    private readonly ReplayLedger _ledger = new(floor: 5);

    [Fact]
    public void Who_was_never_seen_is_held_against_the_floor()
    {
        Assert.Equal(5ul, _ledger.LastOf(Key, 1));
        _ledger.Accept(Key, 1, 9);
        Assert.Equal(9ul, _ledger.LastOf(Key, 1));
        Assert.Equal(5ul, _ledger.LastOf(Key, 2));
        Assert.Equal(5ul, _ledger.LastOf(LedgerFolder.Key(1), 1));
        _ledger.Floor = 20;
        Assert.Equal(20ul, _ledger.LastOf(Key, 1));
    }

    [Fact]
    public void The_seventeenth_device_pushes_out_the_oldest_whose_time_is_the_floor_of_the_key()
    {
        for (uint device = 1; device <= ReplayLedger.MaxDevices; device++)
            _ledger.Accept(Key, device, 100 + device);
        _ledger.Accept(Key, 1, 200); // so that device 2 is the oldest
        Assert.Equal(16, _ledger.Count);
        _ledger.Accept(Key, 99, 300);
        Assert.Equal(16 + 1, _ledger.Count);
        Assert.Equal(102ul, _ledger.LastOf(Key, 2));
        Assert.Equal(102ul, _ledger.LastOf(Key, 98));
        Assert.Equal(200ul, _ledger.LastOf(Key, 1));
        Assert.Equal(300ul, _ledger.LastOf(Key, 99));
        Assert.Equal(5ul, _ledger.LastOf(LedgerFolder.Key(1), 98)); // another key has nothing to do with it
    }

    /// <summary>However many devices were accepted while both clocks were wrong, the key comes in again: as a new device.</summary>
    [Fact]
    public void Times_from_the_future_lock_out_their_devices_and_never_the_key()
    {
        const ulong far = 1ul << 60;
        for (uint device = 1; device <= ReplayLedger.MaxDevices; device++)
            _ledger.Accept(Key, device, far + device);
        for (ulong time = 100; time < 120; time++)
        {
            var device = 1000 + (uint)time;
            Assert.True(time > _ledger.LastOf(Key, device));
            _ledger.Accept(Key, device, time);
            Assert.Equal(time, _ledger.LastOf(Key, device)); // and is not accepted again
        }

        Assert.Equal(far + 1, _ledger.LastOf(Key, 1));
    }

    [Fact]
    public void Its_records_say_all_of_it()
    {
        for (uint i = 0; i < 100; i++)
            _ledger.Accept(LedgerFolder.Key((int)i % 3), i % 20, 100 + i);
        var records = _ledger.Records().ToArray();
        Assert.Equal(_ledger.Count, records.Length);
        var other = new ReplayLedger(_ledger.Floor);
        foreach (var record in records)
            other.Read(record);
        Assert.Equal(_ledger.Count, other.Count);
        for (uint device = 0; device < 25; device++)
        {
            for (var key = 0; key < 4; key++)
                Assert.Equal(_ledger.LastOf(LedgerFolder.Key(key), device), other.LastOf(LedgerFolder.Key(key), device));
        }
    }
}
