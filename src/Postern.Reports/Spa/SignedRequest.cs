using System.Buffers.Binary;
using System.Text;
using Postern.Reports.Errands;

namespace Postern.Reports.Spa;

/// <summary>
/// A request as it was signed, read in place. That it is laid out rightly says nothing of who wrote it: the signature does, and whoever
/// decides must check it. Written by <see cref="SpaRequestWriter"/>; the shape stands at <see cref="RequestLayout"/>.
/// </summary>
public readonly ref struct SignedRequest
{
    private readonly ReadOnlySpan<byte> _services;

    private SignedRequest(ReadOnlySpan<byte> signed, ReadOnlySpan<byte> services, int serviceCount, ReadOnlySpan<byte> signature)
    {
        Signed = signed;
        _services = services;
        ServiceCount = serviceCount;
        Signature = signature;
    }

    /// <summary>The bytes that the signature is of.</summary>
    public ReadOnlySpan<byte> Signed { get; }

    /// <summary>The signature blob of SSHSIG: <c>string algorithm | string signature …</c>.</summary>
    public ReadOnlySpan<byte> Signature { get; }

    public bool Close => (Signed[1] & RequestLayout.CloseFlag) != 0;

    public ulong Time => BinaryPrimitives.ReadUInt64BigEndian(Signed[RequestLayout.Time..]);

    public ulong GateId => BinaryPrimitives.ReadUInt64BigEndian(Signed[RequestLayout.GateId..]);

    public ulong KeyHint => BinaryPrimitives.ReadUInt64BigEndian(Signed[RequestLayout.KeyHint..]);

    public Address Address => Address.Read(Signed[RequestLayout.Address..]);

    public ushort SourcePort => BinaryPrimitives.ReadUInt16BigEndian(Signed[RequestLayout.SourcePort..]);

    public uint Seconds => BinaryPrimitives.ReadUInt32BigEndian(Signed[RequestLayout.Seconds..]);

    public int ServiceCount { get; }

    public uint Device { get; private init; }

    /// <summary>Empty where no receipt is asked for.</summary>
    public ReadOnlySpan<byte> ReceiptKey { get; private init; }

    public ClientSystem System { get; private init; }

    /// <summary>What rides along; empty: nothing.</summary>
    public ReadOnlySpan<byte> Data { get; private init; }

    public string Service(int index)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)index, (uint)ServiceCount, nameof(index));
        var rest = _services;
        for (; index > 0; index--)
            rest = rest[(1 + rest[0])..];
        return Encoding.ASCII.GetString(rest.Slice(1, rest[0]));
    }

    /// <summary>
    /// <see cref="Refusal.None"/>, <see cref="Refusal.UnknownVersion"/> or <see cref="Refusal.BadRequest"/>. There is one way to write a request:
    /// whatever differs from it by a byte, the padding included, is refused.
    /// </summary>
    public static Refusal Read(ReadOnlySpan<byte> whole, out SignedRequest request)
    {
        request = default;
        if (whole.IsEmpty)
            return Refusal.BadRequest;
        if (whole[0] != RequestLayout.Version)
            return Refusal.UnknownVersion;
        if (whole.Length < RequestLayout.Services || (whole[1] & ~RequestLayout.CloseFlag) != 0)
            return Refusal.BadRequest;

        var at = RequestLayout.Services;
        if (!TrySkipServices(whole, ref at))
            return Refusal.BadRequest;
        var services = whole[RequestLayout.Services..at];
        if (!TryReadExtensions(whole, ref at, out var device, out var receiptKey, out var system, out var data))
            return Refusal.BadRequest;
        var signed = whole[..at];
        if (!TryReadSignature(whole, ref at, out var signature) || whole[at..].ContainsAnyExcept((byte)0))
            return Refusal.BadRequest;

        var read = new SignedRequest(signed, services, whole[RequestLayout.ServiceCount], signature) { Device = device, ReceiptKey = receiptKey, System = system, Data = data };
        if (read.Close && (read.Seconds != 0 || !read.Data.IsEmpty))
            return Refusal.BadRequest;
        request = read;
        return Refusal.None;
    }

    private static bool TrySkipServices(ReadOnlySpan<byte> whole, ref int at)
    {
        var count = whole[RequestLayout.ServiceCount];
        if (count is 0 or > RequestLayout.MaxServices)
            return false;
        for (var i = 0; i < count; i++)
        {
            if (at >= whole.Length || at + 1 + whole[at] > whole.Length)
                return false;
            var name = whole.Slice(at + 1, whole[at]);
            if (!ServiceName.IsValid(name) || IsAmong(name, whole[RequestLayout.Services..at]))
                return false;
            at += 1 + name.Length;
        }

        return true;
    }

    private static bool IsAmong(ReadOnlySpan<byte> name, ReadOnlySpan<byte> before)
    {
        for (; !before.IsEmpty; before = before[(1 + before[0])..])
        {
            if (before.Slice(1, before[0]).SequenceEqual(name))
                return true;
        }

        return false;
    }

    private static bool TryReadExtensions(ReadOnlySpan<byte> whole, scoped ref int at, out uint device, out ReadOnlySpan<byte> receiptKey, out ClientSystem system, out ReadOnlySpan<byte> data)
    {
        device = 0;
        receiptKey = default;
        system = ClientSystem.Unsaid;
        data = default;
        if (at >= whole.Length)
            return false;
        var count = whole[at++];
        if (count > RequestLayout.MaxExtensions)
            return false;
        for (int i = 0, last = 0; i < count; i++)
        {
            if (at + 2 > whole.Length || at + 2 + whole[at + 1] > whole.Length || whole[at] <= last)
                return false;
            last = whole[at];
            var value = whole.Slice(at + 2, whole[at + 1]);
            at += 2 + value.Length;
            switch (last)
            {
                case RequestLayout.DeviceExtension when value.Length == RequestLayout.DeviceSize && value.ContainsAnyExcept((byte)0):
                    device = BinaryPrimitives.ReadUInt32BigEndian(value);
                    break;
                case RequestLayout.ReceiptKeyExtension when value.Length == RequestLayout.ReceiptKeySize:
                    receiptKey = value;
                    break;
                case RequestLayout.SystemExtension when value.Length == 1 && value[0] is not 0:
                    system = (ClientSystem)value[0];
                    break;
                case RequestLayout.DataExtension when ActionData.IsValid(value):
                    data = value;
                    break;
                case >= RequestLayout.FirstOptionalExtension:
                    break;
                default:
                    return false;
            }
        }

        return true;
    }

    private static bool TryReadSignature(ReadOnlySpan<byte> whole, scoped ref int at, out ReadOnlySpan<byte> signature)
    {
        signature = default;
        if (at + 2 > whole.Length)
            return false;
        var length = BinaryPrimitives.ReadUInt16BigEndian(whole[at..]);
        if (length is 0 or > RequestLayout.MaxSignature || at + 2 + length > whole.Length)
            return false;
        signature = whole.Slice(at + 2, length);
        at += 2 + length;
        return true;
    }
}
