namespace Postern.Cli.Control;

/// <summary>So many are served at once, so many more wait, and whoever comes then is told so: nothing that can connect makes the gate grow.</summary>
internal sealed class ControlPlaces(int served, int waiting) : IDisposable
{
    private readonly SemaphoreSlim _free = new(served);
    private int _here;

    /// <summary>False: too many wait already.</summary>
    /// <exception cref="OperationCanceledException">No place came free in time.</exception>
    public async Task<bool> EnterAsync(CancellationToken cancellation)
    {
        if (Interlocked.Increment(ref _here) > served + waiting)
        {
            Interlocked.Decrement(ref _here);
            return false;
        }

        try
        {
            await _free.WaitAsync(cancellation);
            return true;
        }
        catch
        {
            Interlocked.Decrement(ref _here);
            throw;
        }
    }

    public void Leave()
    {
        Interlocked.Decrement(ref _here);
        _free.Release();
    }

    public void Dispose() => _free.Dispose();
}
