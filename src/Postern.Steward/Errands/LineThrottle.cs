using System.Globalization;

namespace Postern.Steward.Errands;

/// <summary>Whoever may run an action may run it again and again: its words must not fill the disk. So many lines at once, so many a second, and a count of the rest.</summary>
internal sealed class LineThrottle(ErrandDeskOptions options)
{
    private const int Burst = 400;
    private const int PerSecond = 20;

    private readonly Lock _lock = new();
    private double _tokens = Burst;
    private TimeSpan _filled = options.Now().Uptime;
    private long _heldBack;

    public void Say(string line) => Pass(options.Say, line);

    public void Warn(string line) => Pass(options.Warn, line);

    private void Pass(Action<string> write, string line)
    {
        long told;
        lock (_lock)
        {
            var now = options.Now().Uptime;
            _tokens = Math.Min(Burst, _tokens + ((now - _filled).TotalSeconds * PerSecond));
            _filled = now;
            if (_tokens < 1)
            {
                _heldBack++;
                return;
            }

            _tokens--;
            (told, _heldBack) = (_heldBack, 0);
        }

        if (told > 0)
            options.Warn(string.Create(CultureInfo.InvariantCulture, $"held back {told} lines of actions: they came faster than they are worth writing down"));
        write(line);
    }
}
