using System.Buffers.Binary;
using System.Text;
using Postern.Reports.Errands;

namespace Postern.Reports.Spa;

/// <summary>Lays out a request: first the part that is signed, then the whole with its signature. <see cref="SignedRequest"/> reads it back.</summary>
public static class SpaRequestWriter
{
    /// <summary>All that is signed: from the version to the last extension.</summary>
    /// <exception cref="ArgumentException">The request is one that no reader would take.</exception>
    public static byte[] WriteUnsigned(SpaRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        Check(request);
        var bytes = new List<byte>(128);
        Span<byte> head = stackalloc byte[RequestLayout.Services];
        head.Clear();
        head[0] = RequestLayout.Version;
        head[1] = request.Close ? RequestLayout.CloseFlag : (byte)0;
        BinaryPrimitives.WriteUInt64BigEndian(head[RequestLayout.Time..], request.Time);
        BinaryPrimitives.WriteUInt64BigEndian(head[RequestLayout.GateId..], request.GateId);
        BinaryPrimitives.WriteUInt64BigEndian(head[RequestLayout.KeyHint..], request.KeyHint);
        request.Address.Write(head[RequestLayout.Address..]);
        BinaryPrimitives.WriteUInt16BigEndian(head[RequestLayout.SourcePort..], request.SourcePort);
        BinaryPrimitives.WriteUInt32BigEndian(head[RequestLayout.Seconds..], request.Seconds);
        head[RequestLayout.ServiceCount] = (byte)request.Services.Length;
        bytes.AddRange(head);
        foreach (var service in request.Services)
        {
            bytes.Add((byte)service.Length);
            bytes.AddRange(Encoding.ASCII.GetBytes(service));
        }

        WriteExtensions(request, bytes);
        return [.. bytes];
    }

    /// <summary>The request with its signature, zero to the end of <paramref name="whole"/>. False where it does not fit.</summary>
    public static bool TryWrite(ReadOnlySpan<byte> unsigned, ReadOnlySpan<byte> signature, Span<byte> whole)
    {
        if (signature.Length is 0 or > RequestLayout.MaxSignature || unsigned.Length + 2 + signature.Length > whole.Length)
            return false;
        whole.Clear();
        unsigned.CopyTo(whole);
        BinaryPrimitives.WriteUInt16BigEndian(whole[unsigned.Length..], (ushort)signature.Length);
        signature.CopyTo(whole[(unsigned.Length + 2)..]);
        return true;
    }

    private static void WriteExtensions(SpaRequest request, List<byte> bytes)
    {
        var count = bytes.Count;
        bytes.Add(0);
        if (request.Device != 0)
        {
            Span<byte> device = stackalloc byte[RequestLayout.DeviceSize];
            BinaryPrimitives.WriteUInt32BigEndian(device, request.Device);
            Add(RequestLayout.DeviceExtension, device);
        }

        if (!request.ReceiptKey.IsEmpty)
            Add(RequestLayout.ReceiptKeyExtension, request.ReceiptKey.AsSpan());
        if (request.System != ClientSystem.Unsaid)
            Add(RequestLayout.SystemExtension, [(byte)request.System]);
        if (request.Data.Length > 0)
            Add(RequestLayout.DataExtension, Encoding.ASCII.GetBytes(request.Data));

        void Add(byte type, ReadOnlySpan<byte> value)
        {
            bytes[count]++;
            bytes.Add(type);
            bytes.Add((byte)value.Length);
            bytes.AddRange(value);
        }
    }

    private static void Check(SpaRequest request)
    {
        if (request.Services.Length is 0 or > RequestLayout.MaxServices)
            throw new ArgumentException($"a request names 1 to {RequestLayout.MaxServices} services", nameof(request));
        if (request.Services.Distinct(StringComparer.Ordinal).Count() != request.Services.Length || !request.Services.All(ServiceName.IsValid))
            throw new ArgumentException("a service is named twice, or by no name", nameof(request));
        if (request.Close && request.Seconds != 0)
            throw new ArgumentException("closing takes no time", nameof(request));
        if (request.Data.Length > 0 && (request.Close || !ActionData.IsValid(request.Data)))
            throw new ArgumentException("closing takes no data, and no request other than what may ride along", nameof(request));
        if (request.ReceiptKey.Length is not (0 or RequestLayout.ReceiptKeySize))
            throw new ArgumentException($"a receipt key has {RequestLayout.ReceiptKeySize} bytes", nameof(request));
    }
}
