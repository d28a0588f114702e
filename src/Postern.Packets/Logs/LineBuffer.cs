namespace Postern.Packets.Logs;

/// <summary>Cuts bytes that come in pieces into lines, in memory that is laid out once. A line that is longer than any of the kernel's is stepped over.</summary>
internal sealed class LineBuffer
{
    private const int Capacity = 64 * 1024;

    private readonly byte[] _bytes = new byte[Capacity];
    private int _start;
    private int _end;
    private bool _skipping;

    /// <summary>Lines that were stepped over.</summary>
    public long TooLong { get; private set; }

    /// <summary>Where the next piece is put; never empty after <see cref="TryTake"/> said no.</summary>
    public Span<byte> Room
    {
        get
        {
            if (_start > 0)
            {
                _bytes.AsSpan(_start, _end - _start).CopyTo(_bytes);
                (_start, _end) = (0, _end - _start);
            }

            return _bytes.AsSpan(_end);
        }
    }

    /// <summary>So many bytes were put there.</summary>
    public void Add(int count) => _end += count;

    /// <summary>The next whole line, without its end. It lives until <see cref="Room"/> is asked for.</summary>
    public bool TryTake(out ReadOnlySpan<byte> line)
    {
        while (true)
        {
            var rest = _bytes.AsSpan(_start, _end - _start);
            var end = rest.IndexOf((byte)'\n');
            if (end < 0)
            {
                line = default;
                if (rest.Length > LogLine.MaxSize || _skipping)
                    Skip();
                return false;
            }

            _start += end + 1;
            line = rest[..end];
            if (!_skipping && end <= LogLine.MaxSize)
                return true;
            if (!_skipping)
                TooLong++;
            _skipping = false;
        }
    }

    /// <summary>What is left at the end of a file, behind its last line's end.</summary>
    public ReadOnlySpan<byte> TakeRest()
    {
        var rest = _skipping ? default : _bytes.AsSpan(_start, _end - _start);
        _start = _end;
        return rest;
    }

    private void Skip()
    {
        if (!_skipping)
            TooLong++;
        (_skipping, _start) = (true, _end);
    }
}
