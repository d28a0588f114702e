using System.Diagnostics;
using System.Text;

namespace Postern.Cli.Commands;

/// <summary>Asks on the terminal, and not on standard input, which may be the data of a connection. What is typed is not shown.</summary>
internal static class Passphrase
{
    private const string Terminal = "/dev/tty";

    /// <summary>Null where there is no terminal.</summary>
    public static string? Ask(string prompt, CancellationToken cancellation) => OperatingSystem.IsWindows() ? AskConsole(prompt) : AskTerminal(prompt, cancellation);

    private static string? AskTerminal(string prompt, CancellationToken cancellation)
    {
        try
        {
            using var terminal = new FileStream(Terminal, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite, bufferSize: 0);
            terminal.Write(Encoding.UTF8.GetBytes(prompt));
            SetEcho("-echo");
            try
            {
                // Whoever presses Ctrl-C gets his terminal back as it was, though the thread goes on waiting for a line.
                var line = Task.Run(() => ReadLine(terminal), CancellationToken.None);
                line.Wait(cancellation);
                return line.Result;
            }
            finally
            {
                SetEcho("echo");
                terminal.Write("\n"u8);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static string? ReadLine(FileStream terminal)
    {
        var bytes = new List<byte>(64);
        Span<byte> one = stackalloc byte[1];
        while (terminal.Read(one) == 1)
        {
            if (one[0] == (byte)'\n')
                return Encoding.UTF8.GetString([.. bytes]);
            bytes.Add(one[0]);
        }

        return null;
    }

    private static void SetEcho(string setting)
    {
        using var stty = Process.Start(new ProcessStartInfo("/bin/sh", ["-c", $"stty {setting} <{Terminal} >{Terminal} 2>&1"]) { UseShellExecute = false });
        stty?.WaitForExit();
    }

    private static string? AskConsole(string prompt)
    {
        if (Console.IsInputRedirected)
            return null;
        Console.Error.Write(prompt);
        var text = new StringBuilder();
        while (Console.ReadKey(intercept: true) is { Key: not ConsoleKey.Enter } key)
        {
            if (key.Key == ConsoleKey.Backspace)
                text.Length = Math.Max(0, text.Length - 1);
            else if (!char.IsControl(key.KeyChar))
                text.Append(key.KeyChar);
        }

        Console.Error.WriteLine();
        return text.ToString();
    }
}
