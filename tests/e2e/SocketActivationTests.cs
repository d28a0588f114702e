using System.Net;
using System.Net.Sockets;
using Postern.Tests;

namespace Postern.EndToEnd.Tests;

/// <summary>A gate whose UDP socket was bound before it, as by a unit of systemd's: the first packet wakes it.</summary>
public sealed class SocketActivationTests
{
    [Fact]
    public void A_packet_that_waited_while_the_gate_was_not_there_yet_opens_the_port()
    {
        Needs.Program("systemd-socket-activate");
        using var house = new SpaHouse(gate: "  capture: udp\n");
        house.House.ServeTcp(22);
        house.House.Kill(Signal.Terminate);
        var packet = house.Packet("knock", "gate", "ssh");
        using var over = new CancellationTokenSource();
        var sender = Task.Run(async () =>
        {
            using var socket = house.House.Client.Enter(() => new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp));
            while (!over.IsCancellationRequested)
            {
                await socket.SendToAsync(packet, new IPEndPoint(IPAddress.Parse(GateHouse.Gate4), 62201));
                await Task.Delay(100);
            }
        });
        house.House.Start("systemd-socket-activate", "--datagram", "--listen=62201");
        over.Cancel();
        GateHouse.Until(() => house.House.IsOpen(GateHouse.Gate4), "the port to open");
        Assert.Equal("udp", house.House.Ask("status").GetProperty("capture").GetString());
        _ = sender.Wait(1000);
    }
}
