using System.Buffers.Binary;
using System.Globalization;
using System.Text.Unicode;
using Postern.Keys;
using Postern.Reports;

namespace Postern.Knocks.Spa;

/// <summary>
/// A port for SPA packets that is another one in each time step (spec/spa.md §6), in the manner of rolling sequences. Written <c>udp/10000-19999@60</c>: the pool, and the seconds of a step.
/// <code>
/// text    "postern spa port v1 " moving port " " step      as it is written; step in decimal
/// mac     HMAC-SHA-256(port key, text); w0 is the number of its first 32 bits, big-endian
/// port    first + w0 mod size of the pool
/// </code>
/// Both sides call <see cref="PortOf"/>: it is the writer's and the reader's.
/// </summary>
public readonly record struct MovingPort
{
    /// <summary>Fewer could be tried one after the other within a step.</summary>
    public const int LeastPorts = 256;

    public const int ShortestStep = 10;

    public const int LongestStep = 3600;

    public const int UsualStep = 60;

    private const int MaxText = 64;

    /// <exception cref="ArgumentException">A pool of fewer than <see cref="LeastPorts"/>, or a step of no such length: see <see cref="IsValid"/>.</exception>
    public MovingPort(PortRange pool, int step) =>
        (Pool, Step) = IsValid(pool, step) ? (pool, step) : throw new ArgumentException($"a port moves among at least {LeastPorts}, every {ShortestStep} to {LongestStep} seconds", nameof(pool));

    /// <summary>Among which it moves.</summary>
    public PortRange Pool { get; }

    /// <summary>How long it stays, in seconds.</summary>
    public int Step { get; }

    public static bool IsValid(PortRange pool, int step) => pool.First != 0 && pool.Count >= LeastPorts && step is >= ShortestStep and <= LongestStep;

    /// <param name="seconds">Since 1970; before is as then.</param>
    public long StepAt(long seconds) => Math.Max(0, seconds) / Step;

    /// <summary>The port that is good in a time step.</summary>
    /// <param name="secret">As <see cref="OuterKey.DerivePortSecret"/> gives it.</param>
    /// <param name="step">Its number.</param>
    public ushort PortOf(TokenSecret secret, long step)
    {
        ArgumentNullException.ThrowIfNull(secret);
        Span<byte> text = stackalloc byte[MaxText];
        Span<byte> mac = stackalloc byte[TokenSecret.MacSize];
        Utf8.TryWrite(text, CultureInfo.InvariantCulture, $"postern spa port v1 {Word(Pool.Transport)}/{Pool.First}-{Pool.Last}@{Step} {step}", out var length);
        secret.Mac(text[..length], mac);
        return (ushort)(Pool.First + (BinaryPrimitives.ReadUInt32BigEndian(mac) % (uint)Pool.Count));
    }

    /// <summary>The port that is good at a time, or so many steps after it.</summary>
    /// <param name="key">Of the gate.</param>
    /// <param name="seconds">Since 1970.</param>
    /// <param name="steps">After the present one; before it, where negative.</param>
    public ushort PortAt(OuterKey key, long seconds, int steps = 0)
    {
        ArgumentNullException.ThrowIfNull(key);
        using var secret = key.DerivePortSecret();
        return PortOf(secret, Math.Max(0, StepAt(seconds) + steps));
    }

    /// <summary>One way to write each: no leading zeros.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out MovingPort port)
    {
        port = default;
        var at = text.IndexOf('@');
        if (at < 0 || !PortRange.TryParse(text[..at], out var pool) || !Digits.TryParse(text[(at + 1)..], out int step) || !IsValid(pool, step))
            return false;
        port = new(pool, step);
        return text.SequenceEqual(port.ToString());
    }

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Word(Pool.Transport)}/{Pool.First}-{Pool.Last}@{Step}");

    private static string Word(Transport transport) => transport == Transport.Tcp ? "tcp" : "udp";
}
