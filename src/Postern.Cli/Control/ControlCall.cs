namespace Postern.Cli.Control;

/// <summary>A request on its way to the warden's thread and its answer on the way back.</summary>
internal sealed class ControlCall(ControlRequest request)
{
    private readonly TaskCompletionSource<ControlReply> _reply = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public ControlRequest Request { get; } = request;

    public Task<ControlReply> Reply => _reply.Task;

    public void Answer(ControlReply reply) => _reply.TrySetResult(reply);
}
