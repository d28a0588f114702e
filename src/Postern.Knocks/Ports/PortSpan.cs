using Postern.Reports;

namespace Postern.Knocks.Ports;

/// <summary>
/// Where a token in port numbers goes (spec/knocks.md §4): 24 symbols of 8 bits, the 16 of the token and 8 of parity, each in the number of one port.
/// <code>
/// port = first + 256 · place of the symbol + its value
/// </code>
/// So a packet says which symbol it is, and neither the order nor a copy matters; and any third of them may be lost.
/// </summary>
/// <param name="First">The first of <see cref="Size"/> ports.</param>
public readonly record struct PortSpan(ushort First)
{
    public const int Symbols = PortsToken.Size + Parity;

    public const int Parity = 8;

    /// <summary>How many ports it takes.</summary>
    public const int Size = Symbols * Values;

    /// <summary>The highest port that a span may begin at.</summary>
    public const int MaxFirst = ushort.MaxValue + 1 - Size;

    public const ushort UsualFirst = 20_000;

    private const int Values = 256;

    private static readonly ReedSolomon Code = new(Parity);

    public ushort Last => (ushort)(First + Size - 1);

    /// <summary>The ports of a token, in the order of its symbols.</summary>
    public void Write(ReadOnlySpan<byte> token, Span<ushort> ports)
    {
        Span<byte> word = stackalloc byte[Symbols];
        token[..PortsToken.Size].CopyTo(word);
        Code.Encode(word);
        for (var i = 0; i < Symbols; i++)
            ports[i] = (ushort)(First + (Values * i) + word[i]);
    }

    /// <summary>False for a port that does not lie in it.</summary>
    public bool TryRead(ushort port, out int place, out byte value)
    {
        (place, value) = ((port - First) / Values, (byte)(port - First));
        return port >= First && port <= Last;
    }

    /// <summary>Mends what came, in place. The token stands at its beginning.</summary>
    /// <param name="word">Of all symbols.</param>
    /// <param name="missing">Bit i: symbol i did not come.</param>
    internal static bool TryMend(Span<byte> word, ulong missing) => Code.TryDecode(word, missing);

    /// <summary>As it is written in configurations.</summary>
    public override string ToString() => new PortRange(Transport.Tcp, First, Last).ToString()[4..];
}
