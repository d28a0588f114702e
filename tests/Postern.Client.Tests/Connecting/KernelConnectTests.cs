using System.IO.Pipes;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Postern.Client.Connecting;
using Postern.Client.Tests.Spa;
using Postern.Knocks.Sequences;

namespace Postern.Client.Tests.Connecting;

/// <summary>A connection from the very port that was knocked for, against rules in a real kernel.</summary>
public sealed class KernelConnectTests(ITestOutputHelper log)
{
    /// <summary>Opens to an address and a source port for the rest of the test, as a gate does.</summary>
    private const string Rules = "tcp dport 22 ip saddr . tcp sport @open accept; tcp dport 22 ip6 saddr . tcp sport @open6 accept; tcp dport 22 drop;";

    private static void Prepare(Street street) => street.Gate.Run("nft",
        "table inet t { set open { type ipv4_addr . inet_service; }; set open6 { type ipv6_addr . inet_service; }; chain in { type filter hook input priority 0; " + Rules + " }; }");

    /// <summary>A gate of a few lines: opens what is asked for, so many milliseconds late.</summary>
    private static Task<OpenedRequest> ServeAsync(Street street, SpaGateway gateway, Func<OpenedRequest, ushort> port, int delay, int requests = 1) => Task.Run(async () =>
    {
        using var socket = street.Gate.Enter(() => new Socket(AddressFamily.InterNetworkV6, SocketType.Dgram, ProtocolType.Udp) { DualMode = true });
        socket.Bind(new IPEndPoint(IPAddress.IPv6Any, 62_201));
        var buffer = new byte[1500];
        OpenedRequest? last = null;
        for (var seen = 0; seen < requests;)
        {
            var come = await socket.ReceiveFromAsync(buffer, new IPEndPoint(IPAddress.IPv6Any, 0), TestContext.Current.CancellationToken);
            var request = gateway.Open(buffer.AsMemory(0, come.ReceivedBytes));
            if (request.Time == last?.Time)
                continue;
            (last, seen) = (request, seen + 1);
            await Task.Delay(delay);
            var address = ((IPEndPoint)come.RemoteEndPoint).Address;
            var (set, text) = address.IsIPv4MappedToIPv6 ? ("open", address.MapToIPv4().ToString()) : ("open6", address.ToString());
            street.Gate.Run("nft", $"add element inet t {set} {{ {text} . {port(request)} }}");
        }

        return last!;
    });

    private static Task<(Socket? Connection, KnockResult Result)> Connect(Street street, SpaGateway gateway, TimeSpan timeout, params IPAddress[] targets) =>
        street.AtClient(() => Connector.ConnectAsync(
            new([.. targets], 22, local => new Postern.Client.Spa.SpaKnock(new(gateway.Gate, new(["ssh"]), gateway.Signer, gateway.Device), SpaGateway.Parse("udp/62201")) { SourcePortFor = local }) { Timeout = timeout },
            null, TestContext.Current.CancellationToken));

    [Theory(Timeout = 60_000)]
    [InlineData(false, 0)]
    [InlineData(true, 0)]
    [InlineData(false, 150)]
    [InlineData(false, 1_200)]
    public async Task It_connects_from_the_port_that_it_asked_for_however_late_the_gate_is(bool v6, int delay)
    {
        using var street = new Street();
        using var gateway = new SpaGateway();
        Prepare(street);
        using var ssh = street.Listen(22);
        var serving = ServeAsync(street, gateway, r => r.SourcePort, delay);
        var (connection, result) = await Connect(street, gateway, TimeSpan.FromSeconds(20), v6 ? Street.Gate6 : Street.Gate4);
        using (connection)
        {
            log.WriteLine($"gate {delay} ms late: connected after {result.Elapsed.TotalMilliseconds:0.0} ms, {result.Rounds} rounds");
            Assert.Equal(KnockOutcome.Done, result.Outcome);
            var request = await serving;
            Assert.NotEqual(0, request.SourcePort);
            Assert.Equal(request.SourcePort, ((IPEndPoint)connection!.LocalEndPoint!).Port);
            using var guest = await ssh.AcceptAsync(TestContext.Current.CancellationToken);
            Assert.Equal(request.SourcePort, ((IPEndPoint)guest.RemoteEndPoint!).Port);
        }
    }

    [Fact(Timeout = 60_000)]
    public async Task A_gate_that_answers_with_resets_until_it_opens_is_no_hindrance()
    {
        using var street = new Street();
        using var gateway = new SpaGateway();
        street.Gate.Run("nft", "table inet t { set open { type ipv4_addr . inet_service; }; set open6 { type ipv6_addr . inet_service; }; chain in { type filter hook input priority 0; " + Rules.Replace("drop", "reject with tcp reset", StringComparison.Ordinal) + " }; }");
        using var ssh = street.Listen(22);
        var serving = ServeAsync(street, gateway, r => r.SourcePort, delay: 300);
        var (connection, result) = await Connect(street, gateway, TimeSpan.FromSeconds(20), Street.Gate4);
        await serving;
        Assert.NotNull(connection);
        Assert.Equal(1, result.Rounds is 1 or 2 ? 1 : result.Rounds);
        connection.Dispose();
    }

