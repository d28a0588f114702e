using Postern.Reports;

namespace Postern.Warden.Tests;

/// <summary>Who gets his signature checked while somebody forges it.</summary>
public sealed class SignatureBudgetTests(ITestOutputHelper output)
{
    private const ulong Alice = 1;
    private const ulong Bob = 2;

    private readonly SignatureBudget _budget = new();
    private readonly Random _random = new(5);
    private readonly byte[] _signature = new byte[83];
    private int _checked;

    private bool Admits(ulong hint, Address source, TimeSpan now)
    {
        _random.NextBytes(_signature);
        return _budget.Admits(hint, source, now, _signature);
    }

    private Address AnySource() => Address.FromV4((uint)_random.NextInt64(uint.MaxValue));

    /// <summary>10 000 forgeries a second in Alice's name, for four seconds, and what happens each hundredth of a second.</summary>
    private void Besiege(Action<TimeSpan> meanwhile, Func<Address>? from = null)
    {
        for (var i = 0; i < 40_000; i++)
        {
            var now = TimeSpan.FromMicroseconds(i * 100);
            var source = from?.Invoke() ?? AnySource();
            if (Admits(Alice, source, now))
            {
                _budget.NoteFailure(Alice, source);
                _checked++;
            }

            if (i % 100 == 99)
                meanwhile(now);
        }
    }

    [Fact]
    public void Forgeries_in_one_name_keep_nobody_else_waiting()
    {
        Besiege(now => Assert.True(Admits(Bob, AnySource(), now)));
        Assert.InRange(_checked, 3_900, 4_600);
    }

    [Fact]
    public void Where_a_key_was_let_in_from_it_comes_first()
    {
        var home = Address.FromV4(0xc000_0201);
        Assert.True(Admits(Alice, home, TimeSpan.Zero));
        _budget.NoteAccepted(Alice, home);
        Besiege(now => Assert.True(Admits(Alice, Address.FromV4(0xc000_0207), now)));
    }

    /// <summary>From elsewhere by chance, 1 in 10; and a forger who knows where she is at home has a tenth of the rate more.</summary>
    [Fact]
    public void Elsewhere_chance_decides()
    {
        var home = Address.FromV4(0xc000_0201);
        Assert.True(Admits(Alice, home, TimeSpan.Zero));
        _budget.NoteAccepted(Alice, home);
        var admitted = 0;
        Besiege(now => admitted += Admits(Alice, AnySource(), now) ? 1 : 0, () => _random.Next(2) == 0 ? home : AnySource());
        output.WriteLine($"{admitted} of 400, {_checked} checked");
        Assert.InRange(admitted, 20, 120);
        Assert.InRange(_checked, 4_000, 5_200);
    }

    [Fact]
    public void What_is_right_is_free()
    {
        for (var i = 0; i < 100_000; i++)
            Assert.True(Admits(Alice, AnySource(), TimeSpan.FromMicroseconds(i)));
    }

    [Fact]
    public void Whoever_is_let_in_from_many_networks_keeps_the_last_four()
    {
        Besiege(_ => { });
        var end = TimeSpan.FromSeconds(4);
        var networks = Enumerable.Range(0, 5).Select(i => Address.FromV4(0x0a00_0001 + ((uint)i << 8))).ToArray();
        foreach (var network in networks)
        {
            _budget.NoteAccepted(Alice, network);
            _budget.NoteAccepted(Alice, network);
        }

        Assert.All(networks[1..], network => Assert.True(Admits(Alice, network, end)));
        Assert.InRange(Enumerable.Range(0, 200).Count(_ => Admits(Alice, networks[0], end)), 0, 60);
    }
}
