using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using Postern.Tests;

namespace Postern.EndToEnd.Tests.Kills;

/// <summary>One gate under load, whose processes are killed again and again; and those who watch whether it keeps its promises meanwhile.</summary>
internal sealed class KillRun : IDisposable
{
    private const int Prober = 0;
    private const int Lamp = 1;
    private const int Honest = 2;
    private const int Copier = 3;
    private const int Stranger = 4;

    /// <summary>Only what hangs takes so long, however busy the machine.</summary>
    private static readonly TimeSpan Ceiling = TimeSpan.FromSeconds(60);

    private readonly KillHouse _house = new();
    private readonly Openings _openings;
    private readonly Random _chance;
    private readonly KillFigures _figures = new();
    private readonly ConcurrentQueue<(string Address, long At)> _probes = new();
    private readonly ConcurrentQueue<string> _faults = new();
    private readonly List<(byte[] Packet, string Address)> _accepted = [];
    private readonly List<(long From, long To)> _withoutSteward = [];
    private readonly CancellationTokenSource _stop = new();
    private int _copies;

    public KillRun(int seed)
    {
        _chance = new(seed);
        _openings = new(_house.House.Gate);
    }

    /// <param name="rounds">So many kills,</param>
    /// <param name="limit">but in no more time.</param>
    public KillFigures Run(int rounds, TimeSpan limit)
    {
        var started = Stopwatch.GetTimestamp();
        var helpers = new[] { Begin(SendJunk), Begin(KnockOffice), Begin(KnockLamp), Begin(SendPackets), Begin(TryWhatHasEnded) };
        try
        {
            _house.Client.Enter(() =>
            {
                for (var round = 0; round < rounds && Stopwatch.GetElapsedTime(started) < limit; round++)
                    Round(round);
            });
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            _faults.Enqueue($"the run was cut short: {e.Message}\n{LastLines()}");
        }
        finally
        {
            _stop.Cancel();
            Task.WaitAll(helpers);
        }

        Settle();
        _figures.Seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
        _figures.Faults.AddRange(_faults.Concat(_openings.Faults));
        return _figures;
    }

    public void Dispose()
    {
        _openings.Dispose();
        _house.Dispose();
        _stop.Dispose();
    }

    private Task Begin(Action<CancellationToken> loop) => Task.Factory.StartNew(() => _house.Client.Enter(() => loop(_stop.Token)), TaskCreationOptions.LongRunning);

    private void Round(int round)
    {
        Thread.Sleep(_chance.Next(500));
        var victim = _chance.Next(20) == 0 ? Victim.Steward : (Victim)_chance.Next(3);
        var hasty = victim != Victim.Steward && _chance.Next(3) == 0;
        WaitFor(victim);
        var standing = _openings.InForce(TimeSpan.FromSeconds(1.2));
        var old = _house.Parts(victim == Victim.Sentry ? "@sentry" : "@warden").ToHashSet();
        Kill(victim);
        var killed = Stopwatch.GetTimestamp(); // only now: whom to kill takes time to find
        _figures.Kills[victim]++;
        SendCopies();
        if (victim != Victim.Sentry)
            TryWhileDead(standing);
        if (hasty)
        {
            _figures.Hasty++;
            return;
        }

        var began = victim == Victim.Steward ? StartAgain(killed) : 0;
        if (!WaitForAnswer(victim, old, killed, began))
            _faults.Enqueue($"round {round}: no knock was heard within {Ceiling.TotalSeconds} s of the end of the {victim}\n{LastLines()}");
        SendCopies();
        AskTheNext(standing, round);
    }

    /// <summary>After a kill in haste there may be nobody yet; then whoever comes is killed as he begins.</summary>
    private void WaitFor(Victim victim)
    {
        var since = Stopwatch.GetTimestamp();
        while (victim != Victim.Steward && !_house.Parts(victim == Victim.Sentry ? "@sentry" : "@warden").Any() && Stopwatch.GetElapsedTime(since) < Ceiling)
            Thread.Sleep(5);
    }

    private void Kill(Victim victim)
    {
        if (victim == Victim.Steward)
        {
            _house.House.Kill(Signal.Kill);
            return;
        }

        int[] all =
        [
            .. victim is Victim.Warden or Victim.Both ? _house.Parts("@warden") : [],
            .. victim is Victim.Sentry or Victim.Both ? _house.Parts("@sentry") : [],
        ];
        foreach (var process in all)
        {
            try
            {
                using var handle = Process.GetProcessById(process);
                handle.Kill();
            }
            catch (Exception e) when (e is ArgumentException or InvalidOperationException or System.ComponentModel.Win32Exception)
            {
                // It was quicker: it ended with the other, or with the one before.
            }
        }
    }

    private long StartAgain(long killed)
    {
        var now = DateTimeOffset.UtcNow;
        var began = Stopwatch.GetTimestamp();
        _house.Start();
        _withoutSteward.Add((Nanoseconds(now - Stopwatch.GetElapsedTime(killed, began)), Nanoseconds(DateTimeOffset.UtcNow)));
        return began;
    }

