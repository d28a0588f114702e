using Postern.Packets.Filters;

namespace Postern.Packets.Tests;

/// <summary>
/// Classic BPF as the kernel runs it (Documentation/networking/filter.rst), for a packet of a SOCK_DGRAM socket: a load beyond the packet
/// ends the program with 0. Every jump is checked to stay inside, and every word of memory to have been written before it is read.
/// </summary>
internal static class BpfInterpreter
{
    public static uint Run(ReadOnlySpan<BpfInstruction> program, ReadOnlySpan<byte> packet, ushort etherType, byte packetType = 0)
    {
        uint a = 0, x = 0;
        Span<uint?> memory = stackalloc uint?[16];
        memory.Clear();
        for (var at = 0; ; at++)
        {
            var (code, yes, no, k) = program[at];
            switch (code)
            {
                case BpfCode.LoadByte or BpfCode.LoadHalf when k >= 0xffff_f000:
                    a = k == 0xffff_f000 ? etherType : k == 0xffff_f004 ? packetType : throw new InvalidOperationException($"unknown fact {k:x}");
                    break;
                case BpfCode.LoadByte:
                    if (!Load(packet, k, 1, out a)) return 0;
                    break;
                case BpfCode.LoadHalf:
                    if (!Load(packet, k, 2, out a)) return 0;
                    break;
                case BpfCode.LoadByteAtX:
                    if (!Load(packet, (ulong)x + k, 1, out a)) return 0;
                    break;
                case BpfCode.LoadHalfAtX:
                    if (!Load(packet, (ulong)x + k, 2, out a)) return 0;
                    break;
                case BpfCode.SetXToHeaderLength:
                    if (!Load(packet, k, 1, out x)) return 0;
                    x = (x & 15) * 4;
                    break;
                case BpfCode.LoadScratch: a = memory[(int)k]!.Value; break;
                case BpfCode.StoreScratch: memory[(int)k] = a; break;
                case BpfCode.SetX: x = k; break;
                case BpfCode.Add: a += k; break;
                case BpfCode.AddX: a += x; break;
                case BpfCode.And: a &= k; break;
                case BpfCode.SubtractX: a -= x; break;
                case BpfCode.ShiftRight: a >>= (int)k; break;
                case BpfCode.ShiftLeft: a <<= (int)k; break;
                case BpfCode.AToX: x = a; break;
                case BpfCode.XToA: a = x; break;
                case BpfCode.Jump: at += (int)k; break;
                case BpfCode.JumpIfEqual: at += a == k ? yes : no; break;
                case BpfCode.JumpIfGreater: at += a > k ? yes : no; break;
                case BpfCode.JumpIfNotLess: at += a >= k ? yes : no; break;
                case BpfCode.JumpIfBits: at += (a & k) != 0 ? yes : no; break;
                case BpfCode.Return: return k;
                default: throw new InvalidOperationException($"unknown operation {code}");
            }
        }
    }

    private static bool Load(ReadOnlySpan<byte> packet, ulong offset, int size, out uint value)
    {
        value = 0;
        if (offset + (ulong)size > (ulong)packet.Length)
            return false;
        foreach (var b in packet.Slice((int)offset, size))
            value = value << 8 | b;
        return true;
    }
}
