using System.Diagnostics;
using System.Globalization;
using Postern.Warden.Ledger;

// ledger first-time count slack step
//
// Opens the ledger and remembers so many requests, of three keys with a few devices each. Each is printed once it may be acted on. Before
// the step of that number (from 0, over all that touches the disk) the process kills itself, as kill -9 does; -1: it lives to its end.
var path = args[0];
var first = ulong.Parse(args[1], CultureInfo.InvariantCulture);
var count = int.Parse(args[2], CultureInfo.InvariantCulture);
var slack = int.Parse(args[3], CultureInfo.InvariantCulture);
var step = int.Parse(args[4], CultureInfo.InvariantCulture);

using var ledger = LedgerFile.Open(path, DateTimeOffset.UnixEpoch.AddTicks((long)first / 100), TimeSpan.Zero, Step, slack);
Console.WriteLine("open");
for (var i = 1; i <= count; i++)
{
    var (key, device, time) = (new KeyFingerprint((UInt128)(i % 3) + 1, 0), (uint)(i % 5), first + (ulong)i);
    if (!ledger.TryRemember(key, device, time))
        return 1;
    Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{key.High} {device} {time}"));
    Console.Out.Flush();
}

return 0;

void Step(LedgerStep next)
{
    if (step-- != 0)
        return;
    Console.WriteLine("dies " + next);
    Console.Out.Flush();
    Process.GetCurrentProcess().Kill();
    Thread.Sleep(Timeout.Infinite);
}
