using System.Collections.Immutable;
using Postern.Confinement.Native;

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
/// <see cref="Receive"/> belongs to one thread; the rest may be called from any. After <see cref="Dispose"/> it is as if the other end were gone.
/// </summary>
public sealed unsafe class Channel : IDisposable
{
    public const int MaxDescriptors = 17;

    private const int Immediately = Libc.MessageDoNotWait | Libc.MessageNoSignal;

    private Channel(Descriptor descriptor) => Descriptor = descriptor;

    public Descriptor Descriptor { get; }

    /// <param name="sendBuffer">Bytes that may be under way from either end (SO_SNDBUFFORCE, else SO_SNDBUF); 0: as the kernel has it.</param>
    /// <exception cref="IOException">No descriptors are left.</exception>
    public static (Channel One, Channel Other) Pair(int sendBuffer = 0)
    {
        var ends = stackalloc int[2];
        if (Libc.SocketPair(Libc.AfUnix, Libc.SequencedPacket | Libc.CloseOnExec, 0, ends) < 0)
            throw Errno.Failed("socketpair");
        for (var i = 0; i < 2 && sendBuffer > 0; i++)
        {
            if (Libc.SetOption(ends[i], Libc.SolSocket, Libc.SendBufferForce, &sendBuffer, sizeof(int)) < 0)
                _ = Libc.SetOption(ends[i], Libc.SolSocket, Libc.SendBuffer, &sendBuffer, sizeof(int));
        }

        return (Adopt(Descriptor.Adopt(ends[0])), Adopt(Descriptor.Adopt(ends[1])));
    }

    public static Channel Adopt(Descriptor descriptor) => new(descriptor);

    /// <summary>Never waits: false where the other end is gone or has left too much unread.</summary>
    /// <exception cref="ArgumentException">An empty message, which the other end could not tell from the end; or too many descriptors.</exception>
    /// <exception cref="IOException">The message is larger than the send buffer, or this end no channel.</exception>
    public bool TrySend(ReadOnlySpan<byte> message, params ReadOnlySpan<Descriptor> with)
    {
        if (message.IsEmpty)
            throw new ArgumentException("a message of a channel has at least one byte", nameof(message));
        if (with.Length > MaxDescriptors)
            throw new ArgumentException($"a message carries at most {MaxDescriptors} descriptors", nameof(with));

        try
        {
            return SendOne(message, with);
        }
        catch (ObjectDisposedException) when (Descriptor.IsClosed)
        {
            return false;
        }
    }

    private bool SendOne(ReadOnlySpan<byte> message, ReadOnlySpan<Descriptor> with)
    {
        using var end = new Borrowed(Descriptor);
        fixed (byte* bytes = message)
        {
            nint sent;
            do
            {
                sent = with.IsEmpty ? Libc.Send(end.Number, bytes, (nuint)message.Length, Immediately) : Send(end.Number, bytes, message.Length, with);
            }
            while (Libc.Interrupted(sent));

            return sent >= 0 || (Errno.Last is Errno.Again or Errno.NoBuffers or Errno.NoMemory or Errno.TooManyReferences
                or Errno.BrokenPipe or Errno.Reset or Errno.NotConnected ? false : throw Errno.Failed("send"));
        }
    }

