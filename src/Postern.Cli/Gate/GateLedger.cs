using Postern.Cli.CommandLine;
using Postern.Cli.Configuration;
using Postern.Warden.Ledger;

namespace Postern.Cli.Gate;

/// <summary>The ledger, where the configuration has anything that is good once.</summary>
internal static class GateLedger
{
    /// <summary>Null: it is not needed.</summary>
    /// <exception cref="CommandFailure">It is damaged, in use, or cannot be written: which, and the mend.</exception>
    public static LedgerFile? Open(GateConfiguration configuration)
    {
        if (!configuration.NeedsLedger)
            return null;
        try
        {
            return LedgerFile.Open(configuration.LedgerFile, GateClock.Now().Wall, configuration.LedgerDoubt);
        }
        catch (LedgerException e)
        {
            throw CommandFailure.Usage(e.Message, e.Hint);
        }
    }
}
