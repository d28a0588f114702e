using Postern.Reports.Watching;

namespace Postern.Reports.Tests;

/// <summary>What the sentry says while somebody watches. The warden reads it as if an enemy had written it.</summary>
public sealed class SightingTests
{
    private static readonly Sighting Example = new(
        0x01020304,
        new(KnockMethod.Sequence, 7, Finding.TooLate) { Made = 2, Of = 3, Late = 12_340_000_000 },
        Address.FromV4(0xc0000207),
        new(1),
        0x1122334455667788)
    {
        SourcePort = 0x090a,
        Value = 7000,
        Protocol = 6,
        HeldBack = 5,
    };

    [Fact]
    public void Is_72_bytes_laid_out_as_documented() => Assert.Equal(
        "0100" + "0500" + "04030201" + "07000000" + "0a09" + "581b" + "00000000000000000000ffffc0000207" + "00000000000000000000000000000001" + "8877665544332211"
        + "01" + "06" + "02" + "03" + "00" + "06" + "d204" + "05000000" + "00000000",
        Convert.ToHexStringLower(Written(Example)));

    [Fact]
    public void Every_finding_and_refusal_reads_back()
    {
        foreach (var finding in Enum.GetValues<Finding>().Where(f => f != Finding.None))
        {
            foreach (var refusal in Enum.GetValues<Refusal>().Where(r => (r != Refusal.None) == (finding == Finding.Refused)))
            {
                var sighting = Example with { Thought = new(KnockMethod.Token, -1, finding) { Refusal = refusal, Made = 1, Of = 1, Late = finding == Finding.TooLate ? 10_000_000 : 0 } };
                Assert.True(Sighting.TryRead(Written(sighting), out var read));
                Assert.Equal(sighting, read);
            }
        }
    }

    [Theory]
    [InlineData(0, 2)] // version
    [InlineData(2, 1)] // kind
    [InlineData(2, 4)]
    [InlineData(11, 0xff)] // a door below -1
    [InlineData(55, 0x80)] // a time before all times
    [InlineData(56, 0)] // method
    [InlineData(56, 5)]
    [InlineData(57, 0)] // finding
    [InlineData(57, 99)]
    [InlineData(58, 4)] // more steps than there are
    [InlineData(60, 1)] // refused, and it was not
    [InlineData(61, 58)] // protocol
    [InlineData(68, 1)] // behind the end
    [InlineData(71, 1)]
    public void Refuses_what_no_sentry_writes(int at, byte value)
    {
        var message = Written(Example);
        message[at] = value;
        Assert.False(Sighting.TryRead(message, out _));
    }

    [Fact]
    public void Refuses_every_other_size_and_is_none_of_the_reports()
    {
        var message = new byte[Sighting.Size + 10];
        Example.Write(message);
        for (var length = 0; length <= message.Length; length++)
            Assert.Equal(length == Sighting.Size, Sighting.TryRead(message.AsSpan(0, length), out _));
        Assert.False(Report.TryRead(message.AsSpan(0, Sighting.Size), out _));
        Assert.False(Report.TryRead(message.AsSpan(0, Report.Size), out _));
    }

    [Fact]
    public void The_page_says_whom_and_until_when()
    {
        var page = new byte[WatchPage.Size];
        Address alice = Address.FromV4(0xc0000207), bob = new(UInt128.MaxValue), carol = new((UInt128)1 << 64);
        Assert.False(WatchPage.IsWatched(page, 0));
        WatchPage.Write(page, until: 100, [alice, carol], others: false);
        Assert.True(WatchPage.IsWatched(page, 99));
        Assert.False(WatchPage.IsWatched(page, 100));
        Assert.Equal([Asked.ByName, Asked.No, Asked.ByName], Asks(alice, bob, carol));
        WatchPage.Write(page, until: 100, [bob], others: true);
        Assert.Equal([Asked.AsAny, Asked.ByName, Asked.AsAny], Asks(alice, bob, carol));
        WatchPage.Write(page, until: 100, [.. Enumerable.Range(0, 20).Select(i => new Address((UInt128)i))], others: false);
        Assert.Equal(Asked.AsAny, Asks(bob)[0]); // more than there is room for: all

        page[8] |= 1; // somebody writes
        Assert.Equal(Asked.No, Asks(bob)[0]);

        Asked[] Asks(params Address[] who) => [.. who.Select(w => WatchPage.AskedFor(page, w.Value))];
    }

    private static byte[] Written(Sighting sighting)
    {
        var message = new byte[Sighting.Size];
        sighting.Write(message);
        return message;
    }
}
