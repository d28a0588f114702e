using System.Buffers.Binary;
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
/// <b>(d) The same with false sources, each another,</b> which no limit by prefix holds. The whole is then short, and must be shared by chance, for
/// an order can be gamed: a plain bucket gives each token to whoever comes first after it, so that a sender who hits that moment takes all with
/// 10 000 packets a second. So below half full, a packet is admitted with the chance <c>2 · tokens / burst</c>. Under λ packets a second the
/// bucket comes to rest where λ · chance = rate, and every packet, genuine or not, whenever it comes, is admitted with
/// <code>
/// chance = rate / λ        λ = 20 000: 1/2     100 000: 1/10     1 000 000: 1/100 (as much as a core can read)
/// </code>
/// A client that sends n times gets through with 1 − (1 − chance)^n: of three copies at 100 000 a second, 27 in 100; of thirty, 96. A refused
/// packet is not remembered, so its copies draw again.
/// A burst at the start of each second cannot shut out the rest of it: to bring the bucket from half to a share of 1/e^k takes k · burst/2
/// packets, and it is half full again burst / (2 · rate) = 50 ms after the last. Refused packets take nothing from any bucket.
/// </para>
/// </summary>
internal sealed class OpeningBudget
{
    private const double Second = 1e9;

    private readonly SipHash _hash;
    private readonly OpeningRate _inAll;
    private readonly PrefixBuckets _hosts;
    private readonly PrefixBuckets _networks;
    private double _tokens;
    private long _filled = long.MinValue;
    private ulong _draws;

    /// <param name="hash">Keyed with chance.</param>
    /// <param name="limits">Validated.</param>
    public OpeningBudget(SipHash hash, OpeningLimits limits)
    {
        limits.Validate();
        _hash = hash;
        _inAll = limits.InAll;
        _hosts = new(hash, bitsV4: 32, bitsV6: 64, limits.PerHost);
        _networks = new(hash, bitsV4: 24, bitsV6: 48, limits.PerNetwork);
        _tokens = _inAll.Burst;
    }

    /// <summary><see cref="Refusal.None"/>, and the opening is paid for; or <see cref="Refusal.OverBudget"/>, and nothing is.</summary>
    /// <param name="source">Of the packet.</param>
    /// <param name="now">Nanoseconds; only differences matter.</param>
    /// <param name="cost">In tokens; not more than any of the bursts, or it is never paid for.</param>
    public Refusal Spend(Address source, long now, int cost = 1)
    {
        var host = _hosts.Find(source.Value, now);
        if (!_hosts.HasTokens(host, now, cost))
            return Refusal.OverBudget;
        var network = _networks.Find(source.Value, now);
        if (!_networks.HasTokens(network, now, cost))
            return Refusal.OverBudget;
        Fill(now);
        if (_tokens < cost || !IsAdmitted())
            return Refusal.OverBudget;

        _tokens -= cost;
        _hosts.Take(host, now, cost);
        _networks.Take(network, now, cost);
        return Refusal.None;
    }

    /// <summary>A time that ran backwards, as between two capture files, fills nothing.</summary>
    private void Fill(long now)
    {
        if (_filled != long.MinValue && now > _filled)
            _tokens = Math.Min(_inAll.Burst, _tokens + ((now - _filled) / Second * _inAll.PerSecond));
        _filled = now;
    }

    private bool IsAdmitted() => 2 * _tokens >= _inAll.Burst || Draw() * _inAll.Burst < 2 * _tokens;

    /// <summary>From 0 to below 1, foreseen by nobody.</summary>
    private double Draw()
    {
        Span<byte> number = stackalloc byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64LittleEndian(number, _draws++);
        return (ulong)(_hash.Of(number) >> 75) * (1.0 / (1UL << 53));
    }
}
