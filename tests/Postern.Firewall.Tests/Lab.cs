using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;
using Postern.Reports;
using Postern.Tests;

namespace Postern.Firewall.Tests;

/// <summary>What somebody who tries a port sees.</summary>
public enum Seen
{
    Open,
    Refused,
    Silence,
}

/// <summary>
/// Three hosts of network namespaces in a row: the client (10.9.0.2 and .3, fd09::2 and ::3), the host that is guarded (10.9.0.1,
/// fd09::1 towards the client; 10.8.0.1, fd08::1 towards the inside) and one behind it (10.8.0.2, fd08::2), to which it can forward.
/// </summary>
internal sealed partial class Lab : IDisposable
{
    public const string HostV4 = "10.9.0.1";
    public const string HostV6 = "fd09::1";
    public const string FriendV4 = "10.9.0.2";
    public const string FriendV6 = "fd09::2";
    public const string StrangerV4 = "10.9.0.3";
    public const string StrangerV6 = "fd09::3";
    public const string InsideV4 = "10.8.0.2";
    public const string InsideV6 = "fd08::2";

    private const int NewNetwork = 0x40000000; // CLONE_NEWNET
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(400);

    private readonly ConcurrentBag<IDisposable> _open = [];
    private readonly string _name = $"pf{Guid.NewGuid():N}"[..10];

    public Lab()
    {
        Needs.Root();
        Needs.Program("ip");
        Needs.Program("nft");
        try
        {
            Build();
            Firewall = In(Host, () => new NftablesFirewall());
        }
        catch
        {
            Remove();
            throw;
        }
    }

    private void Build()
    {
        foreach (var ns in (string[])[Host, Client, Inside])
            Run("ip", "netns", "add", ns);
        Shell(Host, $"""
            sysctl -qw net.ipv6.conf.default.accept_dad=0 net.ipv6.conf.all.forwarding=1 net.ipv4.ip_forward=1
            ip link set lo up
            ip link add out type veth peer name wan netns {Client}
            ip link add in type veth peer name wan netns {Inside}
            ip addr add 10.9.0.1/24 dev out && ip addr add fd09::1/64 dev out nodad
            ip addr add 10.8.0.1/24 dev in && ip addr add fd08::1/64 dev in nodad
            ip link set out up && ip link set in up
            """);
        Shell(Client, """
            sysctl -qw net.ipv6.conf.default.accept_dad=0 net.ipv6.conf.wan.accept_dad=0
            ip link set lo up
            ip addr add 10.9.0.2/24 dev wan && ip addr add 10.9.0.3/24 dev wan
            ip addr add fd09::2/64 dev wan nodad && ip addr add fd09::3/64 dev wan nodad
            ip link set wan up && ip route add default via 10.9.0.1 && ip -6 route add default via fd09::1
            """);
        Shell(Inside, """
            sysctl -qw net.ipv6.conf.default.accept_dad=0 net.ipv6.conf.wan.accept_dad=0
            ip link set lo up
            ip addr add 10.8.0.2/24 dev wan && ip addr add fd08::2/64 dev wan nodad
            ip link set wan up && ip route add default via 10.8.0.1 && ip -6 route add default via fd08::1
            """);
    }

    public string Host => _name + "h";

    public string Client => _name + "c";

    public string Inside => _name + "i";

    public NftablesFirewall Firewall { get; private set; }

    /// <summary>Runs it on a thread that lives in that namespace. Sockets made there stay there.</summary>
    public static T In<T>(string ns, Func<T> act)
    {
        T result = default!;
        ExceptionDispatchInfo? failure = null;
        var thread = new Thread(() =>
        {
            try
            {
                using var handle = File.OpenHandle($"/run/netns/{ns}");
                if (SetNamespace((int)handle.DangerousGetHandle(), NewNetwork) != 0)
                    throw new InvalidOperationException($"setns: {Marshal.GetLastPInvokeErrorMessage()}");
                result = act();
            }
            catch (Exception e)
            {
                failure = ExceptionDispatchInfo.Capture(e);
            }
        });
        thread.Start();
        thread.Join();
        failure?.Throw();
        return result;
    }

    public System.Collections.Immutable.ImmutableArray<StandingGrant> Apply(params ProtectedService[] services) => Apply(new Protection([.. services], []));

    public System.Collections.Immutable.ImmutableArray<StandingGrant> Apply(Protection protection) => In(Host, () => Firewall.Apply(protection));