    /// <param name="message">Room for the longest message of the table.</param>
    /// <param name="descriptors">How many may come with it; others are closed, and the message counts as truncated.</param>
    /// <param name="wait">Null: for ever.</param>
    /// <exception cref="IOException">This end is no channel.</exception>
    public Reception Receive(Span<byte> message, int descriptors = 0, TimeSpan? wait = null)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(descriptors);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(descriptors, MaxDescriptors);
        try
        {
            return ReceiveOne(message, descriptors, wait);
        }
        catch (ObjectDisposedException) when (Descriptor.IsClosed)
        {
            return new(Received.Ended, 0, []);
        }
    }

    private Reception ReceiveOne(Span<byte> message, int descriptors, TimeSpan? wait)
    {
        using var end = new Borrowed(Descriptor);
        var looksOnly = wait == TimeSpan.Zero; // the call itself says that there is nothing
        if (!looksOnly && !Waiting.ForInput(end.Number, wait))
            return new(Received.TimedOut, 0, []);

        var control = stackalloc byte[ControlLength(MaxDescriptors)];
        fixed (byte* bytes = message)
        {
            var vector = new Libc.IoVector { Base = bytes, Length = (nuint)message.Length };
            // Exactly as many as may come: what does not fit is never installed, or closed by the kernel, and MSG_CTRUNC says so.
            var header = new Libc.MessageHeader
            {
                Vectors = &vector,
                VectorCount = 1,
                Control = descriptors > 0 ? control : null,
                ControlLength = descriptors > 0 ? (nuint)ControlLength(descriptors) : 0,
            };
            nint length;
            while (Libc.Interrupted(length = Libc.Receive(end.Number, &header, Libc.MessageCloseOnExec | (looksOnly ? Libc.MessageDoNotWait : 0))))
            {
            }

            if (length < 0 && looksOnly && Errno.Last == Errno.Again)
                return new(Received.TimedOut, 0, []);
            if (length < 0)
                return Errno.Last is Errno.Reset or Errno.NotConnected ? new(Received.Ended, 0, []) : throw Errno.Failed("recvmsg");
            return Judge(end.Number, (int)length, header);
        }
    }

    /// <summary>Whether nobody has the other end any more, or it was shut down; also where nothing is received at this one.</summary>
    public bool IsCutOff
    {
        get
        {
            try
            {
                using var end = new Borrowed(Descriptor);
                return IsOtherEndGone(end.Number);
            }
            catch (ObjectDisposedException) when (Descriptor.IsClosed)
            {
                return true;
            }
        }
    }

    /// <summary>Nothing is received at this end any more, whatever the other sends: a way in one direction.</summary>
    public void SendOnly() => Shut(Libc.ShutReading);

    /// <summary>Both ends see the end; a <see cref="Receive"/> under way returns.</summary>
    public void ShutDown() => Shut(Libc.ShutBoth);

    /// <summary>Gives this end back. Where another process holds it too, nobody sees an end.</summary>
    public void Dispose() => Descriptor.Dispose();

    private void Shut(int how)
    {
        try
        {
            using var end = new Borrowed(Descriptor);
            if (Libc.ShutDown(end.Number, how) < 0 && Errno.Last != Errno.NotConnected)
                throw Errno.Failed("shutdown");
        }
        catch (ObjectDisposedException) when (Descriptor.IsClosed)
        {
            // It is over already.
        }
    }

    private static nint Send(int end, byte* message, int length, ReadOnlySpan<Descriptor> with)
    {
        var control = stackalloc byte[ControlLength(MaxDescriptors)];
        *(Libc.ControlHeader*)control = new() { Length = (nuint)ControlLength(with.Length), Level = Libc.SolSocket, Type = Libc.ControlRights };
        var held = 0;
        try
        {
            foreach (var descriptor in with)
            {
                var added = false;
                descriptor.DangerousAddRef(ref added);
                NumbersIn(control)[held++] = descriptor.Number;
            }

            var vector = new Libc.IoVector { Base = message, Length = (nuint)length };
            var header = new Libc.MessageHeader { Vectors = &vector, VectorCount = 1, Control = control, ControlLength = (nuint)ControlLength(held) };
            return Libc.Send(end, &header, Immediately);
        }
        finally
        {
            for (var i = 0; i < held; i++)
                with[i].DangerousRelease();
        }
    }

    private static Reception Judge(int end, int length, in Libc.MessageHeader header)
    {
        var descriptors = DescriptorsIn(header);
        if ((header.Flags & (Libc.MessageTruncated | Libc.MessageControlTruncated)) != 0)
        {
            foreach (var descriptor in descriptors)
                descriptor.Dispose();
            return new(Received.Truncated, length, []);
        }

        // No byte is how the end looks, and an empty message, which none of ours sends, looks alike: only at the end is the other side gone.
        return length == 0 && descriptors.IsEmpty && IsOtherEndGone(end) ? new(Received.Ended, 0, []) : new(Received.Message, length, descriptors);
    }

    private static ImmutableArray<Descriptor> DescriptorsIn(in Libc.MessageHeader header)
    {
        if (header.ControlLength < (nuint)sizeof(Libc.ControlHeader))
            return [];
        var first = (Libc.ControlHeader*)header.Control;
        if (first->Level != Libc.SolSocket || first->Type != Libc.ControlRights)
            return [];
        var count = ((int)first->Length - sizeof(Libc.ControlHeader)) / sizeof(int);
        var descriptors = ImmutableArray.CreateBuilder<Descriptor>(count);
        for (var i = 0; i < count; i++)
            descriptors.Add(Descriptor.Adopt(NumbersIn((byte*)header.Control)[i]));
        return descriptors.MoveToImmutable();
    }

    private static bool IsOtherEndGone(int end)
    {
        var poll = new Libc.PollFd { Fd = end, Events = Libc.PollIn };
        return Libc.Poll(&poll, 1, 0) > 0 && (poll.Seen & Libc.PollOtherEndGone) != 0;
    }

    private static int ControlLength(int descriptors) => sizeof(Libc.ControlHeader) + (descriptors * sizeof(int));

    private static int* NumbersIn(byte* control) => (int*)(control + sizeof(Libc.ControlHeader));
}
