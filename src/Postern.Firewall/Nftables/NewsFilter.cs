using System.Runtime.InteropServices;

namespace Postern.Firewall.Nftables;

/// <summary>One instruction of a socket's filter (struct sock_filter, linux/filter.h).</summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly record struct FilterStep(ushort Code, byte IfTrue, byte IfFalse, uint Number);

/// <summary>
/// What the kernel need not wake us for: news of elements that come and go, and of the generation that each change begins. Each grant of ours is one, and so
/// would wake a thread, and at some ten thousand a second overflow its socket. The kernel packs the news of one transaction into
/// one datagram, so all of its messages are looked at, as far as there are so many; what is longer is let through, and judged by
/// <see cref="RulesWatch"/> as before.
/// <code>
/// X = 0; thrice-ten times: type at X unknown → take; X += length at X, aligned; X beyond the end → drop;   then take
/// </code>
/// </summary>
internal static class NewsFilter
{
    private const int MostMessages = 30;

    private const uint Take = uint.MaxValue;
    private const uint Drop = 0;
    private const uint MessageHeader = 16;

    // linux/bpf_common.h
    private const ushort LoadLength = 0x80; // BPF_LD | BPF_W | BPF_LEN
    private const ushort LoadByteAtX = 0x50; // BPF_LD | BPF_B | BPF_IND
    private const ushort SetX = 0x01; // BPF_LDX | BPF_IMM
    private const ushort RecallX = 0x61; // BPF_LDX | BPF_MEM
    private const ushort KeepA = 0x02; // BPF_ST
    private const ushort KeepX = 0x03; // BPF_STX
    private const ushort Add = 0x04; // BPF_ALU | BPF_ADD | BPF_K
    private const ushort AddX = 0x0c; // BPF_ALU | BPF_ADD | BPF_X
    private const ushort ShiftLeft = 0x64; // BPF_ALU | BPF_LSH | BPF_K
    private const ushort OrX = 0x4c; // BPF_ALU | BPF_OR | BPF_X
    private const ushort And = 0x54; // BPF_ALU | BPF_AND | BPF_K
    private const ushort CopyToX = 0x07; // BPF_MISC | BPF_TAX
    private const ushort JumpIf = 0x15; // BPF_JMP | BPF_JEQ | BPF_K
    private const ushort JumpIfAtLeast = 0x35; // BPF_JMP | BPF_JGE | BPF_K
    private const ushort JumpIfAboveX = 0x2d; // BPF_JMP | BPF_JGT | BPF_X
    private const ushort Return = 0x06; // BPF_RET | BPF_K

    private const uint Offset = 0; // scratch memory
    private const uint Low = 1;

    /// <summary>Empty where it cannot be said: netlink's numbers are in the host's order, and the filter reads bytes.</summary>
    public static FilterStep[] Program { get; } = BitConverter.IsLittleEndian ? Write() : [];

    private static FilterStep[] Write()
    {
        var steps = new List<FilterStep> { new(SetX, 0, 0, 0) };
        for (var message = 0; message < MostMessages; message++)
        {
            steps.Add(new(LoadByteAtX, 0, 0, 5)); // of nlmsg_type, the subsystem
            OrTake(steps, JumpIf, NfTablesWire.SubsystemNfTables);
            steps.Add(new(LoadByteAtX, 0, 0, 4)); // and the kind
            steps.Add(new(JumpIf, 3, 0, (uint)NftMessage.NewSetElement));
            steps.Add(new(JumpIf, 2, 0, (uint)NftMessage.DeleteSetElement));
            OrTake(steps, JumpIf, (uint)NftMessage.NewGeneration);
            steps.Add(new(LoadByteAtX, 0, 0, 2)); // of nlmsg_len, what is beyond 64 KiB
            OrTake(steps, JumpIf, 0);
            steps.Add(new(KeepX, 0, 0, Offset));
            steps.Add(new(LoadByteAtX, 0, 0, 1));
            steps.Add(new(ShiftLeft, 0, 0, 8));
            steps.Add(new(KeepA, 0, 0, Low));
            steps.Add(new(LoadByteAtX, 0, 0, 0));
            steps.Add(new(RecallX, 0, 0, Low));
            steps.Add(new(OrX, 0, 0, 0));
            OrTake(steps, JumpIfAtLeast, MessageHeader);
            steps.Add(new(Add, 0, 0, 3));
            steps.Add(new(And, 0, 0, ~3u));
            steps.Add(new(RecallX, 0, 0, Offset));
            steps.Add(new(AddX, 0, 0, 0));
            steps.Add(new(CopyToX, 0, 0, 0));
            steps.Add(new(LoadLength, 0, 0, 0));
            steps.Add(new(JumpIfAboveX, 1, 0, 0));
            steps.Add(new(Return, 0, 0, Drop));
        }

        steps.Add(new(Return, 0, 0, Take));
        return [.. steps];
    }

    /// <summary>Goes on where the condition holds.</summary>
    private static void OrTake(List<FilterStep> steps, ushort condition, uint number)
    {
        steps.Add(new(condition, 1, 0, number));
        steps.Add(new(Return, 0, 0, Take));
    }
}
