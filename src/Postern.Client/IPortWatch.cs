using System.Diagnostics;
using System.Net.Sockets;

namespace Postern.Client;

/// <summary>Watches one TCP port until it is as it should be.</summary>
internal interface IPortWatch : IDisposable
{
    bool IsDone { get; }

    /// <summary>When it came to be so, as <see cref="Stopwatch.GetTimestamp"/>. Only once it is done.</summary>
    long DoneAt { get; }

    /// <summary>What the latest attempt to connect was told; TimedOut as long as nobody answers.</summary>
    SocketError LastAnswer { get; }

    /// <summary>Looks until it is done or <paramref name="window"/> has passed.</summary>
    Task WatchAsync(TimeSpan window, CancellationToken cancellation);

    /// <summary>Ends politely what it has open.</summary>
    Task CloseAsync();
}
