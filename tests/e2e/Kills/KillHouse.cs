using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Postern.Tests;

namespace Postern.EndToEnd.Tests.Kills;

/// <summary>A gate to be killed, and a client that can knock from as many addresses as it likes: each knock has its own, so that what it led to is known.</summary>
internal sealed class KillHouse : IDisposable
{
    public const string Standing = "10.77.0.50";

    private readonly SpaHouse _spa;

    public KillHouse()
    {
        Ran = Path.Combine(Directory.CreateTempSubdirectory("postern-kills-").FullName, "ran");
        var program = Path.Combine(Path.GetDirectoryName(Ran)!, "note");
        File.WriteAllText(program, $"#!/bin/sh\necho \"$POSTERN_ACTION $POSTERN_ADDRESS $(date +%s%N)\" >>{Ran}\n");
        File.SetUnixFileMode(program, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        _spa = new(services: $$"""
            services:
              ssh: {ports: [tcp/22], open_for: 3s}
              web: {ports: [tcp/80], open_for: 2s}
              lamp: {run: [{{program}}], undo: [{{program}}], open_for: 2s, run_as: root}
            knocks:
              office: {method: sequence, sequence: [udp/7000, udp/8000, tcp/9000], opens: [ssh]}
              lamp: {method: sequence, sequence: [udp/7100, udp/8100, udp/9100], opens: [lamp]}
            """);
        Client.Run("ip", "route", "add", "local", "10.96.0.0/11", "dev", "lo");
        Client.Run("ip", "route", "add", "local", Standing, "dev", "lo");
        House.Gate.Run("ip", "route", "add", "10.96.0.0/11", "via", GateHouse.Client4);
        House.ServeTcp(22);
        House.ServeTcp(80);
        Assert.Equal(0, House.Command("grant", "ssh", Standing, "--for", "1d").Code);
    }

    public GateHouse House => _spa.House;

    /// <summary>A line for each action that was run or undone: which, address, time.</summary>
    public string Ran { get; }

    public NetworkNamespace Client => House.Client;

    public void Start() => _spa.Start();

    /// <summary>A packet that asks for <c>web</c>, made by the command of the client.</summary>
    public byte[] NewPacket() => _spa.Packet("knock", "gate", "web");

    /// <summary>An address in 10.96.0.0/11; each kind of knock has 65 536 of its own.</summary>
    public static string Address(int kind, int number) => string.Create(CultureInfo.InvariantCulture, $"10.{96 + kind}.{(number >> 8) & 255}.{number & 255}");

    /// <summary>A sequence of the configuration, by its first port. As all that sends: only on a thread that has entered the client's namespace.</summary>
    public static void Knock(string from, int first)
    {
        Send(from, first);
        Send(from, first + 1000);
        if (first == 7000)
            Touch(from, first + 2000);
        else
            Send(from, first + 2000);
    }

    public static void Send(string from, int port, byte[]? bytes = null)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        socket.Bind(new IPEndPoint(IPAddress.Parse(from), 0));
        try
        {
            socket.SendTo(bytes ?? [], new IPEndPoint(IPAddress.Parse(GateHouse.Gate4), port));
        }
        catch (SocketException)
        {
            // A port unreachable for an earlier one: nobody listens there.
        }
    }

    /// <summary>A SYN; nobody waits for what comes of it.</summary>
    public static void Touch(string from, int port)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { Blocking = false };
        socket.Bind(new IPEndPoint(IPAddress.Parse(from), 0));
        try
        {
            socket.Connect(new IPEndPoint(IPAddress.Parse(GateHouse.Gate4), port));
        }
        catch (SocketException)
        {
            // EINPROGRESS
        }
    }

    public static bool IsOpen(string from, int port)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Parse(from), 0));
        using var patience = new CancellationTokenSource(400);
        try
        {
            socket.ConnectAsync(new IPEndPoint(IPAddress.Parse(GateHouse.Gate4), port), patience.Token).AsTask().GetAwaiter().GetResult();
            return true;
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException)
        {
            return false;
        }
    }

    /// <summary>Addresses that the gate says are let in, read from its control socket as <c>postern grants</c> does; null: nobody answers.</summary>
    public string[]? Grants()
    {
        try
        {
            using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified) { ReceiveTimeout = 4000 };
            socket.Connect(new UnixDomainSocketEndPoint(House.Socket));
            socket.Send("{\"verb\":\"grants\"}\n"u8);
            var answer = new StringBuilder();
            var buffer = new byte[65536];
            for (int read; (read = socket.Receive(buffer)) > 0;)
                answer.Append(Encoding.UTF8.GetString(buffer, 0, read));
            var lines = answer.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries);
            return lines.Length > 0 && lines[^1].Contains("\"done\"", StringComparison.Ordinal) // else it was cut short
                ? [.. lines[..^1].Select(l => JsonDocument.Parse(l).RootElement.GetProperty("address").GetString()!)]
                : null;
        }
        catch (SocketException)
        {
            return null;
        }
    }

    /// <summary>Processes of the gate in the part of that name; the steward started both.</summary>
    public IEnumerable<int> Parts(string part) => Parts(House.Pid, part);

    /// <inheritdoc cref="Parts(string)"/>
    public static IEnumerable<int> Parts(int of, string part)
    {
        var steward = of.ToString(CultureInfo.InvariantCulture);
        foreach (var folder in Directory.EnumerateDirectories("/proc"))
        {
            if (!int.TryParse(Path.GetFileName(folder), NumberStyles.None, CultureInfo.InvariantCulture, out var process))
                continue;
            string status, command;
            try
            {
                status = File.ReadAllText($"{folder}/stat");
                if (!status[(status.LastIndexOf(')') + 2)..].Split(' ')[1].Equals(steward, StringComparison.Ordinal))
                    continue;
                command = File.ReadAllText($"{folder}/cmdline");
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                continue; // it has ended
            }

            if (command.Split('\0').Contains(part))
                yield return process;
        }
    }

    public void Dispose()
    {
        _spa.Dispose();
        Directory.Delete(Path.GetDirectoryName(Ran)!, recursive: true);
    }
}
