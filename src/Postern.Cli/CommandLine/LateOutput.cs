using System.Text;

namespace Postern.Cli.CommandLine;

/// <summary>
/// Standard output, opened when it is first written to. The runtime opens it by duplicating the descriptor and never closes that; a command that carries
/// data on standard output itself could then not tell whoever reads it that it has ended.
/// </summary>
internal sealed class LateOutput : TextWriter
{
    public override Encoding Encoding => Encoding.UTF8;

    public override void Write(char value) => Console.Out.Write(value);

    public override void Write(string? value) => Console.Out.Write(value);

    public override void Write(ReadOnlySpan<char> buffer) => Console.Out.Write(buffer);

    public override void Write(char[] buffer, int index, int count) => Console.Out.Write(buffer, index, count);

    public override void WriteLine(string? value) => Console.Out.WriteLine(value);
}
