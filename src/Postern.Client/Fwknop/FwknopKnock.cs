using System.Net;
using System.Net.Sockets;
using Postern.Knocks.Fwknop;
using Postern.Knocks.Sequences;
using Postern.Reports;

namespace Postern.Client.Fwknop;

/// <summary>A knock at a server of fwknop: every round is one packet, made anew. IPv4 only, as fwknop is.</summary>
public sealed class FwknopKnock(FwknopScribe scribe, FwknopPath path) : IKnockMethod
{
    /// <summary>Who is to come in, knocking at this address; null: the source of the packet.</summary>
    public Func<IPAddress, CancellationToken, Task<Address>>? AddressFor { get; init; }

    /// <summary>The server as the user named it, for HTTP; null: its address.</summary>
    public string? Host { get; init; }

    public int Packets => 1;

    public TimeSpan? Gap => null;

    public bool IsOnce => false;

    public bool IsAnswered => false;

    public async Task<KnockLetter> WriteAsync(IPAddress target, KnockRound round, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(target);
        if (target.AddressFamily != AddressFamily.InterNetwork)
            throw new KnockException(KnockFault.Unsupported, $"{target} is an IPv6 address, and fwknop knows IPv4 only", "knock with -4, or let a gate of ours answer there (method spa)");
        if (path.Transport is FwknopTransport.TcpRaw or FwknopTransport.Icmp && PacketSender.WhyNot(Kind, target.AddressFamily) is { } fault)
            throw fault;
        var allow = AddressFor is null ? Address.None : await AddressFor(target, cancellation);
        var packet = scribe.Write(allow).Packet;
        var payload = path.Transport == FwknopTransport.Http ? FwknopHttp.Wrap(packet.Span, Host ?? target.ToString()) : packet;
        var value = path.Transport == FwknopTransport.Icmp ? (ushort)payload.Length : path.Port;
        return new([new KnockMessage(new(Kind, value, TimeSpan.Zero), payload) { IsStream = path.Transport is FwknopTransport.Tcp or FwknopTransport.Http }])
        {
            SourcePort = path.SourcePort,
        };
    }

    private StepKind Kind => path.Transport switch
    {
        FwknopTransport.Udp or FwknopTransport.UdpRaw => StepKind.Udp,
        FwknopTransport.Icmp => StepKind.Echo,
        _ => StepKind.Tcp,
    };
}
