using Postern.Confinement.Native;

namespace Postern.Confinement.Tests;

/// <summary>What the kernel knows of descriptors.</summary>
internal static class Open
{
    public static int Count => Directory.GetFileSystemEntries("/proc/self/fd").Length;

    /// <summary>proc(5), fdinfo: in octal.</summary>
    public static string Flags(Descriptor descriptor) =>
        File.ReadLines($"/proc/self/fdinfo/{descriptor.Number}").Single(line => line.StartsWith("flags:", StringComparison.Ordinal))[6..].Trim();

    public static string WriteTo(Descriptor descriptor)
    {
        try
        {
            using var stream = new FileStream(new Microsoft.Win32.SafeHandles.SafeFileHandle(descriptor.Number, ownsHandle: false), FileAccess.Write, 0);
            stream.WriteByte(0);
            return "written";
        }
        catch (IOException e)
        {
            return e.Message.Contains(Errno.Text(Errno.BrokenPipe), StringComparison.Ordinal) ? "broken pipe" : e.Message;
        }
    }

    /// <summary>All that comes until the end.</summary>
    public static string ReadAll(Descriptor descriptor)
    {
        using var reader = new StreamReader(new FileStream(new Microsoft.Win32.SafeHandles.SafeFileHandle(descriptor.Number, ownsHandle: false), FileAccess.Read, 0));
        return reader.ReadToEnd();
    }
}
