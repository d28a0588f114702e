using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Postern.Cli.CommandLine;
using Postern.Cli.Control;
using Postern.Cli.Gate.Watch;

namespace Postern.Cli.Commands;

/// <summary><c>postern watch</c>: each attempt at the running gate with what became of it, as it happens.</summary>
internal static class WatchCommand
{
    public static Command Create()
    {
        var (socket, client) = (ControlCommands.SocketOption(), ExplainCommand.ClientOption());
        var json = new Option<bool>("--json") { Description = "Print one JSON object a line" };
        var command = new DocumentedCommand("watch", "Show attempts, refusals and grants as they happen", "postern watch --client 192.0.2.7") { client, socket, json };
        command.SetAction(async (result, cancellation) =>
        {
            var output = result.InvocationConfiguration.Output;
            var told = new WatchText(output, TimeZoneInfo.Local);
            Action<string> tell = result.GetValue(json) ? output.WriteLine : told.Tell;
            await ControlClient.WatchAsync(result.GetValue(socket)!, new(ControlRequest.Watch) { Address = result.GetValue(client)?.ToString() }, tell, cancellation);
            return ExitCode.Done;
        });
        return command;
    }

    /// <summary>
    /// <code>
    /// 20:14:03.120  192.0.2.7 > 198.51.100.1         tcp/7000   office: step 1 of 3
    /// 20:14:03.220  opens ssh to 192.0.2.7 until 20:14:33
    /// 20:14:05.000  31 packets/s, 12 not told of
    /// </code>
    /// </summary>
    private sealed class WatchText(TextWriter output, TimeZoneInfo zone)
    {
        /// <summary>Fewer a second are no news.</summary>
        private const double Busy = 20;

        private CounterLine? _before;
        private DateTimeOffset _at;

        public void Tell(string line)
        {
            if (JsonSerializer.Deserialize(line, WatchShapes.Default.WatchLine) is not { } told
                || !DateTimeOffset.TryParse(told.Time, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time))
                return;
            if (told.Counters is { } counters)
                TellOf(counters, time);
            else if (told.Attempt is { } attempt)
                Write(time, $"{$"{attempt.From} > {attempt.To}",-31}  {attempt.What,-9}  {told.Text}");
            else if (told.Text is { } text)
                Write(time, text);
        }

        /// <summary>The gate itself is told every two seconds, so mostly there is nothing new.</summary>
        private void TellOf(CounterLine now, DateTimeOffset time)
        {
            if (_before is not { } before)
            {
                Write(time, $"watching, times are of UTC{TimeZoneInfo.ConvertTime(time, zone).ToString("zzz", CultureInfo.InvariantCulture)}; ctrl-c ends it");
                (_before, _at) = (now, time);
                return;
            }

            if (now == before)
                return;
            var rate = (now.Read - before.Read) / Math.Max(1, (time - _at).TotalSeconds);
            string?[] lines =
            [
                rate >= Busy ? string.Create(CultureInfo.InvariantCulture, $"{rate:0} packets/s") : null,
                Count(now.Refused - before.Refused, "single packets refused"),
                Count(now.NotTold - before.NotTold, "packets not told of, there were too many"),
                Count(now.AttemptsEvicted - before.AttemptsEvicted, "attempts pushed out by newer ones"),
                Count(now.DroppedByRing - before.DroppedByRing, "packets LOST in the ring"),
                Count(now.DroppedReports - before.DroppedReports, "reports LOST"),
                Count(now.Missed - before.Missed, "lines missed here"),
            ];
            (_before, _at) = (now, time);
            if (string.Join(", ", lines.OfType<string>()) is { Length: > 0 } news)
                Write(time, news);
        }

        private static string? Count(long number, string what) => number <= 0 ? null : string.Create(CultureInfo.InvariantCulture, $"{number} {what}");

        private void Write(DateTimeOffset time, string text) =>
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{TimeZoneInfo.ConvertTime(time, zone):HH:mm:ss.fff}  {Terminal.OneLine(text)}"));
    }
}
