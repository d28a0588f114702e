using System.Buffers.Binary;

namespace Postern.Sentry.Spa;

/// <summary>
/// A token bucket that is shared by chance when it is short, since an order can be gamed: a plain bucket gives each token to whoever comes first after it.
/// Below half full, one who asks is admitted with the chance <c>2 · tokens / burst</c>, so that under λ askings a second it comes to rest where
/// λ · chance = rate, and everybody, whenever he comes, has the chance rate / λ.
/// <para>
/// A burst at the start of each second cannot shut out the rest of it: to bring the bucket from half to a share of 1/e^k takes k · burst/2 askings, and it
/// is half full again burst / (2 · rate) after the last. Who is refused takes nothing.
/// </para>
/// <para>
/// <b>A reader that is late fills it slowly:</b> by <c>calm / lag</c> of the rate. Where the machine cannot keep up with the rate, what is asked for is too
/// much for this machine now, and packets would wait behind it, the genuine one among them, until the ring is full of them. So the work shrinks
/// until the reader is in time again. A full bucket is not touched by it: who comes alone to a machine that is busy with other things is admitted.
/// </para>
/// </summary>
internal sealed class SharedBucket(SipHash hash, OpeningRate rate, long calm)
{
    private const double Second = 1e9;

    private double _tokens = rate.Burst;
    private long _filled = long.MinValue;
    private ulong _draws;

    /// <summary>Takes nothing yet.</summary>
    /// <param name="now">Nanoseconds; only differences matter. A time that ran backwards, as between two capture files, fills nothing.</param>
    /// <param name="lag">How long ago, in nanoseconds, that was when the packet was read.</param>
    /// <param name="cost">In tokens; not more than the burst, or it is never paid for.</param>
    public bool Admits(long now, long lag, int cost)
    {
        if (_filled != long.MinValue && now > _filled)
            _tokens = Math.Min(rate.Burst, _tokens + ((now - _filled) / Second * rate.PerSecond * (lag > calm ? (double)calm / lag : 1)));
        _filled = now;
        return _tokens >= cost && (2 * _tokens >= rate.Burst || Draw() * rate.Burst < 2 * _tokens);
    }

    public void Take(int cost) => _tokens -= cost;

    /// <summary>From 0 to below 1, foreseen by nobody.</summary>
    private double Draw()
    {
        Span<byte> number = stackalloc byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64LittleEndian(number, _draws++);
        return (ulong)(hash.Of(number) >> 75) * (1.0 / (1UL << 53));
    }
}
