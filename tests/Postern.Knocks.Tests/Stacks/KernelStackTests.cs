using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Postern.Knocks.Stacks;
using Postern.Packets;
using Postern.Reports;
using Postern.Tests;

namespace Postern.Knocks.Tests.Stacks;

/// <summary>What this machine's own stack, nmap and hping3 really send.</summary>
public sealed class KernelStackTests : IDisposable
{
    private readonly NetworkNamespace _client;
    private readonly NetworkNamespace _gate;

    public KernelStackTests()
    {
        Needs.Root();
        (_client, _gate) = NetworkNamespace.Pair();
    }

    [Fact]
    public void The_kernels_own_segments_are_of_Linux_however_it_is_set() =>
        Assert.All(Watch(() =>
        {
            Connect(NetworkNamespace.Right4, 7001);
            Connect(NetworkNamespace.Right6, 7002);
            _client.Run("sysctl", "-qw", "net.ipv4.tcp_timestamps=0");
            Connect(NetworkNamespace.Right4, 7003);
            Connect(NetworkNamespace.Right6, 7004);
            _client.Run("sysctl", "-qw", "net.ipv4.tcp_timestamps=1", "net.ipv4.tcp_ecn=1");
            Connect(NetworkNamespace.Right4, 7005);
            _client.Run("ip", "link", "set", NetworkNamespace.Interface, "mtu", "1400");
            Connect(NetworkNamespace.Right4, 7006);
        }, 7001, 7002, 7003, 7004, 7005, 7006), stack => Assert.Equal(ClientStack.Linux, stack.Value));

    [Fact]
    public void With_the_buffers_of_Android_it_is_taken_for_one()
    {
        var seen = Watch(() =>
        {
            _client.Run("sysctl", "-qw", "net.ipv4.tcp_rmem=524288 1048576 4194304");
            Connect(NetworkNamespace.Right4, 7001);
        }, 7001);
        Assert.Equal(ClientStack.Android, seen[7001]);
    }

    [Fact]
    public void Nmap_is_told_from_the_stack_that_it_runs_on()
    {
        Needs.Program("nmap");
        var seen = Watch(() =>
        {
            _client.Run("nmap", "-n", "-Pn", "-sS", "-p", "7001", NetworkNamespace.Right4);
            _client.Run("nmap", "-n", "-Pn", "-6", "-sS", "-p", "7002", NetworkNamespace.Right6);
            _client.Run("nmap", "-n", "-Pn", "-sT", "-p", "7003", NetworkNamespace.Right4);
        }, 7001, 7002, 7003);
        Assert.Equal((ClientStack.Nmap, ClientStack.Nmap, ClientStack.Linux), (seen[7001], seen[7002], seen[7003]));
    }

    [Fact]
    public void Every_first_segment_of_nmaps_look_at_the_system_is_its_own()
    {
        Needs.Program("nmap");
        using var listener = _gate.Enter(() => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp));
        listener.Bind(new IPEndPoint(IPAddress.Any, 7001));
        listener.Listen();
        var all = new ConcurrentBag<ClientStack>();
        _ = Watch(() => _client.Run("nmap", "-n", "-Pn", "-sS", "-O", "--max-os-tries", "1", "-p", "7001,7002", NetworkNamespace.Right4), all, 7001, 7002);
        Assert.True(all.Count >= 9, $"{all.Count} segments"); // two of the scan, six and one to the open port, one to the closed one
        Assert.All(all, stack => Assert.Equal(ClientStack.Nmap, stack));
    }

    [Fact]
    public void Hping3_is_told_from_the_stack_that_it_runs_on()
    {
        Needs.Program("hping3");
        var seen = Watch(() =>
        {
            _client.TryRun("hping3", "-S", "-c", "1", "-p", "7001", NetworkNamespace.Right4);
            _client.TryRun("hping3", "-S", "-c", "1", "-p", "7002", "-w", "31572", "-L", "3096526092", NetworkNamespace.Right4);
        }, 7001, 7002);
        Assert.Equal((ClientStack.Hping3, ClientStack.Hping3), (seen[7001], seen[7002]));
    }

    public void Dispose()
    {
        _client.Dispose();
        _gate.Dispose();
    }

    private void Connect(string host, int port)
    {
        var address = IPAddress.Parse(host);
        using var socket = _client.Enter(() => new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp));
        Assert.Throws<SocketException>(() => socket.Connect(address, port)); // nobody listens
    }

    private Dictionary<int, ClientStack> Watch(Action act, params int[] ports) => Watch(act, [], ports);

    /// <summary>What the first segments looked like that came to these ports, at least one to each.</summary>
    private Dictionary<int, ClientStack> Watch(Action act, ConcurrentBag<ClientStack> all, params int[] ports)
    {
        var seen = new ConcurrentDictionary<int, ClientStack>();
        using var ring = _gate.Enter(() => PacketRing.Open(new() { TcpPorts = [new((ushort)ports.Min(), (ushort)ports.Max())] }, [], RingSize.Default));
        var reader = new Thread(() =>
        {
            while (ring.TryRead(out var captured))
            {
                if (PacketView.TryRead(captured.Bytes, captured.Link, out var packet) != PacketFault.None || !SynView.TryRead(packet, out _))
                    continue;
                var stack = StackSignatures.Tell(packet);
                all.Add(stack);
                seen.TryAdd(packet.DestinationPort, stack);
            }
        });
        reader.Start();
        act();
        Assert.True(SpinWait.SpinUntil(() => ports.All(seen.ContainsKey), TimeSpan.FromSeconds(20)), $"seen: {string.Join(", ", seen)}");
        ring.Stop();
        reader.Join();
        return new(seen);
    }
}
