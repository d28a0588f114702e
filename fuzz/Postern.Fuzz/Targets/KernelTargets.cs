using System.Text;
using Postern.Firewall;
using Postern.Firewall.Nftables;
using Postern.Fuzz.Engine;

namespace Postern.Fuzz.Targets;

/// <summary>What the kernel answers. It is not an enemy; but what others put into its tables comes back through it.</summary>
internal static class KernelTargets
{
    private const int MostNests = 4;

    public static void Netlink(ReadOnlySpan<byte> input)
    {
        Spent.Begin();
        var answer = new NetlinkAnswer(input);
        var (messages, attributes) = (0, 0);
        while (answer.MoveNext())
        {
            messages++;
            _ = (answer.Type, answer.Flags, answer.Sequence, answer.Error, answer.Family);
            Walk(answer.Attributes, MostNests, ref attributes);
        }

        Spent.End();
        Oracle.That(messages <= input.Length / 16, "more messages than there is room for");
        Oracle.That(attributes <= MostNests * input.Length, "more attributes than there is room for");
        Oracle.That(!answer.MoveNext(), "an answer that ended goes on");
    }

    /// <summary>The attributes of one element of a grant set.</summary>
    public static void Element(ReadOnlySpan<byte> input)
    {
        foreach (var set in (GrantSet[])[.. GrantSet.Plain, .. GrantSet.Forwarding])
        {
            Spent.Begin();
            var isRead = GrantElement.TryRead(new(input), set, out var element);
            Spent.End();
            if (isRead && element.Service is { Length: > 0 and < 200 } service && Ascii.IsValid(service) && !service.Contains('\0') && !element.To.Source.IsV4 == !set.IsV4)
                CheckWritten(element, set);
        }
    }

    public static void SocketTable(ReadOnlySpan<byte> input)
    {
        var line = Encoding.Latin1.GetString(input);
        Spent.Begin();
        var isRead = LiveSockets.TryParse(line, out var socket);
        Spent.End();
        Oracle.That(isRead || socket == default, "a socket of a line that has none");
    }

    private static void CheckWritten(GrantElement element, GrantSet set)
    {
        Span<byte> room = stackalloc byte[1024];
        var batch = new NetlinkBatch(room, 1);
        batch.BeginMessage(NftMessage.NewSetElement, 0);
        GrantElement.Write(ref batch, set, element, milliseconds: 1000);
        batch.EndMessage();
        var answer = new NetlinkAnswer(batch.Written);
        Oracle.That(answer.MoveNext() && answer.Attributes.TryFind(NfTablesWire.ListElement, out var written), "an element that was written is not there");
        answer.Attributes.TryFind(NfTablesWire.ListElement, out written);
        Oracle.That(GrantElement.TryRead(written.Nest, set, out var again), "an element that was written is not read");
        Oracle.That(again with { Remaining = element.Remaining } == element, $"another element: {again} for {element}");
    }

    private static void Walk(NetlinkAttributes attributes, int depth, ref int count)
    {
        while (attributes.MoveNext())
        {
            count++;
            _ = (attributes.Number, attributes.LongNumber, attributes.Text.Length);
            if (depth > 1)
                Walk(attributes.Nest, depth - 1, ref count);
        }
    }
}
