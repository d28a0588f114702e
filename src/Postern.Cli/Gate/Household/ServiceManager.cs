using System.Globalization;
using System.Net.Sockets;

namespace Postern.Cli.Gate.Household;

/// <summary>Tells the service manager how it stands (sd_notify(3)): one datagram to the socket it named; nothing where there is none.</summary>
internal static class ServiceManager
{
    /// <summary>How long the manager waits for a sign of life (sd_watchdog_enabled(3)); null: it does not.</summary>
    public static TimeSpan? Watchdog { get; } =
        long.TryParse(Environment.GetEnvironmentVariable("WATCHDOG_USEC"), NumberStyles.None, CultureInfo.InvariantCulture, out var time) && IsForUs() ? TimeSpan.FromMicroseconds(time) : null;

    /// <summary>In one line: the text is the warden's, and each further line would be another word to the manager, with the steward's authority.</summary>
    public static void Ready(string status) => Notify($"READY=1\nSTATUS={status.ReplaceLineEndings(" ")}");

    /// <summary>The manager wants the time of the monotonic clock with it, so as to pair it with the READY that follows.</summary>
    public static void Reloading() =>
        Notify(string.Create(CultureInfo.InvariantCulture, $"RELOADING=1\nMONOTONIC_USEC={(long)GateClock.Now().Uptime.TotalMicroseconds}"));

    public static void Alive() => Notify("WATCHDOG=1");

    public static void Stopping() => Notify("STOPPING=1");

    private static bool IsForUs() =>
        Environment.GetEnvironmentVariable("WATCHDOG_PID") is not { Length: > 0 } pid || pid.Equals(Environment.ProcessId.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal);

    private static void Notify(string message)
    {
        if (Environment.GetEnvironmentVariable("NOTIFY_SOCKET") is not { Length: > 0 } address)
            return;
        try
        {
            using var socket = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
            var path = address[0] == '@' ? "\0" + address[1..] : address;
            socket.SendTo(System.Text.Encoding.UTF8.GetBytes(message), new UnixDomainSocketEndPoint(path));
        }
        catch (SocketException)
        {
            // A manager that does not listen is no reason to stop guarding.
        }
    }
}
