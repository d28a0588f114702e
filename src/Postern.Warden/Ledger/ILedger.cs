using System.Buffers.Binary;
using Postern.Keys.Ssh;

namespace Postern.Warden.Ledger;

/// <summary>
/// What was accepted last of each key and device, so that nothing is accepted twice. It is asked, then told; and nothing is granted that
/// it could not be told.
/// </summary>
public interface ILedger
{
    /// <summary>Only what was signed after this time, in nanoseconds since 1970, may still be accepted.</summary>
    ulong LastOf(KeyFingerprint key, uint device, DateTimeOffset now);

    /// <summary>When it returns true, the acceptance outlives a loss of power. False: it could not be written down, and must not be acted on.</summary>
    bool TryRemember(KeyFingerprint key, uint device, ulong time);
}

/// <summary>SHA-256 of a key's blob: 32 bytes, as a value.</summary>
public readonly record struct KeyFingerprint(UInt128 High, UInt128 Low)
{
    public const int Size = 32;

    public static KeyFingerprint Of(SshPublicKey key)
    {
        ArgumentNullException.ThrowIfNull(key);
        return Read(key.FingerprintBytes);
    }

    public static KeyFingerprint Read(ReadOnlySpan<byte> bytes) => new(BinaryPrimitives.ReadUInt128BigEndian(bytes), BinaryPrimitives.ReadUInt128BigEndian(bytes[16..]));

    public void Write(Span<byte> bytes)
    {
        BinaryPrimitives.WriteUInt128BigEndian(bytes, High);
        BinaryPrimitives.WriteUInt128BigEndian(bytes[16..], Low);
    }
}

/// <summary>Where there is no ledger nothing can be remembered, and so nothing that is signed is granted.</summary>
internal sealed class NoLedger : ILedger
{
    public ulong LastOf(KeyFingerprint key, uint device, DateTimeOffset now) => 0;

    public bool TryRemember(KeyFingerprint key, uint device, ulong time) => false;
}