    [Fact(Timeout = 60_000)]
    public async Task Of_two_families_one_connection_is_left()
    {
        using var street = new Street();
        using var gateway = new SpaGateway();
        Prepare(street);
        using var ssh = street.Listen(22);
        _ = ServeAsync(street, gateway, r => r.SourcePort, delay: 0, requests: 2); // the second may be called off before it is asked for
        var (connection, result) = await Connect(street, gateway, TimeSpan.FromSeconds(20), Street.Gate4, Street.Gate6);
        using (connection)
        {
            Assert.NotNull(connection);
            Assert.Equal(result.Target, ((IPEndPoint)connection.RemoteEndPoint!).Address);
        }
    }

    [Fact(Timeout = 60_000)]
    public async Task A_grant_for_another_port_is_of_no_use_and_it_gives_up_in_time()
    {
        using var street = new Street();
        using var gateway = new SpaGateway();
        Prepare(street);
        using var ssh = street.Listen(22);
        var serving = ServeAsync(street, gateway, r => (ushort)(r.SourcePort ^ 1), delay: 0);
        var (connection, result) = await Connect(street, gateway, TimeSpan.FromSeconds(1), Street.Gate4);
        await serving;
        Assert.Null(connection);
        Assert.Equal((KnockOutcome.NotDone, PortAnswer.None), (result.Outcome, result.Answer));
    }

    [Fact(Timeout = 60_000)]
    public async Task An_attempt_is_not_replaced_while_its_answer_may_be_under_way()
    {
        using var street = new Street();
        Prepare(street);
        using var capture = new Capture(street.Gate, "tcp");
        var (connection, _) = await street.AtClient(() => Connector.ConnectAsync(
            new([Street.Gate4], 22, _ => new SequenceKnock([new(StepKind.Udp, 9, 9)])) { Timeout = TimeSpan.FromSeconds(1.5) }, null, TestContext.Current.CancellationToken));
        Assert.Null(connection);
        var syns = capture.FromClient().FindAll(p => p.What == "tcp/22 S");
        Assert.Single(syns.Select(p => p.Source).Distinct(StringComparer.Ordinal));
        Assert.InRange(syns.Count, 2, 3);
        Assert.All(syns.Zip(syns.Skip(1)), pair => Assert.InRange(pair.Second.Time - pair.First.Time, 0.37, 10));
    }

    [Fact(Timeout = 60_000)]
    public async Task Both_ways_carry_all_bytes_and_each_ends_by_itself()
    {
        const int Size = 64 << 20;
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        using var connection = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await connection.ConnectAsync(listener.LocalEndPoint!);
        using var service = await listener.AcceptAsync();

        using var input = new AnonymousPipeServerStream(PipeDirection.Out);
        using var inputEnd = new AnonymousPipeClientStream(PipeDirection.In, input.ClientSafePipeHandle);
        using var output = new AnonymousPipeServerStream(PipeDirection.In);
        var outputEnd = new AnonymousPipeClientStream(PipeDirection.Out, output.ClientSafePipeHandle);
        var relay = Relay.RunAsync(connection, inputEnd, outputEnd, outputEnd.Dispose, endWithConnection: false);

        var up = RandomNumberGenerator.GetBytes(Size);
        var down = RandomNumberGenerator.GetBytes(Size);
        var typed = Task.Run(() =>
        {
            input.Write(up);
            input.Dispose(); // the client has said all, and still listens
        });
        var served = Task.Run(() =>
        {
            var heard = ReadAll(new NetworkStream(service)); // to the end of it
            new NetworkStream(service).Write(down);
            service.Shutdown(SocketShutdown.Both);
            return SHA256.HashData(heard);
        });
        var read = Task.Run(() => SHA256.HashData(ReadAll(output)));
        await typed;
        Assert.Equal(SHA256.HashData(up), await served);
        Assert.Equal(SHA256.HashData(down), await read);
        Assert.True(await relay);
    }

    [Fact(Timeout = 60_000)]
    public async Task The_other_side_may_end_first_and_is_still_spoken_to()
    {
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        using var connection = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await connection.ConnectAsync(listener.LocalEndPoint!);
        using var service = await listener.AcceptAsync();
        using var input = new AnonymousPipeServerStream(PipeDirection.Out);
        using var inputEnd = new AnonymousPipeClientStream(PipeDirection.In, input.ClientSafePipeHandle);
        using var output = new MemoryStream();
        var relay = Relay.RunAsync(connection, inputEnd, output, output.Dispose, endWithConnection: false);

        await using var heard = new NetworkStream(service);
        service.Shutdown(SocketShutdown.Send);
        await Task.Delay(300);
        Assert.False(relay.IsCompleted);
        Assert.False(output.CanWrite); // its end was passed on
        input.Write("still here"u8);
        input.Dispose();
        Assert.Equal("still here"u8.ToArray(), ReadAll(heard));
        Assert.True(await relay);
    }

    [Fact(Timeout = 60_000)]
    public async Task A_connection_that_breaks_ends_it_whatever_the_input_does()
    {
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        using var connection = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await connection.ConnectAsync(listener.LocalEndPoint!);
        var service = await listener.AcceptAsync();
        using var input = new AnonymousPipeServerStream(PipeDirection.Out);
        using var inputEnd = new AnonymousPipeClientStream(PipeDirection.In, input.ClientSafePipeHandle);
        var relay = Relay.RunAsync(connection, inputEnd, new MemoryStream(), static () => { }, endWithConnection: false);
        service.LingerState = new(enable: true, seconds: 0);
        service.Dispose();
        Assert.False(await relay.WaitAsync(TimeSpan.FromSeconds(20)));
        input.Dispose(); // the thread that still waits for it
    }

    private static byte[] ReadAll(Stream stream)
    {
        using var all = new MemoryStream();
        stream.CopyTo(all);
        return all.ToArray();
    }
}
