using System.Runtime.InteropServices;

namespace Postern.Packets.Filters;

/// <summary>
/// <c>struct sock_filter</c> of linux/filter.h: what to do, how many instructions to skip when a comparison holds and when it does not,
/// and a constant. There are two registers, A (the accumulator) and X (an index), and a few words of scratch memory M.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly record struct BpfInstruction(BpfCode Code, byte SkipIfTrue, byte SkipIfFalse, uint Constant)
{
    public const int Size = 2 + 1 + 1 + 4;
}

/// <summary>The operations that we use, by the kernel's numbers (linux/bpf_common.h: class | size | mode). <c>k</c> is the constant.</summary>
internal enum BpfCode : ushort
{
    /// <summary>A ← the byte at k.</summary>
    LoadByte = 0x30,

    /// <summary>A ← the 16 bits at k.</summary>
    LoadHalf = 0x28,

    /// <summary>A ← the byte at X + k.</summary>
    LoadByteAtX = 0x50,

    /// <summary>A ← the 16 bits at X + k.</summary>
    LoadHalfAtX = 0x48,

    /// <summary>A ← M[k].</summary>
    LoadScratch = 0x60,

    /// <summary>X ← k.</summary>
    SetX = 0x01,

    /// <summary>X ← 4 · (the low half of the byte at k): the length of an IPv4 header, in one step.</summary>
    SetXToHeaderLength = 0xb1,

    /// <summary>M[k] ← A.</summary>
    StoreScratch = 0x02,

    Add = 0x04,
    AddX = 0x0c,
    And = 0x54,
    SubtractX = 0x1c,
    ShiftLeft = 0x64,
    ShiftRight = 0x74,
    AToX = 0x07,
    XToA = 0x87,

    /// <summary>Skips k instructions.</summary>
    Jump = 0x05,
    JumpIfEqual = 0x15,
    JumpIfGreater = 0x25,
    JumpIfNotLess = 0x35,

    /// <summary>A and k have a bit in common.</summary>
    JumpIfBits = 0x45,

    /// <summary>Ends: k bytes of the packet are kept, none if zero.</summary>
    Return = 0x06,
}
