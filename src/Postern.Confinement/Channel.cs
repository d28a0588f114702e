using System.Collections.Immutable;

namespace Postern.Confinement;

public enum Received
{
    /// <summary>A whole message.</summary>
    Message,

    /// <summary>The other end is gone, and nothing that it sent is left.</summary>
    Ended,
    TimedOut,

    /// <summary>A message that was longer than the room for it, or carried more descriptors: whoever sent it does not keep to the table.</summary>
    Truncated,
}

/// <param name="Outcome">What came.</param>
/// <param name="Length">Bytes of the message.</param>
/// <param name="Descriptors">That came with it; the receiver's to dispose of.</param>
public readonly record struct Reception(Received Outcome, int Length, ImmutableArray<Descriptor> Descriptors);

/// <summary>
/// One end of a way between two processes: AF_UNIX, SOCK_SEQPACKET (unix(7)); whole messages in order, descriptors with them (SCM_RIGHTS).
/// <see cref="Receive"/> belongs to one thread; the rest may be called from any.
/// </summary>
public sealed class Channel : IDisposable
{
    public const int MaxDescriptors = 16;

    private Channel(Descriptor descriptor) => Descriptor = descriptor;

    public Descriptor Descriptor { get; }

    /// <param name="sendBuffer">Bytes that may be under way from either end (SO_SNDBUFFORCE, else SO_SNDBUF); 0: as the kernel has it.</param>
    public static (Channel One, Channel Other) Pair(int sendBuffer = 0) => throw new NotSupportedException("not yet");

    public static Channel Adopt(Descriptor descriptor) => new(descriptor);

    /// <summary>Never waits: false where the other end is gone or has left too much unread.</summary>
    public bool TrySend(ReadOnlySpan<byte> message, params ReadOnlySpan<Descriptor> with) => throw new NotSupportedException("not yet");

    /// <param name="message">Room for the longest message of the table.</param>
    /// <param name="descriptors">How many may come with it; others are closed, and the message counts as truncated.</param>
    /// <param name="wait">Null: for ever.</param>
    public Reception Receive(Span<byte> message, int descriptors = 0, TimeSpan? wait = null) => throw new NotSupportedException("not yet");

    /// <summary>Nothing is received at this end any more, whatever the other sends: a way in one direction.</summary>
    public void SendOnly() => throw new NotSupportedException("not yet");

    /// <summary>Both ends see the end; a <see cref="Receive"/> under way returns.</summary>
    public void ShutDown() => throw new NotSupportedException("not yet");

    public void Dispose() => Descriptor.Dispose();
}