    /// <summary>Until a knock that was begun after the kill has opened.</summary>
    private bool WaitForAnswer(Victim victim, HashSet<int> old, long killed, long began)
    {
        var part = victim == Victim.Sentry ? "@sentry" : "@warden";
        while (Stopwatch.GetElapsedTime(killed) < Ceiling)
        {
            while (_probes.TryPeek(out var probe) && probe.At < killed)
                _probes.TryDequeue(out _);
            if (began == 0 && _house.Parts(part).Any(p => !old.Contains(p)))
                began = Stopwatch.GetTimestamp();
            var answers = _probes.Select(p => _openings.All.GetValueOrDefault(p.Address)).OfType<Openings.Opening>().ToArray();
            if (answers.Length == 0)
            {
                Thread.Sleep(5);
                continue;
            }

            var first = answers.Min(a => a.At);
            _figures.FromKill[victim].Add(Stopwatch.GetElapsedTime(killed, first).TotalSeconds);
            if (began != 0)
                _figures.FromStart[victim].Add(Stopwatch.GetElapsedTime(Math.Min(began, first), first).TotalSeconds);
            return true;
        }

        return false;
    }

    private void TryWhileDead(IReadOnlyList<(string Address, Openings.Opening Opening)> standing)
    {
        if (standing.Count == 0)
            return;
        var (address, opening) = standing[_chance.Next(standing.Count)];
        var isOpen = KillHouse.IsOpen(address, opening.Port);
        if (isOpen)
            _figures.OpenWhileDead++;
        else if (Stopwatch.GetTimestamp() < opening.EndAtLeast)
            _faults.Enqueue($"{address} could not connect while its grant was in force and the warden dead");
    }

    /// <summary>What was in force when the warden was killed and still is, the next one knows.</summary>
    private void AskTheNext(IReadOnlyList<(string Address, Openings.Opening Opening)> standing, int round)
    {
        string[]? known = null;
        for (var i = 0; known is null && i < 200; i++)
        {
            if ((known = _house.Grants()) is null)
                Thread.Sleep(100);
        }

        if (known is null)
        {
            _faults.Enqueue($"round {round}: the control socket does not answer");
            return;
        }

        var left = Stopwatch.GetTimestamp() + Openings.Ticks(TimeSpan.FromMilliseconds(200));
        var mustKnow = standing.Where(s => s.Opening.EndAtLeast > left).Select(s => s.Address).Append(KillHouse.Standing).Distinct().ToArray();
        _figures.KnownToNext += mustKnow.Length;
        foreach (var address in mustKnow.Except(known))
            _faults.Enqueue($"round {round}: {address} is in force, and the next warden does not know");
    }

    /// <summary>Packets that were accepted before, the latest and older ones, from addresses that nothing else comes from, and from their own.</summary>
    private void SendCopies()
    {
        (byte[] Packet, string Address)[] some;
        lock (_accepted)
            some = [.. _accepted.TakeLast(3), .. Enumerable.Range(0, Math.Min(3, _accepted.Count)).Select(_ => _accepted[_chance.Next(_accepted.Count)])];
        foreach (var (packet, address) in some)
        {
            KillHouse.Send(KillHouse.Address(Copier, _copies++), 62201, packet);
            KillHouse.Send(address, 62201, packet);
            _figures.Copies += 2;
        }
    }

    private void KnockOffice(CancellationToken stop)
    {
        for (var i = 0; !stop.IsCancellationRequested; i++, _figures.Knocks++)
        {
            var address = KillHouse.Address(Prober, i);
            _probes.Enqueue((address, Stopwatch.GetTimestamp()));
            KillHouse.Knock(address, 7000);
            stop.WaitHandle.WaitOne(50);
        }
    }

    private void KnockLamp(CancellationToken stop)
    {
        for (var i = 0; !stop.IsCancellationRequested; i++, _figures.Knocks++)
        {
            KillHouse.Knock(KillHouse.Address(Lamp, i), 7100);
            stop.WaitHandle.WaitOne(500);
        }
    }

    private void SendPackets(CancellationToken stop)
    {
        for (var i = 0; !stop.IsCancellationRequested; i++)
        {
            var (packet, address) = (_house.NewPacket(), KillHouse.Address(Honest, i));
            KillHouse.Send(address, 62201, packet);
            _figures.Packets++;
            for (var wait = 0; wait < 100 && !_openings.Has(address); wait++)
                Thread.Sleep(20);
            if (!_openings.Has(address))
                continue; // it came when nobody listened; as it may be accepted later, it is not sent again
            _figures.Accepted++;
            lock (_accepted)
                _accepted.Add((packet, address));
            stop.WaitHandle.WaitOne(1000);
        }
    }

    /// <summary>Of all sizes and to all ports that the gate looks at, some hundreds a second.</summary>
    private void SendJunk(CancellationToken stop)
    {
        int[] ports = [62201, 62201, 7000, 8000, 7100, 8100, 9100];
        var chance = new Random(1);
        var junk = new byte[1200];
        while (!stop.IsCancellationRequested)
        {
            for (var i = 0; i < 10; i++, _figures.Junk++)
            {
                chance.NextBytes(junk);
                var port = ports[chance.Next(ports.Length)];
                KillHouse.Send(KillHouse.Address(Stranger, chance.Next(65536)), port, junk[..(port == 62201 ? chance.Next(100, 1200) : 20)]);
            }

            stop.WaitHandle.WaitOne(20);
        }
    }

