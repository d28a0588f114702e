using Postern.Reports;
using Postern.Reports.Spa;

namespace Postern.Warden.Tests;

/// <summary>Spec §8: the window, and that nothing is accepted twice.</summary>
public sealed class SpaTimeTests
{
    private const ulong Skew = 60_000_000_000;

    private readonly SpaHouse _house = new();

    [Theory]
    [InlineData(0, "none")]
    [InlineData((long)Skew, "none")]
    [InlineData((long)Skew + 1, "too-early")]
    [InlineData(-(long)Skew, "none")]
    [InlineData(-(long)Skew - 1, "too-late")]
    public void Both_ends_of_the_window_are_exact_to_the_nanosecond(long off, string expected) =>
        Assert.Equal(expected, _house.Ask(_house.Request() with { Time = _house.Time + (ulong)off }).Word());

    [Theory]
    [InlineData(0UL, "too-late")]
    [InlineData(1UL, "too-late")]
    [InlineData((ulong)long.MaxValue, "too-early")]
    [InlineData(1UL << 63, "too-early")]
    [InlineData(ulong.MaxValue, "too-early")]
    public void No_time_is_so_far_off_that_it_comes_round_again(ulong time, string expected)
    {
        Assert.Equal(expected, _house.Ask(_house.Request() with { Time = time }).Word());
        Assert.Equal(expected == "too-late", _house.Audit.Entries[^1].By!.ClockOff < TimeSpan.Zero);
    }

    [Fact]
    public void How_far_the_clock_is_off_is_said()
    {
        Assert.Equal(Refusal.TooLate, _house.Ask(_house.Request() with { Time = _house.Time - (2 * Skew) }));
        Assert.Equal(TimeSpan.FromSeconds(-120), _house.Audit.Entries[^1].By!.ClockOff);
        Assert.Equal(Refusal.TooEarly, _house.Ask(_house.Request() with { Time = _house.Time + (3 * Skew) }));
        Assert.Equal(TimeSpan.FromSeconds(180), _house.Audit.Entries[^1].By!.ClockOff);
        _house.Ask(_house.Request());
        Assert.Null(_house.Audit.Entries[^1].By!.ClockOff);
    }

    [Fact]
    public void Another_skew_is_another_window()
    {
        _house.Spa = _house.Spa with { ClockSkew = TimeSpan.FromSeconds(5) };
        _house.Apply();
        Assert.Equal(Refusal.TooLate, _house.Ask(_house.Request() with { Time = _house.Time - 5_000_000_001 }));
        Assert.Equal(Refusal.None, _house.Ask(_house.Request() with { Time = _house.Time - 5_000_000_000 }));
    }

    [Fact]
    public void Copies_are_replays_from_wherever_they_come_and_undo_nothing()
    {
        var request = SpaHouse.Sign(_house.Request());
        Assert.Equal(Refusal.None, _house.Send(request).Refusal);
        for (var i = 0; i < 10_000; i++)
            Assert.Equal(Refusal.Replayed, _house.Send(request, i % 2 == 0 ? SpaHouse.Home : SpaHouse.Elsewhere).Refusal);
        Assert.Equal(["+ssh 192.0.2.1 30"], _house.Kernel.Notes);
        Assert.Equal(1, _house.Warden.GrantCount);
        Assert.Equal(1, _house.Ledger.Remembered);
    }

    [Fact]
    public void Equal_and_older_are_replays_newer_is_not()
    {
        Assert.Equal(Refusal.None, _house.Ask(_house.Request()));
        Assert.Equal(Refusal.Replayed, _house.Ask(_house.Request("web"))); // the same time, signed anew
        Assert.Equal(Refusal.Replayed, _house.Ask(_house.Request() with { Time = _house.Time - 1 }));
        Assert.Equal(Refusal.None, _house.Ask(_house.Request() with { Time = _house.Time + 1 }));
    }

    [Fact]
    public void Each_device_of_a_key_and_each_key_goes_by_its_own_time()
    {
        Assert.Equal(Refusal.None, _house.Ask(_house.Request() with { Device = 1, Time = _house.Time + 9 }));
        Assert.Equal(Refusal.None, _house.Ask(_house.Request() with { Device = 2 }));
        Assert.Equal(Refusal.None, _house.Ask(_house.Request()));
        Assert.Equal(Refusal.None, _house.Ask(_house.Request() with { KeyHint = TestKeys.Bob.PublicKey.Hint }));
        Assert.Equal(Refusal.Replayed, _house.Ask(_house.Request() with { Device = 1 }));
        Assert.Equal(2u, _house.Audit.Entries[1].By!.Device);
    }

    /// <summary>So the same packet is good again when what was in its way has gone.</summary>
    [Fact]
    public void What_is_refused_leaves_no_mark()
    {
        var request = SpaHouse.Sign(_house.Request("web") with { KeyHint = TestKeys.Bob.PublicKey.Hint }, TestKeys.Bob);
        Assert.Equal(Refusal.ServiceNotAllowed, _house.Send(request).Refusal);
        _house.Spa = _house.Spa with { Identities = [SpaHouse.Bob with { Services = ["web"] }] };
        _house.Warden.Renew(_house.Spa, _house.Now);
        Assert.Equal(Refusal.None, _house.Send(request).Refusal);
        Assert.Equal(Refusal.Replayed, _house.Send(request).Refusal);
    }

    [Fact]
    public void What_cannot_be_remembered_is_not_granted_and_may_be_asked_again()
    {
        var request = SpaHouse.Sign(_house.Request("ssh", "web"));
        _house.Ledger.Fails = true;
        Assert.Equal(Refusal.NotRemembered, _house.Send(request).Refusal);
        Assert.Empty(_house.Kernel.Notes);
        Assert.Equal(0, _house.Warden.GrantCount);
        _house.Ledger.Fails = false;
        Assert.Equal(Refusal.None, _house.Send(request).Refusal);
        Assert.Equal(2, _house.Warden.GrantCount);
    }

    [Fact]
    public void Without_a_ledger_nothing_that_is_signed_is_granted()
    {
        var kernel = new NotePad();
        var warden = new Warden(kernel, new Lines());
        warden.Apply(_house.Options with { Spa = _house.Spa }, new([], []), _house.Now);
        Assert.Equal(Refusal.NotRemembered, warden.Handle(_house.ReportOf(SpaHouse.Sign(_house.Request())), _house.Now).Refusal);
        Assert.Empty(kernel.Notes);
    }

    [Fact]
    public void What_the_kernel_refuses_stays_remembered()
    {
        var request = SpaHouse.Sign(_house.Request());
        _house.Kernel.Fails = 12;
        Assert.Equal(Refusal.FirewallFailed, _house.Send(request).Refusal);
        _house.Kernel.Fails = 0;
        Assert.Equal(Refusal.Replayed, _house.Send(request).Refusal);
    }
}
