using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using Postern.Tests;

namespace Postern.EndToEnd.Tests;

/// <summary>A gate and a client on one cable: the executable as it is built, the real kernel between them.</summary>
internal sealed partial class GateHouse : IDisposable
{
    public const string Gate4 = NetworkNamespace.Left4;
    public const string Gate6 = NetworkNamespace.Left6;
    public const string Client4 = NetworkNamespace.Right4;
    public const string Client6 = NetworkNamespace.Right6;

    public const string Configuration = """
        services:
          ssh:
            ports: [tcp/22, udp/22]
            open_for: 3s
        knocks:
          office:
            method: sequence
            sequence: [tcp/7000, udp/8000, tcp/9000]
            opens: [ssh]
          leave:
            method: sequence
            sequence: [tcp/9001, udp/8001, tcp/7001]
            closes: [ssh]
        """;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    /// <summary>Three processes start one after the other, on a machine that may be busy.</summary>
    private static readonly TimeSpan StartPatience = TimeSpan.FromSeconds(60);

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("postern-test-");
    private readonly StringBuilder _log = new();
    private readonly List<IDisposable> _services = [];
    private readonly string _program;
    private Process? _gate;
    private int _ready;

    /// <param name="configuration">All of it but the socket; null: <see cref="Configuration"/>.</param>
    /// <param name="start">Or <see cref="Start"/> is called later.</param>
    /// <param name="program">The gate, where it is not <see cref="Postern"/>.</param>
    public GateHouse(string? configuration = null, bool start = true, string? program = null)
    {
        _program = program ?? Postern;
        (Gate, Client) = NetworkNamespace.Pair();
        foreach (var address in new[] { Gate4, Gate6 })
            Client.Run("ping", "-q", "-i", "0.05", "-c", "1", "-w", "10", address);
        Write(configuration ?? Configuration);
        if (start)
            Start();
    }

    public NetworkNamespace Gate { get; }

    public NetworkNamespace Client { get; }

    public static string Root { get; } = FindRoot();

    public static string Postern { get; } = FindExecutable();

    public string ConfigurationFile => Path.Combine(_folder.FullName, "postern.yaml");

    public string Socket => Path.Combine(_folder.FullName, "control.sock");

    public int Pid => _gate!.Id;

    public string Log
    {
        get
        {
            lock (_log)
                return _log.ToString();
        }
    }

    public void Write(string configuration, string gate = "")
    {
        File.WriteAllText(ConfigurationFile, $"gate:\n  control_socket: {Socket}\n{gate}{configuration}\n");
        File.SetUnixFileMode(ConfigurationFile, UnixFileMode.UserRead | UnixFileMode.UserWrite);
    }

    /// <param name="through">A program that starts the gate in its own stead, as env(1) does.</param>
    public void Start(params string[] through)
    {
        var before = Volatile.Read(ref _ready);
        string[] command = [.. through, _program, "gate", "--config", ConfigurationFile];
        _gate = Gate.Start(command[0], command[1..]);
        _gate.OutputDataReceived += Note;
        _gate.ErrorDataReceived += Note;
        _gate.BeginOutputReadLine();
        _gate.BeginErrorReadLine();
        Until(() => Volatile.Read(ref _ready) > before || _gate.HasExited, "the gate to be ready", StartPatience);
        Assert.False(_gate.HasExited, Log);
    }