    /// <summary>A second after its end nobody gets in any more.</summary>
    private void TryWhatHasEnded(CancellationToken stop)
    {
        var tried = new HashSet<string>(StringComparer.Ordinal);
        while (!stop.IsCancellationRequested)
        {
            var over = Stopwatch.GetTimestamp() - Stopwatch.Frequency;
            var next = _openings.All.Where(o => o.Value.End < over && !tried.Contains(o.Key)).Select(o => (Address: o.Key, o.Value.End, o.Value.Port)).DefaultIfEmpty().MaxBy(o => o.End);
            stop.WaitHandle.WaitOne(100);
            if (next.Address is null || !tried.Add(next.Address))
                continue;
            if (KillHouse.IsOpen(next.Address, next.Port))
                _faults.Enqueue($"{next.Address} could connect a second after its end");
            else
                _figures.ClosedAfterEnd++;
        }
    }

    /// <summary>When all ends are over nothing is open, and every action is undone.</summary>
    private void Settle()
    {
        GateHouse.Until(() => _house.House.Command("revoke", "ssh", KillHouse.Standing).Code == 0, "the last kill to be got over, and the grant that stood all along to be revoked");
        Thread.Sleep(6000);
        if (_openings.Now() is { Length: > 0 } open)
            _faults.Enqueue($"still open at the end: {string.Join(' ', open)}");
        if (_house.Grants() is not { Length: 0 } grants)
            _faults.Enqueue("the gate still names grants at the end, or does not answer");
        foreach (var address in _openings.All.Keys.Where(a => a.StartsWith("10.99.", StringComparison.Ordinal)))
            _faults.Enqueue($"a copy opened to {address}");
        (_figures.Grants, _figures.Lists, _figures.LatestEnd) = (_openings.All.Count, _openings.Lists, _openings.LatestEnd.TotalSeconds);
        ReadAudit();
        JudgeActions();
    }

    private void ReadAudit()
    {
        var audit = _house.House.Log.Split('\n');
        foreach (var line in audit.Where(l => (l.Contains("opened ", StringComparison.Ordinal) || l.Contains("extended ", StringComparison.Ordinal)) && l.Contains("address=10.99.", StringComparison.Ordinal)))
            _faults.Enqueue($"a copy was accepted: {line}");
        foreach (var line in audit.Where(l => l.Contains("extended service=web", StringComparison.Ordinal)))
            _faults.Enqueue($"a packet was accepted again: {line}");
        foreach (var twice in audit.Where(l => l.Contains("opened service=web", StringComparison.Ordinal)).GroupBy(l => l[l.IndexOf("address=", StringComparison.Ordinal)..].Split(' ')[0]).Where(g => g.Count() > 1))
            _faults.Enqueue($"a packet was accepted {twice.Count()} times: {twice.Key}");
        foreach (var line in audit.Where(l => l.Contains("Unhandled", StringComparison.Ordinal) || l.Contains("please report it", StringComparison.Ordinal)))
            _faults.Enqueue(line);
    }

    private void JudgeActions()
    {
        var lines = File.ReadLines(_house.Ran).Select(l => l.Split(' ')).Select(l => (Undo: l[0] is "undo", Address: l[1], Time: long.Parse(l[2], CultureInfo.InvariantCulture))).ToArray();
        foreach (var action in lines.GroupBy(l => l.Address))
        {
            var (runs, undos) = (action.Where(l => !l.Undo).ToArray(), action.Where(l => l.Undo).ToArray());
            _figures.Actions += runs.Length;
            var (first, last) = (action.Min(l => l.Time), action.Max(l => l.Time));
            const long Near = 1_000_000_000;
            const long Lasts = 2_000_000_000;
            if (runs.Length == 0)
                first -= Lasts; // it died with the steward before its first line, and is undone when its time is over
            if (_withoutSteward.Any(w => w.From < last + Near && w.To > first - Near))
            {
                _figures.AcrossStewards++;
                _figures.UndoneAgain += undos.Length > 1 ? 1 : 0;
                if (runs.Length > 1 || undos.Length == 0)
                    _faults.Enqueue($"{action.Key} was run {runs.Length} and undone {undos.Length} times, across the end of a steward");
            }
            else if (runs.Length == 1 && undos.Length == 1)
            {
                _figures.OnceEach++;
                _figures.UndoLate.Add(Math.Max(0, (undos[0].Time - runs[0].Time) / 1e9 - 2));
            }
            else
            {
                _faults.Enqueue($"{action.Key} was run {runs.Length} and undone {undos.Length} times");
            }
        }
    }

    private string LastLines() => string.Join('\n', _house.House.Log.Split('\n').TakeLast(25));

    private static long Nanoseconds(DateTimeOffset time) => (time - DateTimeOffset.UnixEpoch).Ticks * 100;
}
