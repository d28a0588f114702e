using Postern.Reports;

namespace Postern.Warden.Tests;

/// <summary>The clock of the machine is set by hours, either way. What runs by uptime does not notice; what is signed is refused by name until the clock is right.</summary>
public sealed class ClockJumpTests
{
    private readonly SpaHouse _house = new();

    [Theory]
    [InlineData(5)]
    [InlineData(-5)]
    public void Grants_end_when_they_would_have_and_sequences_open(double hours)
    {
        Assert.Equal(Refusal.None, _house.Ask(_house.Request()));
        _house.Pass(10);
        _house.SetClock(hours);
        Assert.Equal(Refusal.None, _house.Knock(0, SpaHouse.Elsewhere));
        _house.Pass(19);
        _house.Warden.EndGrants(_house.Now);
        Assert.Equal(2, _house.Warden.GrantCount);
        _house.Pass(2);
        _house.Warden.EndGrants(_house.Now);
        Assert.Equal(SpaHouse.Elsewhere, Assert.Single(_house.Warden.Grants).Source);
        _house.Pass(10);
        _house.Warden.EndGrants(_house.Now);
        Assert.Equal(0, _house.Warden.GrantCount);
    }

    [Theory]
    [InlineData(5, "too-late")]
    [InlineData(-5, "too-early")]
    public void Clients_whose_clocks_are_right_are_refused_by_name_and_come_in_when_ours_is(double hours, string refusal)
    {
        Assert.Equal(Refusal.None, _house.Ask(_house.Request()));
        _house.Pass(10);
        var right = _house.Request();
        _house.SetClock(hours);
        Assert.Equal(refusal, _house.Ask(right).Word());
        Assert.Equal(TimeSpan.FromHours(-hours), _house.Audit.Entries[^1].By!.ClockOff);
        _house.SetClock(-hours);
        Assert.Equal(Refusal.None, _house.Ask(right));
    }

    /// <summary>The clock that went back makes old packets timely again: the ledger, and not the window, keeps them out.</summary>
    [Fact]
    public void A_clock_that_goes_back_makes_no_copy_new()
    {
        var first = SpaHouse.Sign(_house.Request());
        Assert.Equal(Refusal.None, _house.Send(first).Refusal);
        _house.Pass(10 * 3600);
        Assert.Equal(Refusal.None, _house.Ask(_house.Request()));
        _house.SetClock(-10);
        Assert.Equal(Refusal.Replayed, _house.Send(first, SpaHouse.Elsewhere).Refusal);
        Assert.Equal(Refusal.Replayed, _house.Ask(_house.Request() with { Time = _house.Time + 1 }));
        Assert.Equal(Refusal.None, _house.Ask(_house.Request() with { Time = _house.Time + 1, Device = 7 }));
    }

    /// <summary>Accepted by a clock that was ahead: that device waits until the time comes, or asks as another.</summary>
    [Fact]
    public void What_was_accepted_by_a_clock_ahead_locks_out_its_device_alone()
    {
        _house.SetClock(5);
        Assert.Equal(Refusal.None, _house.Ask(_house.Request()));
        _house.SetClock(-5);
        Assert.Equal(Refusal.Replayed, _house.Ask(_house.Request()));
        Assert.Equal(Refusal.None, _house.Ask(_house.Request() with { Device = 7 }));
        _house.Pass((5 * 3600) + 1);
        Assert.Equal(Refusal.None, _house.Ask(_house.Request()));
    }
}
