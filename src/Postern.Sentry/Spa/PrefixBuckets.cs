using System.Buffers.Binary;
using Postern.Knocks;

namespace Postern.Sentry.Spa;

/// <summary>
/// A token bucket for each prefix of source addresses, kept as the one time at which the bucket will be full again (the generic cell rate
/// algorithm, ITU-T I.371). A prefix that has no place in the table has a full bucket.
/// <para>
/// The table cannot be filled by those who are refused: only <see cref="Take"/> makes a place, and a place is free again as soon as its
/// bucket is full, <c>burst / rate</c> later. So with 10 000 takings a second and 1 000 at once, and buckets that fill in 0.4 s, at most
/// 5 000 of the 16 384 places are in use. Sets are chosen by a keyed hash, so nobody can aim at one; where one is full all the same (5 in 16 on
/// average: once in 100 000 takings), the bucket that is nearest to full is forgotten, which gives its owner a few tokens and costs nobody any.
/// </para>
/// </summary>
internal sealed class PrefixBuckets
{
    internal const int Ways = 16;

    private const int Sets = 1024;
    private const long Second = 1_000_000_000;

    private readonly SipHash _hash;
    private readonly UInt128 _maskV4;
    private readonly UInt128 _maskV6;
    private readonly long _interval;
    private readonly long _depth;
    private readonly ulong[] _prefixes = new ulong[Sets * Ways];
    private readonly long[] _fullAt = new long[Sets * Ways];

    /// <param name="hash">Keyed with chance.</param>
    /// <param name="bitsV4">How much of an IPv4 address is the prefix.</param>
    /// <param name="bitsV6">The same of IPv6.</param>
    /// <param name="rate">Of each bucket.</param>
    public PrefixBuckets(SipHash hash, int bitsV4, int bitsV6, OpeningRate rate)
    {
        _hash = hash;
        _maskV4 = UInt128.MaxValue << (32 - bitsV4);
        _maskV6 = UInt128.MaxValue << (128 - bitsV6);
        _interval = Second / rate.PerSecond;
        _depth = _interval * (rate.Burst - 1);
        _fullAt.LayOut(long.MinValue);
        _prefixes.LayOut(1UL); // so that all of it is there from the start
    }

    /// <summary>The bucket of this source, for the other two; it is the caller's to keep between them.</summary>
    public Bucket Find(UInt128 source, long now)
    {
        var prefix = Identify(source);
        var first = (int)(prefix & (Sets - 1)) * Ways;
        for (var place = first; place < first + Ways; place++)
        {
            if (_prefixes[place] == prefix)
                return new(prefix, place, IsFull(_fullAt[place], now) ? now : _fullAt[place]);
        }

        return new(prefix, NoPlace, now);
    }

    public bool HasTokens(in Bucket bucket, long now, int count) => bucket.FullAt - now <= _depth - (_interval * (count - 1));

    public void Take(in Bucket bucket, long now, int count)
    {
        var place = bucket.Place != NoPlace ? bucket.Place : Claim((int)(bucket.Prefix & (Sets - 1)) * Ways, now);
        _prefixes[place] = bucket.Prefix;
        _fullAt[place] = bucket.FullAt + (_interval * count);
    }

    private const int NoPlace = -1;

    private int Claim(int first, long now)
    {
        var nearest = first;
        for (var place = first; place < first + Ways; place++)
        {
            if (IsFull(_fullAt[place], now))
                return place;
            if (_fullAt[place] < _fullAt[nearest])
                nearest = place;
        }

        return nearest;
    }

    /// <summary>Further ahead than an empty bucket can be is a clock that was set back, as between two capture files.</summary>
    private bool IsFull(long fullAt, long now) => fullAt <= now || fullAt - now > _depth + _interval;

    /// <summary>64 bits of a keyed hash stand for the prefix: two that share them are not to be found without the key.</summary>
    private ulong Identify(UInt128 source)
    {
        var prefix = source & (source >> 32 == 0xffff ? _maskV4 : _maskV6);
        Span<byte> bytes = stackalloc byte[16];
        BinaryPrimitives.WriteUInt128LittleEndian(bytes, prefix);
        return (ulong)_hash.Of(bytes);
    }

    internal readonly record struct Bucket(ulong Prefix, int Place, long FullAt);
}
