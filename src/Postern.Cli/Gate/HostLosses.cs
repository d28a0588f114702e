using System.Globalization;
using Postern.Confinement;

namespace Postern.Cli.Gate;

/// <summary>
/// Packets that the kernel threw away before anybody could see them, since it had more than it could take: the backlog of its processors was full (net.core.netdev_max_backlog).
/// It counts them for the whole host, whatever the network namespace. Read when somebody asks for the status, and never else.
/// </summary>
internal sealed class HostLosses
{
    private readonly long? _before = Read();

    /// <summary>Since this was made; null: the kernel does not say.</summary>
    public long? Count() => Read() - _before is { } lost ? Math.Max(0, lost) : null;

    private static long? Read()
    {
        try
        {
            return Sum(Unlocked.ReadText("/proc/net/softnet_stat"));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>
    /// <code>
    /// a line for each processor, numbers in hexadecimal:   processed · dropped · time squeezed · …
    /// </code>
    /// </summary>
    internal static long? Sum(string text)
    {
        var sum = 0L;
        foreach (var line in text.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            if (line.Split(' ') is not [_, var dropped, ..] || !uint.TryParse(dropped, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var number))
                return null;
            sum += number;
        }

        return sum;
    }
}