    /// <summary>Of a gate that is expected to end by itself: its exit code and what it said.</summary>
    public (int Code, string Output) RunToEnd(params string[] command)
    {
        using var process = Gate.Start(command[0], command[1..]);
        var (output, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        if (!process.WaitForExit(Patience))
            process.Kill(entireProcessTree: true);
        process.WaitForExit();
        return (process.ExitCode, output.Result + error.Result);
    }

    public (int Code, string Output) Command(params string[] command) => RunToEnd([Postern, .. command, "--socket", Socket]);

    public JsonElement Ask(string verb)
    {
        var (code, output) = Command(verb, "--json");
        Assert.True(code == 0, output);
        return JsonDocument.Parse(output).RootElement;
    }

    public int GrantCount => Ask("grants").GetArrayLength();

    public void Kill(int signal)
    {
        Send(_gate!.Id, signal);
        if (signal != Signal.HangUp)
        {
            Assert.True(_gate.WaitForExit(Patience), "the gate did not end");
            _gate.WaitForExit(); // its last lines
        }
    }

    public static void Send(int pid, int signal) => Assert.Equal(0, SendSignal(pid, signal));

    public int ExitCode => _gate!.ExitCode;

    public bool IsRunning => _gate is { HasExited: false };

    /// <summary>Lets the client knock with a program of its own, one argument list a call.</summary>
    public void Knock(string program, params string[] arguments) => Client.Run(program, arguments);

    public (int Code, string Output) FromClient(params string[] command)
    {
        using var process = Client.Start(command[0], command[1..]);
        var (output, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        if (!process.WaitForExit(Patience))
            process.Kill(entireProcessTree: true);
        process.WaitForExit();
        return (process.ExitCode, output.Result + error.Result);
    }

    /// <summary>A TCP service in the gate's namespace that greets and then echoes.</summary>
    public void ServeTcp(int port)
    {
        var listener = Gate.Enter(() => new Socket(AddressFamily.InterNetworkV6, SocketType.Stream, ProtocolType.Tcp) { DualMode = true });
        listener.Bind(new IPEndPoint(IPAddress.IPv6Any, port));
        listener.Listen(64);
        _services.Add(listener);
        _ = AcceptAsync(listener);
    }

    /// <summary>A UDP service that echoes.</summary>
    public void ServeUdp(int port)
    {
        var socket = Gate.Enter(() => new Socket(AddressFamily.InterNetworkV6, SocketType.Dgram, ProtocolType.Udp) { DualMode = true });
        socket.Bind(new IPEndPoint(IPAddress.IPv6Any, port));
        _services.Add(socket);
        _ = EchoAsync(socket);
    }

    /// <summary>Null where nothing answers in so many milliseconds, or it is refused.</summary>
    public Socket? TryConnect(string host, int port, int milliseconds = 300, string? from = null)
    {
        var address = IPAddress.Parse(host);
        var socket = Client.Enter(() => new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp));
        try
        {
            if (from is not null)
                socket.Bind(new IPEndPoint(IPAddress.Parse(from), 0));
            using var patience = new CancellationTokenSource(milliseconds);
            socket.ConnectAsync(new IPEndPoint(address, port), patience.Token).AsTask().GetAwaiter().GetResult();
            return socket;
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException)
        {
            socket.Dispose();
            return null;
        }
    }

    public bool IsOpen(string host, int port = 22, string? from = null)
    {
        using var socket = TryConnect(host, port, from: from);
        return socket is not null;
    }

    public bool AnswersUdp(string host, int port = 22)
    {
        var address = IPAddress.Parse(host);
        using var socket = Client.Enter(() => new Socket(address.AddressFamily, SocketType.Dgram, ProtocolType.Udp) { ReceiveTimeout = 300 });
        socket.Connect(address, port);
        try
        {
            socket.Send("hello"u8);
            return socket.Receive(new byte[16]) == 5;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    /// <summary>Whether a connection still carries what is sent, there and back.</summary>
    public static bool Carries(Socket socket)
    {
        socket.ReceiveTimeout = 2000;
        try
        {
            socket.Send("still there?"u8);
            return socket.Receive(new byte[64]) > 0;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    public static void Until(Func<bool> condition, string what, TimeSpan? patience = null)
    {
        var started = Stopwatch.GetTimestamp();
        while (!condition())
        {
            Assert.True(Stopwatch.GetElapsedTime(started) < (patience ?? Patience), $"waited in vain for {what}");
            Thread.Sleep(5);
        }
    }

    public void Dispose()
    {
        if (IsRunning)
            Kill(Signal.Kill);
        _gate?.Dispose();
        foreach (var service in _services)
            service.Dispose();
        Gate.Dispose();
        Client.Dispose();
        _folder.Delete(recursive: true);
    }

    private void Note(object sender, DataReceivedEventArgs line)
    {
        lock (_log)
            _log.AppendLine(line.Data);
        if (line.Data?.Contains("watching ", StringComparison.Ordinal) is true)
            Interlocked.Increment(ref _ready);
    }

    private static async Task AcceptAsync(Socket listener)
    {
        try
        {
            while (true)
                _ = EchoStreamAsync(await listener.AcceptAsync());
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // The test is over.
        }
    }

    private static async Task EchoStreamAsync(Socket client)
    {
        try
        {
            using (client)
            {
                var buffer = new byte[256];
                for (int read; (read = await client.ReceiveAsync(buffer)) > 0;)
                    await client.SendAsync(buffer.AsMemory(0, read));
            }
        }
        catch (SocketException)
        {
            // The client is gone.
        }
    }

    private static async Task EchoAsync(Socket socket)
    {
        var buffer = new byte[256];
        var anyone = new IPEndPoint(IPAddress.IPv6Any, 0);
        try
        {
            while (true)
            {
                var got = await socket.ReceiveFromAsync(buffer, anyone);
                await socket.SendToAsync(buffer.AsMemory(0, got.ReceivedBytes), got.RemoteEndPoint);
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // The test is over.
        }
    }

    /// <summary>What <c>./build</c> made, or what POSTERN_EXECUTABLE names, a full path or one in the repository.</summary>
    private static string FindExecutable() =>
        Path.Combine(Root, Environment.GetEnvironmentVariable("POSTERN_EXECUTABLE") is { Length: > 0 } named ? named : "out/postern");

    private static string FindRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "Postern.slnx")))
            folder = folder.Parent!;
        return folder.FullName;
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int SendSignal(int pid, int signal);
}

/// <summary>signal(7)</summary>
internal static class Signal
{
    public const int HangUp = 1;
    public const int Interrupt = 2;
    public const int Kill = 9;
    public const int Terminate = 15;
    public const int Continue = 18;
    public const int Stop = 19;
}
