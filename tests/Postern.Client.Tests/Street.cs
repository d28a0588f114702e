using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using Postern.Knocks.Sequences;
using Postern.Tests;

namespace Postern.Client.Tests;

/// <summary>A client and a gate on one cable, on the real kernel. Code under test runs at the client's, whatever it awaits.</summary>
internal sealed class Street : IDisposable
{
    public static readonly IPAddress Gate4 = IPAddress.Parse(NetworkNamespace.Right4);
    public static readonly IPAddress Gate6 = IPAddress.Parse(NetworkNamespace.Right6);

    /// <summary>Stands once packets really pass: a new cable loses what is sent before both ends have noticed it.</summary>
    public Street()
    {
        (Client, Gate) = NetworkNamespace.Pair();
        Client.Run("ping", "-q", "-i", "0.05", "-c", "1", "-w", "10", NetworkNamespace.Right4);
        Client.Run("ping", "-q", "-i", "0.05", "-c", "1", "-w", "10", NetworkNamespace.Right6);
    }

    public NetworkNamespace Client { get; }

    public NetworkNamespace Gate { get; }

    /// <summary>The gate's rules, as `nft -f` reads them, in a table `inet t` with a set `open` of addresses that is never cleared.</summary>
    public void Rules(string input) => Gate.Run("nft",
        "table inet t { set open { type ipv4_addr; flags timeout; size 99; }; set open6 { type ipv6_addr; flags timeout; size 99; }; chain in { type filter hook input priority 0; " + input + " }; }");

    public static ImmutableArray<KnockStep> Steps(string text) =>
        [.. text.Split(',').Select(s => KnockStep.TryParse(s, out var step) ? step : throw new FormatException(s))];

    public Socket Listen(int port)
    {
        var socket = Gate.Enter(() => new Socket(AddressFamily.InterNetworkV6, SocketType.Stream, ProtocolType.Tcp) { DualMode = true });
        socket.Bind(new IPEndPoint(IPAddress.IPv6Any, port));
        socket.Listen(64);
        return socket;
    }

    /// <summary>Continuations come back to the one thread that stands in the client's namespace, so that every socket is opened there.</summary>
    public Task<T> AtClient<T>(Func<Task<T>> code) => Task.Factory.StartNew(() => Client.Enter(() =>
    {
        var context = new OneThread();
        SynchronizationContext.SetSynchronizationContext(context);
        var task = code();
        _ = task.ContinueWith(_ => context.End(), TaskScheduler.Default);
        context.Run();
        return task.GetAwaiter().GetResult();
    }), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    public void Dispose()
    {
        Client.Dispose();
        Gate.Dispose();
    }

    private sealed class OneThread : SynchronizationContext
    {
        private readonly BlockingCollection<(SendOrPostCallback Callback, object? State)> _queue = [];

        public override void Post(SendOrPostCallback d, object? state) => _queue.TryAdd((d, state));

        public void End() => _queue.CompleteAdding();

        public void Run()
        {
            foreach (var (callback, state) in _queue.GetConsumingEnumerable())
                callback(state);
        }
    }
}
