using System.Runtime.InteropServices;

namespace Postern.Cli.CommandLine;

/// <summary>Ctrl-C and SIGTERM as a cancellation that remembers which of them it was. A second one ends the process at once.</summary>
internal sealed class Signals : IDisposable
{
    private readonly CancellationTokenSource _cancellation = new();
    private readonly PosixSignalRegistration _interrupt;
    private readonly PosixSignalRegistration _terminate;

    public Signals()
    {
        _interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, context => Take(context, CommandLine.ExitCode.Interrupted));
        _terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, context => Take(context, CommandLine.ExitCode.Terminated));
    }

    public CancellationToken Token => _cancellation.Token;

    public int ExitCode { get; private set; } = CommandLine.ExitCode.Interrupted;

    private void Take(PosixSignalContext context, int exitCode)
    {
        if (_cancellation.IsCancellationRequested)
            return;
        context.Cancel = true;
        ExitCode = exitCode;
        _cancellation.Cancel();
    }

    public void Dispose()
    {
        _interrupt.Dispose();
        _terminate.Dispose();
        _cancellation.Dispose();
    }
}
