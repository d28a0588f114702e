using System.Security.Cryptography;
using FsCheck;
using FsCheck.Fluent;
using Postern.Keys;
using Postern.Knocks.Spa;
using Postern.Reports;
using Postern.Reports.Spa;

namespace Postern.Knocks.Tests.Spa;

/// <summary>A gate and what clients send it. The signatures are noise: only the warden reads them.</summary>
internal static class Craft
{
    public static readonly BoxKeyPair GateKey = BoxKeyPair.Generate();

    public static readonly OuterKey OuterKey = GateSecret.Generate().DeriveOuterKey();

    private const string Letters = "abcdefghijklmnopqrstuvwxyz0123456789";

    /// <summary>Any that a client may send, with a signature of any length, in a packet of any size that holds it.</summary>
    public static Gen<(SpaRequest Request, byte[] Signature, int Size)> Requests =>
        from request in RequestGen()
        from signature in Bytes(1, 768)
        let unsigned = SpaRequestWriter.WriteUnsigned(request)
        let smallest = SpaWriter.SizeFor(unsigned.Length, signature.Length)
        where smallest != 0
        from size in Gen.Elements(SpaPacket.Sizes.ToArray().Where(s => s >= smallest))
        select (request, signature, size);

    public static SpaReader NewReader() => new(OuterKey, GateKey);

    public static byte[] Chance() => RandomNumberGenerator.GetBytes(SpaWriter.ChanceSize);

    public static byte[] Packet(SpaRequest request, byte[] signature, int size) =>
        SpaWriter.Write(SpaRequestWriter.WriteUnsigned(request), signature, size, OuterKey, GateKey.Public, Chance());

    /// <summary>The plainest request, in a packet of this size.</summary>
    public static byte[] Packet(int size) => Packet(new(1_781_524_800_000_000_000, GateKey.Public.GateId, 7, ["ssh"]), RandomNumberGenerator.GetBytes(83), size);

    /// <summary>Under a right outer seal, whatever it is.</summary>
    public static byte[] Seal(ReadOnlySpan<byte> box)
    {
        var packet = new byte[OuterKey.NonceSize + box.Length + OuterKey.TagSize];
        RandomNumberGenerator.Fill(packet.AsSpan(0, OuterKey.NonceSize));
        OuterKey.Seal(packet.AsSpan(0, OuterKey.NonceSize), box, packet.AsSpan(OuterKey.NonceSize));
        return packet;
    }

    /// <summary>Under both seals, whatever it is.</summary>
    public static byte[] SealRequest(ReadOnlySpan<byte> request)
    {
        var box = new byte[request.Length + BoxPublicKey.SealOverhead];
        Assert.True(GateKey.Public.TrySeal(RandomNumberGenerator.GetBytes(BoxPublicKey.SeedSize), request, box));
        return Seal(box);
    }

    public static Gen<byte[]> Bytes(int least, int most) =>
        Gen.Choose(least, most).SelectMany(length => Gen.Choose(0, 255).Select(b => (byte)b).ArrayOf(length));

    private static Gen<SpaRequest> RequestGen() =>
        from time in Numbers
        from hint in Numbers
        from address in Gen.OneOf(Gen.Constant(Address.None), Numbers.Select(n => Address.FromV4((uint)n)), Gen.Two(Numbers).Select(n => new Address(new UInt128(n.Item1, n.Item2))))
        from port in Gen.Choose(0, 65535)
        from close in Gen.Elements(false, true)
        from seconds in Gen.OneOf(Gen.Constant(0u), Gen.Constant(uint.MaxValue), Numbers.Select(n => (uint)n))
        from services in Gen.Choose(1, 8).SelectMany(count => Names.ArrayOf(count))
        from device in Gen.OneOf(Gen.Constant(0u), Numbers.Select(n => (uint)n))
        from receiptKey in Gen.OneOf(Gen.Constant(Array.Empty<byte>()), Bytes(32, 32))
        from system in Gen.Choose(0, 255)
        from data in Gen.Elements("", "", "nas", "A0-_.:@z", new string('9', 24))
        select new SpaRequest(time, GateKey.Public.GateId, hint, [.. services.Distinct(StringComparer.Ordinal)])
        {
            Address = address,
            SourcePort = (ushort)port,
            Close = close,
            Seconds = close ? 0 : seconds,
            Device = device,
            ReceiptKey = [.. receiptKey],
            System = (ClientSystem)system,
            Data = close ? "" : data,
        };

    private static Gen<ulong> Numbers =>
        Gen.OneOf(Gen.Constant(0UL), Gen.Constant(ulong.MaxValue), Bytes(8, 8).Select(b => BitConverter.ToUInt64(b)));

    private static Gen<string> Names =>
        from first in Gen.Elements(Letters.ToCharArray())
        from length in Gen.Frequency((3, Gen.Choose(0, 8)), (1, Gen.Constant(31)))
        from rest in Gen.Elements((Letters + "-_").ToCharArray()).ArrayOf(length)
        select first + new string(rest);
}
