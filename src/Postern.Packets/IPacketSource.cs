namespace Postern.Packets;

/// <summary>Where packets come from: the live ring, a capture file.</summary>
public interface IPacketSource : IDisposable
{
    /// <summary>Waits for the next packet. False when there will be none: the file has ended, or <see cref="Stop"/> was called.</summary>
    bool TryRead(out CapturedPacket packet);

    /// <summary>The same, and false too when it is <paramref name="deadline"/> (nanoseconds of uptime) and nothing has come. A file does not wait, and does not look at it.</summary>
    bool TryRead(out CapturedPacket packet, long deadline);

    /// <summary>The next reading will not wait, as far as can be seen without looking twice; false also where that cannot be told. For who reads.</summary>
    bool HasMore => false;

    /// <summary>Ends a wait in <see cref="TryRead(out CapturedPacket)"/> from another thread.</summary>
    void Stop();

    /// <summary>Packets that the source itself had to drop, since it was opened.</summary>
    long Dropped { get; }

    /// <summary>How often it was full so that it had to; 0 where it does not know.</summary>
    long TimesFull => 0;
}
