using Postern.Reports;
using Postern.Reports.Errands;

namespace Postern.Knocks.Ports;

/// <summary>
/// Where a token in port numbers goes (spec/knocks.md §4): 24 symbols of 8 bits, the 16 of the token and 8 of parity, each in the number of one port. Behind them is room for what rides along: as many
/// symbols as that has, at most 24, and 8 of parity of their own.
/// <code>
/// port = first + 256 · place of the symbol + its value
/// </code>
/// So a packet says which symbol it is, and neither the order nor a copy matters; and any third of them may be lost, and 8 of those of the data.
/// </summary>
/// <param name="First">The first of <see cref="Count"/> ports.</param>
public readonly record struct PortSpan(ushort First)
{
    public const int Symbols = PortsToken.Size + Parity;

    public const int Parity = 8;

    /// <summary>With data as long as it may be.</summary>
    public const int MaxSymbols = Symbols + ActionData.MaxLength + Parity;

    public const ushort UsualFirst = 20_000;

    private const int Values = 256;

    private static readonly ReedSolomon Code = new(Parity);

    /// <summary>There is room for what rides along.</summary>
    public bool HasData { get; init; }

    /// <summary>How many ports it takes.</summary>
    public int Count => Values * (HasData ? MaxSymbols : Symbols);

    /// <summary>The highest port that it may begin at.</summary>
    public int MaxFirst => ushort.MaxValue + 1 - Count;

    public ushort Last => (ushort)(First + Count - 1);

    /// <summary>How many symbols a token with so many bytes of data has.</summary>
    public static int SymbolsFor(int data) => data == 0 ? Symbols : Symbols + data + Parity;

    /// <summary>The ports of a token, in the order of its symbols.</summary>
    /// <param name="token">And its data.</param>
    /// <param name="ports">Room for <see cref="SymbolsFor"/>.</param>
    public void Write(ReadOnlySpan<byte> token, Span<ushort> ports)
    {
        var data = token[PortsToken.Size..];
        Span<byte> word = stackalloc byte[MaxSymbols];
        token[..PortsToken.Size].CopyTo(word);
        Code.Encode(word[..Symbols]);
        data.CopyTo(word[Symbols..]);
        if (!data.IsEmpty)
            Code.Encode(word.Slice(Symbols, data.Length + Parity));
        for (var i = 0; i < SymbolsFor(data.Length); i++)
            ports[i] = (ushort)(First + (Values * i) + word[i]);
    }

    /// <summary>False for a port that does not lie in it.</summary>
    public bool TryRead(ushort port, out int place, out byte value)
    {
        (place, value) = ((port - First) / Values, (byte)(port - First));
        return port >= First && port <= Last;
    }

    /// <summary>Mends what came, in place: the symbols of the token, or those of its data. What they stand for is at the beginning.</summary>
    /// <param name="word">With its parity.</param>
    /// <param name="missing">Bit i: symbol i did not come.</param>
    internal static bool TryMend(Span<byte> word, ulong missing) => Code.TryDecode(word, missing);

    /// <summary>As it is written in configurations.</summary>
    public override string ToString() => new PortRange(Transport.Tcp, First, Last).ToString()[4..];
}
