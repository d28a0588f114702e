using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Postern.Cli.Tests.Profiles;
using Postern.Knocks.Spa;
using Postern.Reports;
using Postern.Reports.Spa;
using Postern.Tests;

namespace Postern.Cli.Tests;

/// <summary>`postern connect` as ssh's ProxyCommand runs it: pipes, ends, exit codes, and how fast it carries.</summary>
public sealed class ConnectProcessTests(ITestOutputHelper log) : IDisposable
{
    private readonly UserHome _user = new();
    private readonly CancellationTokenSource _end = new();

    private (NetworkNamespace Client, NetworkNamespace Gate) Network(bool opens = true)
    {
        var (client, gate) = NetworkNamespace.Pair();
        gate.Run("nft", "table inet t { set open { type ipv4_addr . inet_service; }; chain in { type filter hook input priority 0; tcp dport 22 ip saddr . tcp sport @open accept; tcp dport 22 drop; }; }");
        client.Run("ping", "-q", "-i", "0.05", "-c", "1", "-w", "10", NetworkNamespace.Right4);
        if (opens)
            _ = Task.Run(() => ServeAsync(gate));
        Assert.Equal(0, _user.PosternTold(_user.Invitation(host: NetworkNamespace.Right4), "profile", "add", "-").Code);
        _user.MakeKey();
        return (client, gate);
    }

    /// <summary>A gate of a few lines.</summary>
    private async Task ServeAsync(NetworkNamespace gate)
    {
        using var socket = gate.Enter(() => new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp));
        socket.Bind(new IPEndPoint(IPAddress.Any, 62_201));
        using var outer = _user.Secret.DeriveOuterKey();
        var reader = new SpaReader(outer, _user.GateKey);
        var buffer = new byte[1500];
        while (true)
        {
            var come = await socket.ReceiveFromAsync(buffer, new IPEndPoint(IPAddress.Any, 0), _end.Token);
            if (reader.OpenOuter(buffer.AsSpan(0, come.ReceivedBytes), out var box) == Refusal.None && reader.Open(box, out var whole) == Refusal.None)
                gate.Run("nft", $"add element inet t open {{ {((IPEndPoint)come.RemoteEndPoint).Address} . {PortOf(whole)} }}");
        }
    }

    private static ushort PortOf(ReadOnlyMemory<byte> whole)
    {
        SignedRequest.Read(whole.Span, out var request);
        return request.SourcePort;
    }

    private static Socket Listen(NetworkNamespace gate, int port)
    {
        var socket = gate.Enter(() => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp));
        socket.Bind(new IPEndPoint(IPAddress.Any, port));
        socket.Listen();
        return socket;
    }

    [Fact(Timeout = 120_000)]
    public async Task The_end_of_each_way_is_passed_on_while_the_other_goes_on()
    {
        var (client, gate) = Network();
        using var left = client;
        using var right = gate;
        using var service = Listen(gate, 22);
        using var process = _user.StartPosternIn(client, "connect", "home", "22");
        using var guest = await service.AcceptAsync(TestContext.Current.CancellationToken);
        await using var stream = new NetworkStream(guest);
        await stream.WriteAsync("SSH-2.0-test\r\n"u8.ToArray());
        Assert.Equal("SSH-2.0-test", await process.StandardOutput.ReadLineAsync());

        guest.Shutdown(SocketShutdown.Send); // the service has said all: whoever reads us must see that, although he has not said all
        Assert.Null(await process.StandardOutput.ReadLineAsync());
        await process.StandardInput.WriteAsync("and on\n");
        process.StandardInput.Close();
        using var text = new StreamReader(stream);
        Assert.Equal("and on\n", await text.ReadToEndAsync());
        Assert.True(process.WaitForExit(TimeSpan.FromSeconds(20)));
        Assert.Equal((0, ""), (process.ExitCode, await process.StandardError.ReadToEndAsync()));
    }

    [Fact(Timeout = 120_000)]
    public async Task Where_nothing_opens_it_says_so_on_standard_error_and_fails()
    {
        await Task.Yield();
        var (client, gate) = Network(opens: false);
        using var left = client;
        using var right = gate;
        using var process = _user.StartPosternIn(client, "connect", NetworkNamespace.Right4, "22", "--timeout", "1s");
        var error = await process.StandardError.ReadToEndAsync();
        Assert.Empty(await process.StandardOutput.ReadToEndAsync());
        Assert.True(process.WaitForExit(TimeSpan.FromSeconds(20)));
        Assert.Equal(1, process.ExitCode);
        CommandLineFrameTests.AssertTwoLines(error, "no connection to port 22 of 10.77.0.2", "--any-port");
    }

    /// <summary>1 GiB each way where POSTERN_MEASURE is set, beside nc over the same cable; otherwise little, and only that nothing is lost.</summary>
    [Fact(Timeout = 300_000)]
    public async Task All_bytes_arrive_both_ways()
    {
        var measure = Environment.GetEnvironmentVariable("POSTERN_MEASURE") is "1";
        var size = measure ? 1L << 30 : 48L << 20;
        var (client, gate) = Network();
        using var left = client;
        using var right = gate;
        var file = Path.Combine(_user.Folder, "data");
        var hash = WriteData(file, size);
        using var service = Listen(gate, 22);
        using var plain = Listen(gate, 23);

        foreach (var (who, command) in (IEnumerable<(string, string)>)[
            ("postern", $"dotnet '{Path.Combine(AppContext.BaseDirectory, "postern.dll")}' connect home 22"),
            .. measure ? [("nc", $"nc -N {NetworkNamespace.Right4} 23"), ("postern", $"dotnet '{Path.Combine(AppContext.BaseDirectory, "postern.dll")}' connect home 22"), ("nc", $"nc -N {NetworkNamespace.Right4} 23")] : Array.Empty<(string, string)>()])
        {
            var listener = who == "nc" ? plain : service;
            using var process = Shell(client, $"cat '{file}' | {command} | sha256sum");
            using var guest = await listener.AcceptAsync(TestContext.Current.CancellationToken);
            var clock = Stopwatch.StartNew();
            Assert.Equal(hash, Drain(guest));
            var up = clock.Elapsed;
            clock.Restart();
            guest.SendFile(file);
            guest.Shutdown(SocketShutdown.Both);
            var output = await process.StandardOutput.ReadToEndAsync();
            Assert.Equal(hash, output.Split(' ')[0]);
            log.WriteLine($"{who}: up {size / up.TotalSeconds / 1e6:0} MB/s, down with sha256sum {size / clock.Elapsed.TotalSeconds / 1e6:0} MB/s");
        }
    }

    private Process Shell(NetworkNamespace space, string line)
    {
        var start = new ProcessStartInfo("ip", ["netns", "exec", space.Name, "sh", "-c", line]) { RedirectStandardOutput = true, UseShellExecute = false };
        start.Environment["HOME"] = _user.Folder;
        start.Environment.Remove("SSH_AUTH_SOCK");
        return Process.Start(start)!;
    }

    private static string WriteData(string file, long size)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        using var stream = File.Create(file);
        var block = RandomNumberGenerator.GetBytes(1 << 20);
        for (long i = 0; i < size >> 20; i++)
        {
            BitConverter.TryWriteBytes(block, i);
            stream.Write(block);
            hash.AppendData(block);
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private static string Drain(Socket socket)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = new byte[1 << 20];
        while (socket.Receive(buffer) is var length && length > 0)
            hash.AppendData(buffer, 0, length);
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    public void Dispose()
    {
        _end.Cancel();
        _end.Dispose();
        _user.Dispose();
    }
}
