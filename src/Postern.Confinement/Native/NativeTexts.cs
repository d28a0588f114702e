using System.Collections.Immutable;
using System.Runtime.InteropServices;

namespace Postern.Confinement.Native;

/// <summary>Texts as C wants them: each ended by a zero byte, their addresses in a list that a null ends.</summary>
internal sealed unsafe class NativeTexts : IDisposable
{
    private readonly int _count;

    public NativeTexts(ImmutableArray<string> texts)
    {
        _count = texts.Length;
        Pointers = (byte**)NativeMemory.AllocZeroed((nuint)_count + 1, (nuint)sizeof(byte*));
        for (var i = 0; i < _count; i++)
            Pointers[i] = (byte*)Marshal.StringToCoTaskMemUTF8(NotCutShort(texts[i]));
    }

    public byte** Pointers { get; }

    public void Dispose()
    {
        for (var i = 0; i < _count; i++)
            Marshal.FreeCoTaskMem((nint)Pointers[i]);
        NativeMemory.Free(Pointers);
    }

    private static string NotCutShort(string text) =>
        text.Contains('\0') ? throw new ArgumentException("a text for another program holds a zero character", nameof(text)) : text;
}
