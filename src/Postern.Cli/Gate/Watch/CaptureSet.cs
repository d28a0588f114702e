using System.Collections.Immutable;
using Postern.Cli.Configuration;
using Postern.Confinement;
using Postern.Packets;
using Postern.Sentry;

namespace Postern.Cli.Gate.Watch;

/// <summary>
/// The sockets that one sentry after another reads from. The warden keeps them open, so that what arrives between a sentry's death and the next
/// one's first look is in the kernel's ring and not lost.
/// </summary>
internal sealed class CaptureSet(ImmutableArray<Descriptor> sockets, RingSize? ring, SourceKind source = SourceKind.Datagrams) : IDisposable
{
    public ImmutableArray<Descriptor> Sockets => sockets;

    /// <summary>Null: no packet socket, but what <see cref="Source"/> says.</summary>
    public RingSize? Ring => ring;

    public SourceKind Source => source;

    /// <exception cref="CaptureException">The kernel refuses, or whoever may ask it.</exception>
    public static CaptureSet Open(GateConfiguration configuration, SentryOptions options, StewardLink steward)
    {
        if (configuration.Capture.Way == CaptureWay.Udp)
            return new(OpenUdp(configuration, steward), null);
        if (configuration.Capture.Way == CaptureWay.Nflog)
            return new([Descriptor.Adopt(NflogSocket.Open(configuration.Capture.Group))], null, SourceKind.Copies);
        if (configuration.Capture.IsLog)
            return new([steward.WantLog()], null, SourceKind.Lines);
        var filter = options.Filter();
        var ring = RingSize.For(filter);
        var socket = steward.WantPacketSocket(filter.KeepsWholePackets);
        try
        {
            CaptureSocket.Prepare(socket.Number, filter);
            return new([socket], ring);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static ImmutableArray<Descriptor> OpenUdp(GateConfiguration configuration, StewardLink steward)
    {
        var sockets = new List<Descriptor>();
        try
        {
            foreach (var port in configuration.DatagramPorts.SelectMany(p => Enumerable.Range(p.First, p.Count)).Distinct())
                sockets.Add(steward.WantUdpSocket((ushort)port));
            return [.. sockets];
        }
        catch
        {
            sockets.ForEach(s => s.Dispose());
            throw;
        }
    }

    public void Dispose()
    {
        foreach (var socket in sockets)
            socket.Dispose();
    }
}
