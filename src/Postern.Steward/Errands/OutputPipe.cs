using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;
using Postern.Confinement;

namespace Postern.Steward.Errands;

/// <summary>
/// Both outputs of one program. Its end is not the pipe's: something that it started in the background may hold the pipe open for ever. So when the
/// program has ended we write a mark of our own behind all that it wrote, and read up to that.
/// </summary>
internal sealed class OutputPipe : IDisposable
{
    private const int MarkSize = 32;

    private readonly byte[] _mark = RandomNumberGenerator.GetBytes(MarkSize);
    private readonly Descriptor _read;
    private readonly Thread _reader;
    private readonly OutputLines _output = new();
    private bool _hasEnded;

    public OutputPipe()
    {
        (_read, Write) = Pipe.Make();
        _reader = new(ReadAll) { IsBackground = true, Name = "output of an action" };
        _reader.Start();
    }

    /// <summary>The program's end.</summary>
    public Descriptor Write { get; }

    private void ReadAll()
    {
        using var handle = new SafeFileHandle(_read.Number, ownsHandle: false);
        using var stream = new FileStream(handle, FileAccess.Read, bufferSize: 0);
        var buffer = new byte[MarkSize + 4096];
        var held = 0;
        while (stream.Read(buffer.AsSpan(held)) is var read and > 0)
        {
            var bytes = buffer.AsSpan(..(held + read));
            var mark = bytes.IndexOf(_mark);
            _output.Add(mark >= 0 ? bytes[..mark] : bytes[..Math.Max(0, bytes.Length - MarkSize + 1)]);
            if (mark >= 0)
                return;
            var rest = bytes[Math.Max(0, bytes.Length - MarkSize + 1)..];
            rest.CopyTo(buffer);
            held = rest.Length;
        }
    }

    /// <summary>All that the program wrote, which has ended.</summary>
    public OutputLines End()
    {
        if (_hasEnded)
            return _output;
        if (Writing.TryAll(Write.Number, _mark)) // shorter than PIPE_BUF, and so in one piece (pipe(7)); the program may have made it one that does not wait
            _reader.Join();
        _hasEnded = true;
        return _output;
    }

    /// <summary>Whoever still writes to the pipe afterwards gets SIGPIPE.</summary>
    public void Dispose()
    {
        End();
        Write.Dispose();
        _read.Dispose();
    }
}
