using System.Runtime.InteropServices;

namespace Postern.Confinement.SystemCalls;

/// <summary>What a filter answers (seccomp(2)): the action in the upper half, its data in the lower.</summary>
internal static class Verdict
{
    public const uint Allow = 0x7FFF_0000;

    /// <summary>The whole process, by SIGSYS.</summary>
    public const uint Kill = 0x8000_0000;

    public static uint Deny(int errno) => 0x0005_0000 | (uint)errno;
}

/// <summary><c>struct sock_filter</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly record struct Instruction(ushort Code, byte Yes, byte No, uint Constant);

/// <summary>
/// A program of classic BPF over <c>struct seccomp_data</c>: nr, architecture, instruction pointer (8), six arguments of 8 bytes, little-endian.
/// A condition stands before the lines that it guards and skips them.
/// </summary>
internal sealed class FilterProgram
{
    private const int Number = 0;
    private const int Architecture = 4;
    private const int Arguments = 16;

    // linux/bpf_common.h
    private const ushort LoadWord = 0x20;
    private const ushort AndConstant = 0x54;
    private const ushort JumpIfEqual = 0x15;
    private const ushort JumpIfAtLeast = 0x35;
    private const ushort ReturnConstant = 0x06;

    private readonly List<Instruction> _lines = [];

    public ReadOnlySpan<Instruction> Lines => CollectionsMarshal.AsSpan(_lines);

    public void LoadNumber() => Add(LoadWord, Number);

    public void LoadArchitecture() => Add(LoadWord, Architecture);

    public void LoadArgument(int index) => Add(LoadWord, (uint)(Arguments + (8 * index)));

    public void LoadUpperHalfOf(int index) => Add(LoadWord, (uint)(Arguments + (8 * index) + 4));

    public void And(uint mask) => Add(AndConstant, mask);

    public void Return(uint verdict) => Add(ReturnConstant, verdict);

    public void IfEqual(uint value, Action then) => Guard(JumpIfEqual, value, then, whenTrue: true);

    public void Unless(uint value, Action then) => Guard(JumpIfEqual, value, then, whenTrue: false);

    public void IfAtLeast(uint value, Action then) => Guard(JumpIfAtLeast, value, then, whenTrue: true);

    private void Guard(ushort comparison, uint value, Action then, bool whenTrue)
    {
        var place = _lines.Count;
        Add(comparison, value);
        then();
        var skip = checked((byte)(_lines.Count - place - 1));
        _lines[place] = whenTrue ? new(comparison, 0, skip, value) : new(comparison, skip, 0, value);
    }

    private void Add(ushort code, uint constant) => _lines.Add(new(code, 0, 0, constant));
}
