namespace Postern.Cli.Gate.Household;

/// <summary>What will be asked for, and takes the kernel a while: begun on a thread of its own, or made when it is asked for where no thread can be had.</summary>
internal sealed class Ahead<T>
{
    private readonly Func<T> _make;
    private readonly Task<T>? _begun;

    public Ahead(Func<T> make)
    {
        _make = make;
        try
        {
            _begun = Task.Factory.StartNew(make, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        }
        catch (Exception e) when (e is TaskSchedulerException or OutOfMemoryException or ThreadStartException)
        {
            // Take makes it.
        }
    }

    /// <summary>Once. What making it throws, this throws.</summary>
    public T Take() => _begun is null ? _make() : _begun.GetAwaiter().GetResult();
}
