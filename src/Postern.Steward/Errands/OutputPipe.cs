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

    public OutputPipe()
    {
        (_read, Write) = Pipe.Make();
        _reader = new(ReadAll) { IsBackground = true, Name = "output of an action" };
        _reader.Start();
    }

    /// <summary>The program's end.</summary>
    public Descriptor Write { get; }

    /// <summary>To be read when this is disposed of.</summary>
    public OutputLines Output { get; } = new();

    private void ReadAll()
    {
        using var file = new SafeFileHandle(_read.Number, ownsHandle: false);
        var buffer = new byte[MarkSize + 4096];
        var held = 0;
        while (RandomAccess.Read(file, buffer.AsSpan(held), 0) is var read and > 0)
        {
            var bytes = buffer.AsSpan(..(held + read));
            var mark = bytes.IndexOf(_mark);
            Output.Add(mark >= 0 ? bytes[..mark] : bytes[..Math.Max(0, bytes.Length - MarkSize + 1)]);
            if (mark >= 0)
                return;
            var rest = bytes[Math.Max(0, bytes.Length - MarkSize + 1)..];
            rest.CopyTo(buffer);
            held = rest.Length;
        }
    }

    /// <summary>Whoever still writes to the pipe afterwards gets SIGPIPE.</summary>
    public void Dispose()
    {
        using (var file = new SafeFileHandle(Write.Number, ownsHandle: false))
            RandomAccess.Write(file, _mark, 0); // shorter than PIPE_BUF, and so in one piece (pipe(7))
        _reader.Join();
        Write.Dispose();
        _read.Dispose();
    }
}
