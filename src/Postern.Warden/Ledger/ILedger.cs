using System.Buffers.Binary;
using Postern.Keys.Ssh;

namespace Postern.Warden.Ledger;

/// <summary>
/// What was accepted last of each key and device, and which single things were used, so that nothing is accepted twice. It is asked, then told; and nothing is granted that
/// it could not be told.
/// </summary>
public interface ILedger
{
    /// <summary>Only what was signed after this time, in nanoseconds since 1970, may still be accepted.</summary>
    ulong LastOf(KeyFingerprint key, uint device, DateTimeOffset now);

    /// <summary>When it returns true, the acceptance outlives a loss of power. False: it could not be written down, and must not be acted on.</summary>
    bool TryRemember(KeyFingerprint key, uint device, ulong time);

    /// <summary>The same of several at once: all of them or none. Where it returns false some may be remembered all the same, and are lost to whoever asked.</summary>
    bool TryRemember(ReadOnlySpan<Acceptance> acceptances)
    {
        foreach (var (key, device, time) in acceptances)
        {
            if (!TryRemember(key, device, time))
                return false;
        }

        return true;
    }

    /// <summary>It was marked, or may have been: something that is good once is then good no more.</summary>
    bool IsMarked(LedgerMark mark, DateTimeOffset now);

    /// <summary>When it returns true, the mark outlives a loss of power. False: it could not be written down, or there is no room for more, and it must not be acted on.</summary>
    bool TryMark(LedgerMark mark, DateTimeOffset now);
}

/// <summary>A request of this key and device, signed at this time (nanoseconds since 1970), is accepted.</summary>
public readonly record struct Acceptance(KeyFingerprint Key, uint Device, ulong Time);

/// <summary>What kind of thing is good once.</summary>
public enum MarkKind
{
    /// <summary>A packet that carries its time and is no good when that is long past.</summary>
    Packet,

    /// <summary>A secret that is used up by being used.</summary>
    OneTime,

    /// <summary>The same as <see cref="Packet"/> of tokens: what is forgotten of them is no packet's affair, whose times are others.</summary>
    Token,

    /// <summary>A number of a series that only grows: with it, all before it are used.</summary>
    Counter,
}

/// <summary>That something was used.</summary>
/// <param name="Kind">What it was; the same digest of two kinds is two marks.</param>
/// <param name="Digest">Tells it from all others of its kind.</param>
/// <param name="Expires">After this time, in nanoseconds since 1970, the mark may be forgotten; 0: never.</param>
public readonly record struct LedgerMark(MarkKind Kind, KeyFingerprint Digest, ulong Expires)
{
    /// <summary>
    /// The last moment at which it can have been made, in nanoseconds since 1970: what was made before a ledger that was lost, or no later than what was
    /// forgotten, counts as marked. 0: it has no time.
    /// </summary>
    public ulong Made { get; init; }

    /// <summary>Of a <see cref="MarkKind.Counter"/>, whose digest is that of the series: which.</summary>
    public ulong Number { get; init; }
}

/// <summary>SHA-256 of a key's blob, or of what a mark is of: 32 bytes, as a value.</summary>
public readonly record struct KeyFingerprint(UInt128 High, UInt128 Low)
{
    public const int Size = 32;

    public static KeyFingerprint Of(SshPublicKey key)
    {
        ArgumentNullException.ThrowIfNull(key);
        return Read(key.FingerprintBytes);
    }

    /// <param name="bytes">At least 32.</param>
    public static KeyFingerprint Read(ReadOnlySpan<byte> bytes) => new(BinaryPrimitives.ReadUInt128BigEndian(bytes), BinaryPrimitives.ReadUInt128BigEndian(bytes[16..]));

    public void Write(Span<byte> bytes)
    {
        BinaryPrimitives.WriteUInt128BigEndian(bytes, High);
        BinaryPrimitives.WriteUInt128BigEndian(bytes[16..], Low);
    }
}

/// <summary>Where there is no ledger nothing can be remembered, and so nothing that is good once is granted.</summary>
internal sealed class NoLedger : ILedger
{
    public ulong LastOf(KeyFingerprint key, uint device, DateTimeOffset now) => 0;

    public bool TryRemember(KeyFingerprint key, uint device, ulong time) => false;

    public bool IsMarked(LedgerMark mark, DateTimeOffset now) => false;

    public bool TryMark(LedgerMark mark, DateTimeOffset now) => false;
}
