namespace Postern.Packets.Files;

/// <summary>Reads a file forward, piece by piece, into one buffer that is used again, and remembers the first thing that was wrong.</summary>
internal sealed class FileCursor(Stream stream) : IDisposable
{
    /// <summary>The largest packet that tcpdump and Wireshark will write.</summary>
    public const int MaxPacket = 256 * 1024;

    /// <summary>Room for the headers and options around such a packet.</summary>
    public const int MaxPiece = MaxPacket + 4 * 1024;

    private readonly byte[] _buffer = new byte[MaxPiece];

    /// <summary>Of the piece that was taken last; bytes from the start.</summary>
    public long Offset { get; private set; }

    /// <summary>Of the byte after it.</summary>
    public long Next { get; private set; }

    public CaptureFault? Fault { get; private set; }

    public void Fail(string what, long offset) => Fault ??= new(what, offset);

    /// <summary>The next bytes of the file, valid until the next call. False where the file ends, which is a fault.</summary>
    public bool TryTake(int count, string faultIfShort, out ReadOnlySpan<byte> bytes)
    {
        bytes = _buffer.AsSpan(0, count);
        if (Read(count) == count)
            return true;
        Fail(faultIfShort, Next);
        return false;
    }

    /// <summary>As <see cref="TryTake"/>, where the file may as well end.</summary>
    public bool TryTakeOrEnd(int count, string faultIfShort, out ReadOnlySpan<byte> bytes)
    {
        bytes = _buffer.AsSpan(0, count);
        var got = Read(count);
        if (got != count && got != 0)
            Fail(faultIfShort, Next);
        return got == count;
    }

    private int Read(int count)
    {
        Offset = Next;
        var got = stream.ReadAtLeast(_buffer.AsSpan(0, count), count, throwOnEndOfStream: false);
        Next += got;
        return got;
    }

    public void Dispose() => stream.Dispose();
}
