using System.Collections.Immutable;
using System.Text;
using Postern.Fuzz.Engine;
using Postern.Keys;
using Postern.Knocks.Spa;
using Postern.Reports;
using Postern.Reports.Spa;

namespace Postern.Fuzz.Targets;

/// <summary>Single packets, from the outer seal to the request, and what one side says to the other: there is one way to write each.</summary>
internal static class SpaTargets
{
    private static readonly SpaReader Reader = new(Keys.Outer, Keys.Gate);

    private static readonly byte[] Chance = [.. Enumerable.Range(1, SpaWriter.ChanceSize).Select(i => (byte)i)];

    /// <summary>The bytes as they come from the wire. None of ours but those of the vectors open: what does was sealed with the secret, and sealed so.</summary>
    public static void Packet(ReadOnlySpan<byte> input)
    {
        Spent.Begin();
        var refusal = Reader.OpenOuter(input, out var box);
        if (refusal == Refusal.None)
            Reader.Open(box, out _);
        Spent.End();
        Oracle.That(SpaPacket.IsSize(input.Length) || refusal == Refusal.WrongSize, "a packet of a size that there is not");
        if (refusal != Refusal.None)
            return;
        Reader.OpenOuter(input, out box);
        Span<byte> again = new byte[input.Length];
        input[..OuterKey.NonceSize].CopyTo(again);
        Keys.Outer.Seal(input[..OuterKey.NonceSize], box.Span, again[OuterKey.NonceSize..]);
        Oracle.Same(input, again, "a packet that opens and is not sealed so");
    }

    /// <summary>Sealed with the gate's keys, so that the change reaches what is inside.</summary>
    public static void SealedRequest(ReadOnlySpan<byte> input)
    {
        var least = input.Length + SpaPacket.Overhead;
        var size = SpaPacket.Sizes.ToArray().FirstOrDefault(s => s >= least, SpaPacket.MaxSize);
        Span<byte> request = new byte[size - SpaPacket.Overhead];
        input[..Math.Min(input.Length, request.Length)].CopyTo(request);
        var packet = Seal(request);

        Spent.Begin();
        var refusal = Reader.OpenOuter(packet, out var box);
        var inner = refusal == Refusal.None ? Reader.Open(box, out var opened) : refusal;
        Spent.End();
        Oracle.That(refusal == Refusal.None, "what was sealed does not open");
        Oracle.That(inner == SignedRequest.Read(request, out _), "what is inside is read otherwise than outside");
        if (inner != Refusal.None)
            return;
        Reader.Open(box, out opened);
        Oracle.Same(request, opened.Span, "another request than was sealed");
    }

    public static void Request(ReadOnlySpan<byte> input)
    {
        Spent.Begin();
        var refusal = SignedRequest.Read(input, out var request);
        Spent.End();
        Oracle.That(refusal is Refusal.None or Refusal.UnknownVersion or Refusal.BadRequest, "a refusal that reading does not give");
        if (refusal != Refusal.None)
            return;

        var services = ImmutableArray.CreateBuilder<string>();
        for (var i = 0; i < request.ServiceCount; i++)
            services.Add(request.Service(i));
        var unsigned = SpaRequestWriter.WriteUnsigned(new(request.Time, request.GateId, request.KeyHint, services.ToImmutable())
        {
            Close = request.Close,
            Address = request.Address,
            SourcePort = request.SourcePort,
            Seconds = request.Seconds,
            Device = request.Device,
            ReceiptKey = [.. request.ReceiptKey],
            System = request.System,
            Data = Encoding.ASCII.GetString(request.Data),
        });
        if (HasOptional(request.Signed))
            return; // an extension that is passed over is not written again
        var whole = new byte[input.Length];
        Oracle.That(SpaRequestWriter.TryWrite(unsigned, request.Signature, whole), "a request that was read does not fit its own size");
        Oracle.Same(input, whole, "a request that is not written so");
    }

    public static void Receipt(ReadOnlySpan<byte> input)
    {
        Spent.Begin();
        var isRead = Reports.Spa.Receipt.TryRead(input, out var receipt);
        Spent.End();
        if (!isRead)
            return;
        Span<byte> body = new byte[Reports.Spa.Receipt.Size];
        receipt!.Write(body);
        Oracle.Same(input, body, "a receipt that is not written so");
        Oracle.That(ReceiptWriter.TryWrite(receipt, Keys.Outer, Keys.Receipt.Public.Bytes, Chance, out var packet), "a receipt cannot be sealed");
        Oracle.That(ReceiptReader.TryRead(packet, Keys.Outer, Keys.Receipt, receipt.RequestTime, out var opened) && opened == receipt, "a sealed receipt is another");
    }

    /// <summary>As the client has them from the wire.</summary>
    public static void ReceiptPacket(ReadOnlySpan<byte> input)
    {
        Spent.Begin();
        var isRead = ReceiptReader.TryRead(input, Keys.Outer, Keys.Receipt, 1781524800000000000, out var receipt);
        Spent.End();
        Oracle.That(!isRead || receipt!.RequestTime == 1781524800000000000, "the receipt of another request");
    }

    public static void Report(ReadOnlySpan<byte> input)
    {
        Spent.Begin();
        var isRead = Reports.Report.TryRead(input, out var report);
        Spent.End();
        if (!isRead)
            return;
        Span<byte> message = new byte[Reports.Report.SizeOf(report.Kind)];
        report.Write(message);
        Oracle.Same(input, message, "a report that is not written so");
    }

    public static void Sighting(ReadOnlySpan<byte> input)
    {
        Spent.Begin();
        var isRead = Reports.Watching.Sighting.TryRead(input, out var sighting);
        Spent.End();
        if (!isRead)
            return;
        Span<byte> message = new byte[Reports.Watching.Sighting.Size];
        sighting.Write(message);
        Oracle.Same(input, message, "a sighting that is not written so");
    }

    private static byte[] Seal(ReadOnlySpan<byte> request)
    {
        var box = new byte[request.Length + BoxPublicKey.SealOverhead];
        Oracle.That(Keys.Gate.Public.TrySeal(Chance.AsSpan(OuterKey.NonceSize), request, box), "the gate's key seals nothing");
        var packet = new byte[box.Length + OuterKey.NonceSize + OuterKey.TagSize];
        Chance.AsSpan(0, OuterKey.NonceSize).CopyTo(packet);
        Keys.Outer.Seal(Chance.AsSpan(0, OuterKey.NonceSize), box, packet.AsSpan(OuterKey.NonceSize));
        return packet;
    }

    private static bool HasOptional(ReadOnlySpan<byte> signed)
    {
        var at = RequestLayout.Services;
        for (var i = 0; i < signed[RequestLayout.ServiceCount]; i++)
            at += 1 + signed[at];
        for (at++; at < signed.Length; at += 2 + signed[at + 1])
        {
            if (signed[at] >= RequestLayout.FirstOptionalExtension)
                return true;
        }

        return false;
    }
}
