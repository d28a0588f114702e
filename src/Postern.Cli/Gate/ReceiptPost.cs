using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Postern.Keys;
using Postern.Knocks.Spa;
using Postern.Reports;
using Postern.Reports.Spa;
using Postern.Warden;

namespace Postern.Cli.Gate;

/// <summary>
/// Sends receipts (spec/spa.md §9): one datagram to where a request came from, from where it went to. Nothing is bound to that port, so the
/// UDP header is ours (RFC 768) and goes out through a raw socket; the IP header is the kernel's.
/// </summary>
/// <param name="outerKey">Of the gate secret.</param>
/// <param name="sockets">Raw, IPv4 and IPv6, opened by somebody who may; the warden itself could not. Where there are none, nothing is sent.</param>
internal sealed class ReceiptPost(OuterKey outerKey, ImmutableArray<Socket> sockets)
{
    private const int HeaderSize = 8;

    /// <summary>Whether it left. It may be lost, here or on the way; the client does not need it.</summary>
    public bool TrySend(in Report report, in Verdict verdict, Moment now)
    {
        if (!verdict.ReceiptDue || report.UdpPort == 0 || SignedRequest.Read(report.Request.Span, out var request) != Refusal.None)
            return false;
        var address = request.Address == Address.None ? report.Source : request.Address;
        Span<byte> chance = stackalloc byte[ReceiptWriter.ChanceSize];
        RandomNumberGenerator.Fill(chance);
        return ReceiptWriter.TryWrite(ReceiptOf(verdict, request.Close, request.Time, address, now), outerKey, verdict.ReceiptKey.Span, chance, out var packet)
            && TrySend(report, packet);
    }

    private static Receipt ReceiptOf(in Verdict verdict, bool isClose, ulong time, Address address, Moment now)
    {
        var outcome = verdict.Refusal != Refusal.None ? ReceiptOutcome.Refused : isClose ? ReceiptOutcome.Closed : ReceiptOutcome.Granted;
        var ends = verdict.Outcomes.Where(o => o.Until is not null).Min(o => o.Until);
        return new(outcome, time, (ulong)(now.Wall - DateTimeOffset.UnixEpoch).Ticks * 100, address)
        {
            SecondsLeft = outcome == ReceiptOutcome.Granted && ends is { } end ? (uint)Math.Max(1, Math.Ceiling((end - now.Wall).TotalSeconds)) : 0,
            Word = outcome == ReceiptOutcome.Refused ? verdict.Refusal.Word() : "",
        };
    }

    private bool TrySend(in Report report, ReadOnlySpan<byte> payload)
    {
        var (from, to) = (report.Destination.ToIPAddress(), report.Source.ToIPAddress());
        Span<byte> datagram = stackalloc byte[HeaderSize + payload.Length];
        BinaryPrimitives.WriteUInt16BigEndian(datagram, report.UdpPort);
        BinaryPrimitives.WriteUInt16BigEndian(datagram[2..], report.SourcePort);
        BinaryPrimitives.WriteUInt16BigEndian(datagram[4..], (ushort)datagram.Length);
        datagram[6..HeaderSize].Clear();
        payload.CopyTo(datagram[HeaderSize..]);
        BinaryPrimitives.WriteUInt16BigEndian(datagram[6..], Checksum(report.Destination, report.Source, datagram));
        if (sockets.FirstOrDefault(s => s.AddressFamily == to.AddressFamily) is not { } socket)
            return false;
        try
        {
            socket.Bind(new IPEndPoint(from, 0));
            socket.SendTo(datagram, SocketFlags.None, new IPEndPoint(to, 0));
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    /// <summary>RFC 768, and RFC 8200 §8.1 for IPv6, whose pseudo-header sums up to the same: addresses, protocol, length.</summary>
    internal static ushort Checksum(Address from, Address to, ReadOnlySpan<byte> datagram)
    {
        Span<byte> addresses = stackalloc byte[2 * Address.Size];
        from.Write(addresses);
        to.Write(addresses[Address.Size..]);
        if (from.IsV4)
        {
            addresses[..12].Clear(); // the mapped form adds nothing
            addresses.Slice(Address.Size, 12).Clear();
        }

        var sum = (uint)ProtocolType.Udp + (uint)datagram.Length + Sum(addresses) + Sum(datagram);
        while (sum >> 16 != 0)
            sum = (sum & 0xffff) + (sum >> 16);
        return sum == 0xffff ? (ushort)0xffff : (ushort)~sum; // a sum that comes to zero is sent as ones
    }

    private static uint Sum(ReadOnlySpan<byte> bytes)
    {
        uint sum = 0;
        for (; bytes.Length >= 2; bytes = bytes[2..])
            sum += BinaryPrimitives.ReadUInt16BigEndian(bytes);
        return bytes.Length == 1 ? sum + ((uint)bytes[0] << 8) : sum;
    }
}
