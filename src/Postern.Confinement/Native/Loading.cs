using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Text;

namespace Postern.Confinement.Native;

/// <summary>What the kernel executes when a program is: the program, and the loader that it names (elf(5), PT_INTERP).</summary>
internal static class Loading
{
    private const int HeaderLength = 64;
    private const int Interpreter = 3;

    public static ImmutableArray<string> Of(string program) => LoaderOf(program) is { } loader ? [program, loader] : [program];

    /// <summary>Null: it has none, or is no program of 64 bits, little-endian. Whether it can be executed is for the kernel to say.</summary>
    private static string? LoaderOf(string program)
    {
        try
        {
            using var file = Unlocked.Open(program);
            Span<byte> header = stackalloc byte[HeaderLength];
            file.ReadExactly(header);
            if (!header.StartsWith("\u007fELF\u0002\u0001"u8))
                return null;
            var (at, size, count) = (Long(header[32..]), Short(header[54..]), Short(header[56..]));
            Span<byte> entry = stackalloc byte[56];
            for (var i = 0; i < count && size == entry.Length; i++)
            {
                file.Position = at + (i * size);
                file.ReadExactly(entry);
                if (BinaryPrimitives.ReadInt32LittleEndian(entry) != Interpreter)
                    continue;
                var name = new byte[Math.Clamp(Long(entry[32..]) - 1, 0, 4096)];
                file.Position = Long(entry[8..]);
                file.ReadExactly(name);
                return Encoding.UTF8.GetString(name);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
        }

        return null;
    }

    private static long Long(ReadOnlySpan<byte> bytes) => BinaryPrimitives.ReadInt64LittleEndian(bytes);

    private static int Short(ReadOnlySpan<byte> bytes) => BinaryPrimitives.ReadUInt16LittleEndian(bytes);
}
