using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Globalization;
using Postern.Cli.CommandLine;
using Postern.Confinement;
using Postern.Packets;
using Postern.Reports.Errands;
using Postern.Steward;
using Postern.Warden;

namespace Postern.Cli.Gate;

/// <summary>
/// The warden's end of the way to the steward: asks for sockets and sentries, says how it stands, hears what became of them. A thread of its own
/// reads; where the steward is gone, so are we.
/// </summary>
internal sealed class StewardLink : IErrands, IDisposable
{
    public const int ChannelAt = 3;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly Channel _channel;
    private readonly Action<StewardMessage> _heard;
    private readonly Action<ErrandNote> _noted;
    private readonly ConcurrentDictionary<int, TaskCompletionSource<Descriptor>> _wanted = new();
    private int _question;

    private StewardLink(Channel channel, in StewardMessage welcome, ImmutableArray<Descriptor> receiptSockets, Action<StewardMessage> heard, Action<ErrandNote> noted)
    {
        (_channel, _heard, _noted) = (channel, heard, noted);
        (Steward, Life, ReceiptSockets) = (welcome.Number, welcome.Id, receiptSockets);
        Started = DateTimeOffset.TryParse(welcome.Text, CultureInfo.InvariantCulture, out var started) ? started : DateTimeOffset.Now;
        new Thread(Listen) { Name = "steward", IsBackground = true }.Start();
    }

    /// <summary>The steward's process.</summary>
    public int Steward { get; }

    /// <summary>When that began.</summary>
    public DateTimeOffset Started { get; }

    /// <summary>The how-manieth warden of that steward we are.</summary>
    public int Life { get; }

    /// <summary>Raw sockets, IPv4 and IPv6, where they could be had.</summary>
    public ImmutableArray<Descriptor> ReceiptSockets { get; }

    /// <param name="heard">Called, on the link's thread, with what the steward says of its own accord.</param>
    /// <param name="noted">The same for what it says of errands.</param>
    /// <exception cref="CommandFailure">Nobody is there: this part is not for people to start.</exception>
    public static StewardLink Join(Action<StewardMessage> heard, Action<ErrandNote> noted)
    {
        var channel = Channel.Adopt(Descriptor.Adopt(ChannelAt));
        var buffer = new byte[StewardMessage.Size];
        var first = channel.Receive(buffer, descriptors: 2, Patience);
        return first.Outcome == Received.Message && StewardMessage.TryRead(buffer.AsSpan(0, first.Length), out var welcome) && welcome.Word == StewardWord.Welcome
            ? new(channel, welcome, first.Descriptors, heard, noted)
            : throw CommandFailure.Usage("nobody has started this part of the gate", "start all of it: 'postern gate'");
    }

    /// <summary>With a ring, as <see cref="RingSize.For(bool)"/> has it.</summary>
    /// <exception cref="CaptureException">It cannot be had: why, and the mend.</exception>
    public Descriptor WantPacketSocket(bool wholePackets) => Want(StewardWord.WantPacketSocket, wholePackets ? 1 : 0);

    /// <exception cref="CaptureException">It cannot be had: why, and the mend.</exception>
    public Descriptor WantUdpSocket(ushort port) => Want(StewardWord.WantUdpSocket, port);

    /// <summary>Lines of the log that the steward's configuration names: the reading end of a pipe.</summary>
    /// <exception cref="CaptureException">It cannot be had: why, and the mend.</exception>
    public Descriptor WantLog() => Want(StewardWord.WantLog, 0);

    public bool StartSentry(int id, ReadOnlySpan<Descriptor> with) => Say(new(StewardWord.StartSentry, id), with);

    public void EndSentry(int id) => Say(new(StewardWord.EndSentry, id));

    public bool Say(in StewardMessage message, params ReadOnlySpan<Descriptor> with)
    {
        Span<byte> bytes = stackalloc byte[StewardMessage.Size];
        message.Write(bytes);
        return _channel.TrySend(bytes, with);
    }

    public bool TrySend(in ErrandOrder order)
    {
        Span<byte> bytes = stackalloc byte[ErrandOrder.Size];
        order.Write(bytes);
        return _channel.TrySend(bytes);
    }

    public void Dispose() => _channel.Dispose();

    private Descriptor Want(StewardWord word, int number)
    {
        var question = Interlocked.Increment(ref _question);
        var answer = _wanted[question] = new(TaskCreationOptions.RunContinuationsAsynchronously);
        try
        {
            if (Say(new(word, question, number)) && Task.WaitAny([answer.Task], Patience) == 0)
                return answer.Task.GetAwaiter().GetResult();
            throw new CaptureException("the steward does not answer", "look at the gate's log", missingPrivilege: false);
        }
        finally
        {
            _wanted.TryRemove(question, out _);
        }
    }

    private void Listen()
    {
        var buffer = new byte[StewardMessage.Size];
        while (_channel.Receive(buffer, descriptors: 1) is { Outcome: not Received.Ended } reception)
        {
            if (reception.Outcome != Received.Message)
                continue;
            var bytes = buffer.AsSpan(0, reception.Length);
            if (ErrandNote.TryRead(bytes, out var note))
                _noted(note);
            else if (!StewardMessage.TryRead(bytes, out var message))
                continue;
            else if (message.Word == StewardWord.Socket && reception.Descriptors.Length == 1)
                Answer(message.Id, reception.Descriptors[0]);
            else if (message.Word == StewardWord.NoSocket)
                Refuse(message);
            else
                _heard(message);
        }

        Environment.Exit(ExitCode.NotDone); // the steward is gone: whoever starts anew starts all
    }

    private void Answer(int question, Descriptor socket)
    {
        if (!_wanted.TryRemove(question, out var wanted) || !wanted.TrySetResult(socket))
            socket.Dispose();
    }

    private void Refuse(in StewardMessage message)
    {
        if (!_wanted.TryRemove(message.Id, out var wanted))
            return;
        var (what, mend) = message.Text.Split('\n') is [var first, var second] ? (first, second) : (message.Text, "look at the gate's log");
        wanted.TrySetException(new CaptureException(what, mend, missingPrivilege: message.Number == ExitCode.MissingPrivilege));
    }
}
