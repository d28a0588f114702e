using System.Globalization;
using System.Net.Sockets;
using Microsoft.Win32.SafeHandles;

namespace Postern.Cli.Commands;

/// <summary>Standard input and output as bytes, without the layers that the console puts over them.</summary>
internal static class StandardStreams
{
    private const int Input = 0;
    private const int Output = 1;
    private const int Error = 2;
    private const string Descriptors = "/proc/self/fd";

    public static Stream OpenInput() => OperatingSystem.IsWindows() ? Console.OpenStandardInput() : Open(Input, FileAccess.Read);

    public static Stream OpenOutput() => OperatingSystem.IsWindows() ? Console.OpenStandardOutput() : Open(Output, FileAccess.Write);

    /// <summary>
    /// Lets whoever reads our output see its end, although we go on: every copy of the descriptor has to go, and the runtime makes some that it never closes
    /// (its start, and the console). A socket is told that nothing more comes, for it may be our input too.
    /// </summary>
    public static void EndOutput()
    {
        if (OperatingSystem.IsWindows())
            return;
        var target = TargetOf(Output);
        if (target.StartsWith("socket:", StringComparison.Ordinal))
        {
            using var socket = new Socket(new SafeSocketHandle(Output, ownsHandle: false));
            socket.Shutdown(SocketShutdown.Send);
            return;
        }

        foreach (var descriptor in CopiesOf(target))
            new SafeFileHandle(descriptor, ownsHandle: true).Dispose();
    }

    /// <summary>A file or a terminal has no end to be seen, and may be the input or the standard error as well.</summary>
    private static int[] CopiesOf(string target) => !target.StartsWith("pipe:", StringComparison.Ordinal) ? [] :
    [
        .. Directory.GetFiles(Descriptors).Select(f => int.Parse(Path.GetFileName(f), CultureInfo.InvariantCulture))
            .Where(fd => fd is not (Input or Error) && string.Equals(TargetOf(fd), target, StringComparison.Ordinal)),
    ];

    private static string TargetOf(int descriptor) =>
        new FileInfo(string.Create(CultureInfo.InvariantCulture, $"{Descriptors}/{descriptor}")).LinkTarget ?? "";

    private static FileStream Open(int descriptor, FileAccess access) => new(new SafeFileHandle(descriptor, ownsHandle: false), access, bufferSize: 0);
}