    public void TearDown() => In(Host, () => { Firewall.TearDown(); return 0; });

    public void Open(ProtectedService service, string source, double seconds = 30, ushort port = 0, string holder = "") =>
        Assert.Equal(FirewallResult.Ok, Firewall.Open(service, new(Ip(source), port, holder), TimeSpan.FromSeconds(seconds)));

    public void Close(ProtectedService service, string source, ushort port = 0) => Assert.Equal(FirewallResult.Ok, Firewall.Close(service, new(Ip(source), port)));

    /// <summary>As after kill -9: the socket is gone, the table is not.</summary>
    public void Restart()
    {
        Firewall.Dispose();
        Firewall = In(Host, () => new NftablesFirewall());
    }

    public static Address Ip(string text) => Address.TryParse(text, out var address) ? address : throw new FormatException(text);

    public static ProtectedService Service(string name, string ports, Appearance appear = Appearance.Silent) =>
        new(name, [.. ports.Split(' ').Select(text => PortRange.TryParse(text, out var range) ? range : throw new FormatException(text))], appear);

    public Socket ListenTcp(int port, string? ns = null) => In(ns ?? Host, () =>
    {
        var socket = Keep(new Socket(AddressFamily.InterNetworkV6, SocketType.Stream, ProtocolType.Tcp) { DualMode = true });
        socket.Bind(new IPEndPoint(IPAddress.IPv6Any, port));
        socket.Listen(1000);
        return socket;
    });

    public static void AcceptAll(Socket listener) => new Thread(() =>
    {
        try
        {
            while (true)
                listener.Accept().Dispose();
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // the lab is over
        }
    }) { IsBackground = true }.Start();

    /// <summary>A port that sends back what it gets.</summary>
    public void EchoUdp(int port, string? ns = null, string? group = null)
    {
        var v4Only = group?.Contains('.') == true; // a socket of both families hears no IPv4 multicast
        var any = v4Only ? IPAddress.Any : IPAddress.IPv6Any;
        var socket = In(ns ?? Host, () =>
        {
            var udp = Keep(new Socket(any.AddressFamily, SocketType.Dgram, ProtocolType.Udp));
            if (!v4Only)
                udp.DualMode = true;
            udp.Bind(new IPEndPoint(any, port));
            return udp;
        });
        new Thread(() =>
        {
            var buffer = new byte[100];
            EndPoint from = new IPEndPoint(any, 0);
            try
            {
                while (true)
                    socket.SendTo(buffer, 0, socket.ReceiveFrom(buffer, ref from), SocketFlags.None, from);
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                // the lab is over
            }
        }) { IsBackground = true }.Start();
    }

    public Seen Tcp(string source, string destination, int port, string? ns = null, int from = 0) => In(ns ?? Client, () =>
    {
        using var socket = Connect(source, destination, port, out var seen, from);
        return seen;
    });

    public Socket Connected(string source, string destination, int port, int from = 0) => In(Client, () =>
    {
        var socket = Keep(Connect(source, destination, port, out var seen, from));
        Assert.Equal(Seen.Open, seen);
        return socket;
    });

    /// <summary>One try on the caller's own thread, which must be in the namespace.</summary>
    public static Seen ConnectOnce(string source, string destination, int port, int sourcePort = 0)
    {
        using var socket = Connect(source, destination, port, out var seen, sourcePort);
        return seen;
    }

