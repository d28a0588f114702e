using Postern.Reports;

namespace Postern.Sentry.Spa;

/// <summary>
/// How many openings by public key (35 µs each, and a report to the warden behind it) the gate will make, and for whom. Only a packet whose
/// outer seal is right comes here, and no copy of one that was opened before. Who may still want to keep others out, and what he gets:
/// <para>
/// <b>(a) Junk without the gate secret</b> fails at the outer seal and never comes here.
/// </para>
/// <para>
/// <b>(b) An observer who sends copies</b> of packets that he saw: <see cref="OpenedPackets"/> knows them, from whatever source they come.
/// Each recorded packet costs one opening after a start of the gate, and then none.
/// </para>
/// <para>
/// <b>(c) An enrolled client, or a thief of the secret, with true sources.</b> He is held to the rate of his host (an IPv4 address or an IPv6 /64,
/// which is what one host has for the asking) and to that of his network (/24 and /48, what one customer has), which is four times as much. One
/// limit would not do for IPv6: by /64 alone a customer with a /48 has 65 536 of them and is held only by the whole; by /48 alone one rented machine
/// shuts out its neighbours. IPv4 is treated alike: one machine of a /24 leaves its neighbours three quarters of what they share.
/// A prefix takes 200 of the 10 000 a second, two in a hundred. Fifty networks are needed to be noticed by others.
/// </para>
/// <para>
/// <b>(d) The same with false sources, each another,</b> which no limit by prefix holds. The whole is then short, and is shared by chance
/// (<see cref="SharedBucket"/>). Most of it, eight parts of ten, is kept for packets that were asked for before (<see cref="AskedPackets"/>): a client sends its packet
/// three times, and an enemy who does that too has a third of the packets to send. Of λ a second, each sent m times, the 2 000 and the 8 000 give
/// <code>
///                        first copy     each further one
/// λ =  20 000,  m = 1    1 in 10        always             a client of three copies is let in, with its second
///               m = 2    2 in 10        always
/// λ = 100 000,  m = 1    1 in 50        always
///               m = 2    1 in 25        1 in 6             33 in 100 of such clients; of those that send ten copies, 81
///               m = 3    1 in 17        1 in 7             30 in 100
/// </code>
/// Refused packets take nothing from any bucket.
/// </para>
/// </summary>
internal sealed class OpeningBudget
{
    /// <summary>Tuning: of ten parts, those for packets that come again.</summary>
    private const int PartsForCopies = 8;
    private const int Parts = 10;

    // Tuning. What a reader may be late without its work being cut: a rest of the ring's and a busy moment; and with what is cut last.
    private const long Calm = 10_000_000;
    private const long CalmForCopies = 50_000_000;

    private readonly PrefixBuckets _hosts;
    private readonly PrefixBuckets _networks;
    private readonly SharedBucket _firsts;
    private readonly SharedBucket? _copies;
    private readonly AskedPackets? _asked;

    /// <param name="hash">Keyed with chance.</param>
    /// <param name="limits">Validated.</param>
    /// <param name="keepsForCopies">Whether clients send copies, and most of the whole is for these.</param>
    public OpeningBudget(SipHash hash, OpeningLimits limits, bool keepsForCopies = false)
    {
        limits.Validate();
        _hosts = new(hash, bitsV4: 32, bitsV6: 64, limits.PerHost);
        _networks = new(hash, bitsV4: 24, bitsV6: 48, limits.PerNetwork);
        _firsts = new(hash, keepsForCopies ? PartOf(limits.InAll, Parts - PartsForCopies) : limits.InAll, Calm);
        if (!keepsForCopies)
            return;
        _copies = new(hash, PartOf(limits.InAll, PartsForCopies), CalmForCopies);
        _asked = new(hash);
    }

    /// <summary>The burst is halved: a client that knocks at a quiet moment needs no more, and many at once come again.</summary>
    private static OpeningRate PartOf(OpeningRate rate, int parts) => new(Math.Max(1, (int)((long)rate.PerSecond * parts / Parts)), Math.Max(1, rate.Burst / 2));

    /// <summary><see cref="Refusal.None"/>, and the opening is paid for; or <see cref="Refusal.OverBudget"/>, and nothing is.</summary>
    /// <param name="source">Of the packet.</param>
    /// <param name="now">Nanoseconds; only differences matter.</param>
    /// <param name="cost">In tokens; not more than any of the bursts, or it is never paid for.</param>
    public Refusal Spend(Address source, long now, int cost = 1) => Spend(source, now, lag: 0, cost, packet: default);

    /// <summary>The same for a packet that may be a copy.</summary>
    /// <param name="packet">All its bytes. That it was refused is remembered.</param>
    /// <param name="source">Of the packet.</param>
    /// <param name="now">When it came, in nanoseconds; only differences matter.</param>
    /// <param name="lag">How long ago that was when it was read.</param>
    public Refusal SpendOn(ReadOnlySpan<byte> packet, Address source, long now, long lag) => Spend(source, now, lag, cost: 1, packet);

    private Refusal Spend(Address source, long now, long lag, int cost, ReadOnlySpan<byte> packet)
    {
        var host = _hosts.Find(source.Value, now);
        if (!_hosts.HasTokens(host, now, cost))
            return Refusal.OverBudget;
        var network = _networks.Find(source.Value, now);
        if (!_networks.HasTokens(network, now, cost))
            return Refusal.OverBudget;
        if (!TakeOfTheWhole(packet, now, lag, cost))
            return Refusal.OverBudget;

        _hosts.Take(host, now, cost);
        _networks.Take(network, now, cost);
        return Refusal.None;
    }

    private bool TakeOfTheWhole(ReadOnlySpan<byte> packet, long now, long lag, int cost)
    {
        var asked = _asked?.Identify(packet) ?? 0;
        if (_asked is not null && _asked.Has(asked, now) && TakeFrom(_copies!, now, lag, cost))
            return true;
        if (TakeFrom(_firsts, now, lag, cost))
            return true;
        _asked?.Add(asked, now);
        return false;
    }

    private static bool TakeFrom(SharedBucket bucket, long now, long lag, int cost)
    {
        if (!bucket.Admits(now, lag, cost))
            return false;
        bucket.Take(cost);
        return true;
    }
}
