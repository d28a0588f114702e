using Postern.Cli.Configuration;

namespace Postern.Cli.Gate;

/// <summary>Reads the file of keys on a thread that may wait, when whoever writes it has had a moment to end.</summary>
internal sealed class KeysReader(GateInbox inbox)
{
    private static readonly TimeSpan Writing = TimeSpan.FromMilliseconds(50);

    private readonly Lock _order = new();
    private int _asked;

    public void Ask(SpaSettings spa)
    {
        if (Interlocked.Exchange(ref _asked, 1) != 0)
            return;
        new Thread(() =>
        {
            Thread.Sleep(Writing);
            Volatile.Write(ref _asked, 0);
            lock (_order) // what was read later is put in later
                inbox.Put(new(GateEventKind.Keys, Keys: NextKeys.Load(spa.AuthorizedKeysFile)));
        }) { Name = "keys", IsBackground = true }.Start();
    }
}
