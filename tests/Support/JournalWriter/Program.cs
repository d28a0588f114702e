using System.Diagnostics;
using System.Globalization;
using Postern.Reports;
using Postern.Steward.Errands;

// journal first count slack step
//
// Opens the journal and has so many errands stand, of which it extends some, undoes some early, and ends most. Each word is printed once it counts.
// Before the step of that number (from 0, over all that touches the disk) the process kills itself, as kill -9 does; -1: it lives to its end.
var first = ulong.Parse(args[1], CultureInfo.InvariantCulture);
var count = ulong.Parse(args[2], CultureInfo.InvariantCulture);
var slack = int.Parse(args[3], CultureInfo.InvariantCulture);
var step = int.Parse(args[4], CultureInfo.InvariantCulture);

using var journal = ErrandJournal.Open(args[0], new("11111111-2222-3333-4444-555555555555"), Step, slack);
Say($"open");
for (var number = first; number < first + count; number++)
{
    var subject = new ErrandSubject("wake", Address.FromV4((uint)number), 0, "key", 60);
    if (!journal.TryStand(new(number, TimeSpan.FromSeconds(100), "", new(IsUndo: true, subject, ["/bin/true", new('x', (int)(number % 90))], "nobody", TimeSpan.FromSeconds(10)))))
        return 1;
    Say($"stands {number}");
    if (number % 2 == 0 && journal.TryExtend(number, TimeSpan.FromSeconds(200), "00000000000000aa"))
        Say($"extended {number}");
    if (number % 3 == 0)
    {
        journal.Undoing(number);
        Say($"undoing {number}");
    }

    if (number % 5 == 0)
        continue;
    Say($"ending {number}");
    journal.Done(number);
    Say($"done {number}");
}

return 0;

static void Say(FormattableString line)
{
    Console.WriteLine(FormattableString.Invariant(line));
    Console.Out.Flush();
}

void Step(JournalStep next)
{
    if (step-- != 0)
        return;
    Say($"dies {next}");
    Process.GetCurrentProcess().Kill();
    Thread.Sleep(Timeout.Infinite);
}
