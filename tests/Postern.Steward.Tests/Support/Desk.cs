using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Diagnostics;
using Postern.Reports;
using Postern.Reports.Errands;
using Postern.Steward.Errands;

namespace Postern.Steward.Tests;

/// <summary>A steward's thread around a desk, with real programs; <see cref="Stop"/> ends it as kill -9 would, as far as the journal can tell.</summary>
internal sealed class Desk : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly BlockingCollection<Action> _inbox = [];
    private readonly ConcurrentQueue<ErrandNote> _notes = new();
    private readonly Thread _thread;
    private readonly ErrandDesk _desk;
    private volatile bool _stops;

    public Desk(string journal, params Errand[] errands) : this(journal, JournalFolder.Boot, errands) { }

    public Desk(string journal, Guid boot, params Errand[] errands)
    {
        Errands = [.. errands];
        _desk = new(new(journal, Load, Note, Now, _inbox.Add, line => Lines.Enqueue(line), line => Warnings.Enqueue(line)), boot);
        _thread = new(Work) { IsBackground = true };
        _thread.Start();
    }

    public ImmutableArray<Errand>? Errands { get; set; }

    public int Readings { get; private set; }

    public ConcurrentQueue<string> Lines { get; } = new();

    public ConcurrentQueue<string> Warnings { get; } = new();

    public string[] Notes => [.. _notes.Select(n => $"{n.Kind}".ToLowerInvariant() + (n.ExitCode != 0 ? $" {n.ExitCode}" : "") + (n.Signal != 0 ? $" signal {n.Signal}" : "") + (n.Refusal != ErrandRefusal.None ? $" {n.Refusal}" : ""))];

    public static Moment Now() => new(Stopwatch.GetElapsedTime(0), DateTimeOffset.Now);

    public void Run(Errand errand, int who = 1, double seconds = 600, string key = "") => Take(
        new(ErrandOrderKind.Run, errand.Service, JournalFolder.Ip(who), 0) { Action = errand.Fingerprint(), Until = Now().Uptime + TimeSpan.FromSeconds(seconds), Key = key });

    public void Undo(Errand errand, int who = 1) => Take(new(ErrandOrderKind.Undo, errand.Service, JournalFolder.Ip(who), 0));

    public void WardenStarted() => Do(_desk.WardenStarted);

    public void Reload() => Do(_desk.Reload);

    /// <summary>Until so many notes have come.</summary>
    public void AwaitNotes(int count) => Await(() => _notes.Count >= count, () => $"{count} notes; there are: {string.Join(", ", Notes)}; {string.Join(" | ", Warnings)}");

    public static void Await(Func<bool> comes, Func<string> what)
    {
        var clock = Stopwatch.StartNew();
        while (!comes())
        {
            Assert.True(clock.Elapsed < Patience, "waited in vain for " + what());
            Thread.Sleep(5);
        }
    }

    public void Take(ErrandOrder order)
    {
        var message = new byte[ErrandOrder.Size];
        order.Write(message);
        Do(() => Assert.True(_desk.Take(message)));
    }

    private void Do(Action act)
    {
        var done = new TaskCompletionSource();
        _inbox.Add(() =>
        {
            act();
            done.SetResult();
        });
        Assert.True(done.Task.Wait(Patience));
    }

    private void Work()
    {
        _desk.Tick(Now());
        while (!_stops)
        {
            var wait = _desk.NextDue is { } due ? due - Now().Uptime : Patience;
            if (_inbox.TryTake(out var act, wait < TimeSpan.Zero ? TimeSpan.Zero : wait > Patience ? Patience : wait))
                act();
            _desk.Tick(Now());
        }
    }

    private ImmutableArray<Errand>? Load()
    {
        Readings++;
        return Errands;
    }

    private void Note(ReadOnlyMemory<byte> message)
    {
        Assert.True(ErrandNote.TryRead(message.Span, out var note));
        _notes.Enqueue(note);
    }

    public void Stop()
    {
        if (_stops)
            return;
        _inbox.Add(() => _stops = true);
        Assert.True(_thread.Join(Patience));
        _desk.Dispose();
    }

    public void Dispose() => Stop();
}