    private static Socket Connect(string source, string destination, int port, out Seen seen, int sourcePort = 0)
    {
        var target = IPAddress.Parse(destination);
        var socket = new Socket(target.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { Blocking = false };
        socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
        if (source.Length > 0)
            socket.Bind(new IPEndPoint(IPAddress.Parse(source), sourcePort));
        try
        {
            socket.Connect(new IPEndPoint(target, port));
        }
        catch (SocketException e) when (e.SocketErrorCode is SocketError.WouldBlock or SocketError.InProgress)
        {
            // under way
        }

        seen = !socket.Poll(Patience, SelectMode.SelectWrite) ? Seen.Silence
            : (int)socket.GetSocketOption(SocketOptionLevel.Socket, SocketOptionName.Error)! == 0 ? Seen.Open
            : Seen.Refused;
        socket.Blocking = true;
        return socket;
    }

    public Seen Udp(string source, string destination, int port, string? ns = null, int from = 0) => In(ns ?? Client, () =>
    {
        var target = IPAddress.Parse(destination);
        using var socket = new Socket(target.AddressFamily, SocketType.Dgram, ProtocolType.Udp) { ReceiveTimeout = (int)Patience.TotalMilliseconds };
        socket.Bind(new IPEndPoint(IPAddress.Parse(source), from));
        socket.Connect(new IPEndPoint(target, port));
        try
        {
            socket.Send("hello"u8);
            socket.Receive(new byte[100]);
            return Seen.Open;
        }
        catch (SocketException e)
        {
            return e.SocketErrorCode == SocketError.ConnectionRefused ? Seen.Refused : Seen.Silence;
        }
    });

    /// <summary>To many at once, from the thread's namespace; an answer comes from one.</summary>
    public static Seen SendAndHear(string destination, int port)
    {
        var target = IPAddress.Parse(destination);
        using var socket = new Socket(target.AddressFamily, SocketType.Dgram, ProtocolType.Udp) { ReceiveTimeout = (int)Patience.TotalMilliseconds };
        if (target.AddressFamily == AddressFamily.InterNetwork)
        {
            socket.EnableBroadcast = true;
            socket.Bind(new IPEndPoint(IPAddress.Parse(FriendV4), 0));
        }
        else
        {
            var wan = System.Net.NetworkInformation.NetworkInterface.GetAllNetworkInterfaces().Single(card => card.Name == "wan");
            target.ScopeId = wan.GetIPProperties().GetIPv6Properties().Index;
        }

        socket.SendTo("hello"u8.ToArray(), new IPEndPoint(target, port));
        try
        {
            socket.Receive(new byte[100]);
            return Seen.Open;
        }
        catch (SocketException)
        {
            return Seen.Silence;
        }
    }

    /// <summary>Whether what goes in at one end still comes out at the other.</summary>
    public static bool Carries(Socket from, Socket to)
    {
        to.ReceiveTimeout = 1500;
        try
        {
            from.Send("ping"u8);
            return to.Receive(new byte[10]) > 0;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    public string Nft(params string[] arguments) => Run("ip", ["netns", "exec", Host, "nft", .. arguments]);

    /// <summary>Every rule set of the host but ours.</summary>
    public string NeighbourTables() =>
        string.Concat(Nft("list", "tables").Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Where(line => line != "table inet postern")
            .Select(line => Nft(["-s", "-a", "list", .. line.Split(' ')])));

    public static void Shell(string ns, string script) => Run("ip", "netns", "exec", ns, "sh", "-ec", script);

    public static string Run(string program, params string[] arguments)
    {
        var (code, output) = Try(program, arguments);
        return code == 0 ? output : throw new InvalidOperationException($"{program} {string.Join(' ', arguments)}: {output}");
    }

    public static (int Code, string Output) Try(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(Needs.Find(program) ?? program, arguments)
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
        })!;
        process.StandardInput.Close();
        var error = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output + error.Result);
    }

    /// <summary>Starts a program in a namespace; it is ended with the lab, if not before.</summary>
    public Process Start(string ns, params string[] command)
    {
        var process = Keep(Process.Start(new ProcessStartInfo(Needs.Find("ip")!, ["netns", "exec", ns, .. command])
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!);
        return process;
    }

    private T Keep<T>(T thing)
        where T : IDisposable
    {
        _open.Add(thing);
        return thing;
    }

    public void Dispose()
    {
        Firewall.Dispose();
        foreach (var thing in _open)
        {
            if (thing is Process { HasExited: false } process)
                process.Kill();
            thing.Dispose();
        }

        Remove();
    }

    private void Remove()
    {
        foreach (var ns in (string[])[Host, Client, Inside])
            Try("ip", "netns", "del", ns);
    }

    /// <summary>Of the calling thread, which must not be used for anything else afterwards.</summary>
    public static unsafe void DropPrivileges()
    {
        var header = stackalloc uint[2] { 0x20080522, 0 }; // _LINUX_CAPABILITY_VERSION_3, this thread
        var none = stackalloc uint[6];
        new Span<uint>(none, 6).Clear();
        if (SetCapabilities(header, none) != 0)
            throw new InvalidOperationException($"capset: {Marshal.GetLastPInvokeErrorMessage()}");
    }

    [LibraryImport("libc", EntryPoint = "capset", SetLastError = true)]
    private static unsafe partial int SetCapabilities(void* header, void* data);

    [LibraryImport("libc", EntryPoint = "setns", SetLastError = true)]
    private static partial int SetNamespace(int handle, int kind);
}
