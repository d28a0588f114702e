using System.Diagnostics;

namespace Postern.Cli.Control;

/// <summary>
/// Readers who ask the same at nearly the same time get the same answer: however often they ask, the warden's thread, which must hear knocks, is asked for each verb four
/// times a second at most, and there is one copy of a long list for all of them.
/// </summary>
internal sealed class SharedAnswers(Func<ControlRequest, Task<ControlReply>> ask)
{
    private static readonly TimeSpan Fresh = TimeSpan.FromMilliseconds(250);

    private readonly Lock _lock = new();
    private readonly Dictionary<string, (long Asked, Task<ControlReply> Reply)> _known = new(StringComparer.Ordinal);

    /// <param name="request">With a verb and nothing else in it.</param>
    public Task<ControlReply> Get(ControlRequest request)
    {
        lock (_lock)
        {
            if (_known.TryGetValue(request.Verb, out var known) && !IsOver(known))
                return known.Reply;
            var reply = ask(request);
            _known[request.Verb] = (Stopwatch.GetTimestamp(), reply);
            return reply;
        }
    }

    /// <summary>A list of a hundred thousand is not kept for nobody.</summary>
    public void Forget()
    {
        lock (_lock)
        {
            foreach (var (verb, known) in _known)
            {
                if (IsOver(known))
                    _known.Remove(verb);
            }
        }
    }

    /// <summary>One that is still awaited is not asked for again, however long that takes.</summary>
    private static bool IsOver((long Asked, Task<ControlReply> Reply) known) => known.Reply.IsCompleted && Stopwatch.GetElapsedTime(known.Asked) >= Fresh;
}
