namespace Postern.Packets.Logs;

/// <summary>
/// What stands before the kernel's words. All of it ends with the kernel's name; a program that writes to the log has another, as far as the logger can tell.
/// <code>
/// Nov 22 11:23:43 gate kernel: [46472.236795] …                      syslog (RFC 3164), dmesg's uptime or none
/// 2026-11-22T11:23:43.123456+00:00 gate kernel: …                    rsyslog; the journal (short-iso) writes the zone as +0000
/// &lt;4&gt;1 2026-11-22T11:23:43Z gate kernel - - - …                     RFC 5424, the number and version or none
/// Sun Nov 22 11:23:43 2026 kern.warn kernel: …                       OpenWrt
/// [46472.236795] …                                                   dmesg: bare
/// </code>
/// </summary>
internal static class LogHeader
{
    private const int MaxHost = 255;

    /// <summary>Steps over it. False where the kernel is not named as who wrote it.</summary>
    public static bool TrySkip(ref ReadOnlySpan<byte> text, out LogStamp stamp, out bool isBare)
    {
        stamp = LogStamp.None;
        var rest = text;
        isBare = TrySkipUptime(ref rest, out var uptime);
        if (!isBare)
        {
            SkipPriority(ref rest);
            if (!LogStamp.TryRead(ref rest, out stamp) || !TrySkipHost(ref rest) || !TrySkipName(ref rest))
                return false;
            _ = TrySkipUptime(ref rest, out uptime);
        }

        stamp = stamp with { Uptime = uptime };
        text = rest;
        return true;
    }

    private static void SkipPriority(ref ReadOnlySpan<byte> rest)
    {
        if (!rest.StartsWith("<"u8) || rest.IndexOf((byte)'>') is not (> 1 and <= 4 and var end) || rest[1..end].ContainsAnyExceptInRange((byte)'0', (byte)'9'))
            return;
        rest = rest[(end + 1)..];
        if (rest.StartsWith("1 "u8))
            rest = rest[2..];
    }

    private static bool TrySkipHost(ref ReadOnlySpan<byte> rest)
    {
        if (!rest.StartsWith(" "u8) || rest[1..].IndexOf((byte)' ') is not (> 0 and <= MaxHost and var end))
            return false;
        if (rest[end] == (byte)':')
            return false; // a program's tag where the host should be: what follows is the program's to say
        rest = rest[(end + 2)..];
        return true;
    }

    private static bool TrySkipName(ref ReadOnlySpan<byte> rest) => TrySkip(ref rest, "kernel: "u8) || TrySkip(ref rest, "kernel - - - "u8);

    private static bool TrySkip(ref ReadOnlySpan<byte> rest, ReadOnlySpan<byte> what)
    {
        if (!rest.StartsWith(what))
            return false;
        rest = rest[what.Length..];
        return true;
    }

    /// <summary><c>[   12.345678] </c>, in seconds.</summary>
    private static bool TrySkipUptime(ref ReadOnlySpan<byte> text, out long uptime)
    {
        uptime = LogStamp.NoUptime;
        var rest = text;
        if (!TrySkip(ref rest, "["u8))
            return false;
        rest = rest.TrimStart((byte)' ');
        if (!LogStamp.TryDigits(ref rest, 1, 9, out var seconds) || !TrySkip(ref rest, "."u8) || !LogStamp.TryFraction(ref rest, out var nanoseconds) || !TrySkip(ref rest, "] "u8))
            return false;
        uptime = (seconds * LogStamp.NanosecondsPerSecond) + nanoseconds;
        text = rest;
        return true;
    }
}
