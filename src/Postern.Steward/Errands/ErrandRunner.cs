using Postern.Confinement;

namespace Postern.Steward.Errands;

/// <summary>
/// Starts programs, each as its own user in a session of its own, with nothing of ours but the way for its output, and waits for their end. How many at
/// once is the book's affair; each takes two threads for as long as it runs.
/// </summary>
/// <param name="ended">From any thread, once for each that was started; must not act at once.</param>
/// <param name="say">Lines for the log; from any thread.</param>
/// <param name="warn">The same, where something is to be mended.</param>
internal sealed class ErrandRunner(Action<ulong, ErrandOutcome> ended, Action<string> say, Action<string> warn) : IDisposable
{
    private const int StackSize = 256 << 10;
    private const byte UnknownCode = 255;

    private readonly Lock _lock = new();
    private readonly HashSet<Child> _running = [];
    private bool _disposed;

    public void Start(ulong number, ErrandCommand command)
    {
        try
        {
            new Thread(() => ended(number, Run(command)), StackSize) { IsBackground = true, Name = "action" }.Start();
        }
        catch (Exception e) when (e is OutOfMemoryException or ThreadStartException)
        {
            warn($"{command}: not started: {e.Message}");
            ended(number, new(ErrandEnding.NotStarted));
        }
    }

    private ErrandOutcome Run(ErrandCommand command)
    {
        if (TryMakePipe(command) is not { } pipe)
            return new(ErrandEnding.NotStarted);
        using (pipe)
        {
            var outcome = Run(command, pipe.Write);
            foreach (var line in pipe.End().Lines())
                say($"{command}: {line}");
            return outcome;
        }
    }

    private OutputPipe? TryMakePipe(ErrandCommand command)
    {
        try
        {
            return new();
        }
        catch (Exception e) when (e is IOException or OutOfMemoryException or ThreadStartException)
        {
            warn($"{command}: not started: {e.Message}");
            return null;
        }
    }

    private ErrandOutcome Run(ErrandCommand command, Descriptor output)
    {
        using var child = Begin(command, output);
        if (child is null)
            return new(ErrandEnding.NotStarted);
        try
        {
            return WaitFor(child, command);
        }
        catch (Exception e) when (e is IOException or OutOfMemoryException)
        {
            child.KillGroup();
            warn($"{command}: killed: its end could not be waited for: {e.Message}"); // it did run, and may have to be undone
            return new(ErrandEnding.Exited, UnknownCode);
        }
        finally
        {
            lock (_lock)
                _running.Remove(child);
        }
    }

    private Child? Begin(ErrandCommand command, Descriptor output)
    {
        try
        {
            if (Account.Find(command.RunAs) is not { } account)
            {
                warn($"{command}: not started: there is no user '{command.RunAs}'; name one that there is: run_as");
                return null;
            }

            lock (_lock)
            {
                if (_disposed)
                    return null;
                var child = Child.Start(ProgramOf(command, account, output), ConfinesOf(account));
                _running.Add(child);
                return child;
            }
        }
        catch (ConfinementException e)
        {
            warn($"{command}: not started: {e.Message}; {e.Hint}");
            return null;
        }
        catch (Exception e) when (e is IOException or OutOfMemoryException)
        {
            warn($"{command}: not started: {e.Message}");
            return null;
        }
    }

    private static ChildProgram ProgramOf(ErrandCommand command, Account account, Descriptor output) =>
        new(command.Arguments[0], command.Arguments, command.Environment(account.Home)) { Descriptors = [null, output, output] };

    /// <summary>Root keeps what we have, or <c>run_as: root</c> would be worth little; everybody else gets nothing and gains nothing.</summary>
    private static Confines ConfinesOf(Account account) => account.User == 0
        ? new() { As = account, Keep = null, NoNewPrivileges = false }
        : new() { As = account, Keep = Capabilities.None, NoNewPrivileges = true };

    private ErrandOutcome WaitFor(Child child, ErrandCommand command)
    {
        if (child.Wait(command.TimeLimit) is { } status)
            return OutcomeOf(status);
        child.KillGroup();
        child.Wait(null);
        warn($"{command}: killed, with all of its process group: it had not ended after {command.TimeLimit.TotalSeconds:0} s; make it quicker, or raise time_limit");
        return new(ErrandEnding.TimedOut);
    }

    private static ErrandOutcome OutcomeOf(ExitStatus status) =>
        status.Signal != 0 ? new(ErrandEnding.Signalled, (byte)status.Signal) : new(ErrandEnding.Exited, status.Code is >= 0 and <= 255 ? (byte)status.Code : UnknownCode);

    /// <summary>Kills what still runs. What it was to undo stands in the journal and is undone by the next steward.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            _disposed = true;
            foreach (var child in _running)
                child.KillGroup();
        }
    }
}
