using System.Buffers.Binary;
using System.Buffers.Text;
using System.Collections.Immutable;
using System.Globalization;
using Postern.Keys;
using Postern.Knocks.Sequences;
using Postern.Reports;

namespace Postern.Knocks.Rolling;

/// <summary>
/// Which sequence is good in which time step (spec/knocks.md §3), in the manner of RFC 6238:
/// <code>
/// text      "postern rolling v1 " step [" " address]     step in decimal; address of IPv4 as four decimal numbers, of IPv6 as 32 hexadecimal digits
/// mac       HMAC-SHA-256(secret, text), as eight numbers of 32 bits, big-endian: w0 … w7
/// length    shortest + w0 mod (longest − shortest + 1)
/// step i    the port with the number w(i+1) mod size in the pool; where that was drawn before, the next that was not
/// </code>
/// Both sides call <see cref="Draw"/>: it is the writer's and the reader's.
/// </summary>
public sealed record RollingPlan(ImmutableArray<KnockStep> Pool)
{
    /// <summary>As many as one MAC has numbers for.</summary>
    public const int MaxLength = 7;

    public const int UsualShortest = 3;

    public const int UsualLongest = 5;

    public static TimeSpan UsualStep => TimeSpan.FromSeconds(30);

    /// <summary>The ports that IANA gives to nobody in particular are from 49 152 on; Linux takes its own for outgoing connections from 32 768: so below.</summary>
    public static ImmutableArray<KnockStep> UsualPool { get; } = [new(StepKind.Tcp, 20_000, 29_999), new(StepKind.Udp, 20_000, 29_999)];

    private static readonly byte[] Label = "postern rolling v1 "u8.ToArray();

    public int Shortest { get; init; } = UsualShortest;

    public int Longest { get; init; } = UsualLongest;

    /// <summary>Whole seconds.</summary>
    public TimeSpan Step { get; init; } = UsualStep;

    /// <summary>The sequence is another for each address that it is to come from.</summary>
    public bool IsBound { get; init; }

    public int PoolSize { get; } = Pool.Sum(run => run.Width);

    private long StepSeconds => Step.Ticks / TimeSpan.TicksPerSecond;

    /// <param name="seconds">Since 1970.</param>
    public long StepAt(long seconds) => seconds / StepSeconds;

    /// <summary>The second since 1970 at which it begins.</summary>
    public long BeginOf(long step) => step * StepSeconds;

    public bool Holds(StepKind kind, ushort port)
    {
        foreach (var run in Pool)
        {
            if (run.Matches(kind, port))
                return true;
        }

        return false;
    }

    /// <summary>The steps that are good in this time step; how many. Each is one port.</summary>
    /// <param name="secret">Of the knock.</param>
    /// <param name="step">The number of the time step.</param>
    /// <param name="address">Where they come from, if <see cref="IsBound"/>.</param>
    /// <param name="steps">Room for <see cref="MaxLength"/>.</param>
    public int Draw(TokenSecret secret, long step, Address address, Span<KnockStep> steps)
    {
        ArgumentNullException.ThrowIfNull(secret);
        Span<byte> text = stackalloc byte[80];
        Span<byte> mac = stackalloc byte[TokenSecret.MacSize];
        secret.Mac(text[..WriteText(step, address, text)], mac);
        var length = Shortest + (int)(Word(mac, 0) % (uint)(Longest - Shortest + 1));
        for (var i = 0; i < length; i++)
        {
            var number = (int)(Word(mac, i + 1) % (uint)PoolSize);
            while (steps[..i].Contains(steps[i] = PortOf(number)))
                number = (number + 1) % PoolSize;
        }

        return length;
    }

    private static uint Word(ReadOnlySpan<byte> mac, int place) => BinaryPrimitives.ReadUInt32BigEndian(mac[(place * sizeof(uint))..]);

    private KnockStep PortOf(int number)
    {
        foreach (var run in Pool)
        {
            if (number < run.Width)
                return run with { First = (ushort)(run.First + number), Last = (ushort)(run.First + number) };
            number -= run.Width;
        }

        throw new ArgumentOutOfRangeException(nameof(number), number, "not in the pool");
    }

    private int WriteText(long step, Address address, Span<byte> text)
    {
        Label.CopyTo(text);
        var length = Label.Length;
        Utf8Formatter.TryFormat(step, text[length..], out var written);
        length += written;
        if (!IsBound)
            return length;
        text[length++] = (byte)' ';
        if (!address.IsV4)
        {
            _ = address.Value.TryFormat(text[length..], out written, "x32", CultureInfo.InvariantCulture);
            return length + written;
        }

        for (var shift = 24; shift >= 0; shift -= 8)
        {
            Utf8Formatter.TryFormat((byte)((uint)address.Value >> shift), text[length..], out written);
            length += written;
            if (shift > 0)
                text[length++] = (byte)'.';
        }

        return length;
    }
}
