using Postern.Packets;

namespace Postern.Knocks.Sequences;

/// <summary>Which TCP flags must be set and which clear, written as knockd writes it: <c>syn,!ack</c>. Flags not named do not matter.</summary>
public readonly record struct TcpFlagCondition(TcpFlags Set, TcpFlags Clear)
{
    private static readonly (string Name, TcpFlags Flag)[] Names =
    [
        ("fin", TcpFlags.Fin), ("syn", TcpFlags.Syn), ("rst", TcpFlags.Rst), ("psh", TcpFlags.Psh),
        ("ack", TcpFlags.Ack), ("urg", TcpFlags.Urg), ("ece", TcpFlags.Ece), ("cwr", TcpFlags.Cwr),
    ];

    /// <summary>The first segment of a connection, which is what a client that just connects will send.</summary>
    public static TcpFlagCondition Connect => new(TcpFlags.Syn, TcpFlags.Ack);

    public static TcpFlagCondition Any => default;

    /// <summary>Flags of a TCP segment; a packet of another protocol has none to object to.</summary>
    public bool HoldsOrIsNotTcp(in PacketView packet) => packet.Protocol != IpProtocol.Tcp || Holds(packet.Flags);

    public bool Holds(TcpFlags flags) => (flags & (Set | Clear)) == Set;

    public static bool TryParse(ReadOnlySpan<char> text, out TcpFlagCondition condition)
    {
        condition = default;
        foreach (var part in text.Split(','))
        {
            var word = text[part].Trim();
            var clear = word.StartsWith("!");
            if (clear)
                word = word[1..];
            if (!TryFind(word, out var flag) || ((condition.Set | condition.Clear) & flag) != TcpFlags.None)
                return false;
            condition = clear ? condition with { Clear = condition.Clear | flag } : condition with { Set = condition.Set | flag };
        }

        return true;
    }

    private static bool TryFind(ReadOnlySpan<char> word, out TcpFlags found)
    {
        foreach (var (name, flag) in Names)
        {
            if (word.Equals(name, StringComparison.OrdinalIgnoreCase))
            {
                found = flag;
                return true;
            }
        }

        found = default;
        return false;
    }

    public override string ToString()
    {
        var self = this;
        return string.Join(',', Names.Where(n => ((self.Set | self.Clear) & n.Flag) != TcpFlags.None).Select(n => (self.Clear & n.Flag) != TcpFlags.None ? "!" + n.Name : n.Name));
    }
}
