namespace Postern.Reports.Spa;

/// <summary>
/// The request of an SPA packet (spec/spa.md §4), as it lies inside both seals. Numbers are big-endian.
/// <code>
///  0  1  version = 1
///  1  1  flags            bit 0: close; the others zero
///  2  8  time             nanoseconds since 1970-01-01T00:00:00Z, without leap seconds
/// 10  8  gate id          first 8 bytes of BLAKE2b-256(gate public key)
/// 18  8  key hint         first 8 bytes of SHA-256(public key blob)
/// 26 16  address          IPv6, or IPv4 as ::ffff:a.b.c.d; zero: the source of this packet
/// 42  2  source port      of the connection that follows; zero: any
/// 44  4  seconds          asked for; zero: the service's own time
/// 48  1  service count    1 … 8
///        { 1 length 1 … 32 | name }
///     1  extension count  0 … 8
///        { 1 type | 1 length | value }      types ascending, none twice
///     2  signature length 1 … 768
///     n  signature        of all bytes before its length, as SSHSIG
///     …  padding          zero, to the end
/// </code>
/// </summary>
internal static class RequestLayout
{
    public const byte Version = 1;
    public const byte CloseFlag = 1;

    public const int Time = 2;
    public const int GateId = 10;
    public const int KeyHint = 18;
    public const int Address = 26;
    public const int SourcePort = 42;
    public const int Seconds = 44;
    public const int ServiceCount = 48;
    public const int Services = 49;

    public const int MaxServices = 8;
    public const int MaxServiceName = 32;
    public const int MaxExtensions = 8;
    public const int MaxSignature = 768;

    /// <summary>Of 4 bytes; absent: zero. Which of a key's devices this is, chosen by chance at its first use.</summary>
    public const byte DeviceExtension = 1;

    /// <summary>Of 32 bytes: an X25519 public key made for this request, to which a receipt may be sealed.</summary>
    public const byte ReceiptKeyExtension = 2;

    /// <summary>Of 1 byte: <see cref="ClientSystem"/>.</summary>
    public const byte SystemExtension = 3;

    /// <summary>Of 1 to 24 bytes: <see cref="Errands.ActionData"/>. Not with the flag close.</summary>
    public const byte DataExtension = 4;

    /// <summary>An unknown extension from here on may be passed over; one below must be understood, or the request is refused.</summary>
    public const byte FirstOptionalExtension = 128;

    public const int DeviceSize = 4;
    public const int ReceiptKeySize = 32;
}
