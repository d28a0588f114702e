using System.Globalization;
using System.Text;
using Microsoft.Extensions.Logging;
using Postern.Reports;
using Postern.Warden;

namespace Postern.Cli.Gate;

/// <summary>
/// One line for each attempt that meant something:
/// <c>opened service=ssh address=192.0.2.7 knock=office until=2026-11-21T23:14:00Z</c>. Whoever knows a sequence could fill the disk by
/// knocking without end, so lines pass a throttle that says how much it held back. Refusals have one of their own: they cost least to cause, and must not hide who got in.
/// </summary>
internal sealed class LogAudit(ILogger log, TimeProvider clock) : IAudit
{
    private readonly Throttle _refusals = new(log, clock);
    private readonly Throttle _others = new(log, clock);
    private readonly StringBuilder _line = new();

    public void Write(in AuditEntry entry)
    {
        if (!(entry.What == AuditEvent.Refused ? _refusals : _others).Passes())
            return;
        if (entry is { What: AuditEvent.Failed } or { What: AuditEvent.Undone, Detail: not null })
            GateLog.AuditWarning(log, Line(_line, entry)); // something may still stand open
        else
            GateLog.Audit(log, Line(_line, entry));
    }

    public static string Line(in AuditEntry entry) => Line(new(), entry);

    private static string Line(StringBuilder line, in AuditEntry entry)
    {
        line.Clear();
        line.Append(WordOf(entry.What));
        if (entry.Service.Length > 0)
            line.Append(CultureInfo.InvariantCulture, $" service={entry.Service}");
        line.Append(CultureInfo.InvariantCulture, $" address={entry.Source}");
        if (entry.SourcePort != 0)
            line.Append(CultureInfo.InvariantCulture, $" port={entry.SourcePort}");
        if (entry.Port is { } chosen)
            line.Append(CultureInfo.InvariantCulture, $" at={chosen}");
        if (entry.Forward is { } target)
            line.Append(CultureInfo.InvariantCulture, $" forward={target}");
        if (entry.Knock.Length > 0)
            line.Append(CultureInfo.InvariantCulture, $" knock={entry.Knock}");
        if (entry.Data.Length > 0)
            line.Append(CultureInfo.InvariantCulture, $" data={entry.Data}");
        if (entry.By is { } by)
            AppendWho(line, by);
        if (entry.Stack != ClientStack.None)
            line.Append(CultureInfo.InvariantCulture, $" stack={entry.Stack.Word()}");
        if (entry.Until is { } until)
            line.Append(CultureInfo.InvariantCulture, $" until={until.UtcDateTime:yyyy-MM-ddTHH:mm:ss.fff}Z");
        if (entry.Capped is { } asked)
            line.Append(CultureInfo.InvariantCulture, $" capped=\"asked for {asked.TotalSeconds:0} s\"");
        if (entry.Refusal != Refusal.None)
            line.Append(CultureInfo.InvariantCulture, $" refusal={entry.Refusal.Word()}");
        if (entry.Detail is not null)
            line.Append(CultureInfo.InvariantCulture, $" detail=\"{entry.Detail}\"");
        return line.ToString();
    }

    private static string WordOf(AuditEvent what) => what switch
    {
        AuditEvent.Opened => "opened",
        AuditEvent.Extended => "extended",
        AuditEvent.Ended => "ended",
        AuditEvent.Refused => "refused",
        _ => what.ToString().ToLowerInvariant(),
    };

    private static void AppendWho(StringBuilder line, Requester by)
    {
        if (by.Name.Length > 0)
            line.Append(CultureInfo.InvariantCulture, $" key={by.Name}");
        else if (by.Hint.Length > 0)
            line.Append(CultureInfo.InvariantCulture, $" hint={by.Hint}");
        if (by.User.Length > 0)
            line.Append(by.User.Contains(' ', StringComparison.Ordinal) ? $" user=\"{by.User}\"" : " user=" + by.User);
        if (by.Device != 0)
            line.Append(CultureInfo.InvariantCulture, $" device={by.Device:x8}");
        if (by.Packet != Address.None)
            line.Append(CultureInfo.InvariantCulture, $" from={by.Packet}");
        if (by.ClockOff is { } off)
            line.Append(CultureInfo.InvariantCulture, $" clock={off.TotalSeconds:+0.000;-0.000}s");
    }

    /// <summary>So many lines at once, so many a second; and a line that says how many were held back.</summary>
    private sealed class Throttle(ILogger log, TimeProvider clock)
    {
        private const int Burst = 200;
        private const int PerSecond = 20;

        private double _tokens = Burst;
        private long _filled = clock.GetTimestamp();
        private long _heldBack;
        private long _told = clock.GetTimestamp();

        public bool Passes()
        {
            if (!TryTakeToken())
            {
                _heldBack++;
                return false;
            }

            if (_heldBack > 0 && clock.GetElapsedTime(_told).TotalSeconds >= 1)
            {
                GateLog.HeldBack(log, _heldBack);
                _heldBack = 0;
                _told = clock.GetTimestamp();
            }

            return true;
        }

        private bool TryTakeToken()
        {
            var now = clock.GetTimestamp();
            _tokens = Math.Min(Burst, _tokens + (clock.GetElapsedTime(_filled, now).TotalSeconds * PerSecond));
            _filled = now;
            if (_tokens < 1)
                return false;
            _tokens--;
            return true;
        }
    }
}
