using System.Collections.Immutable;
using System.Globalization;
using System.Net.Sockets;
using System.Runtime.Versioning;
using Microsoft.Extensions.Logging;
using Postern.Cli.CommandLine;
using Postern.Cli.Configuration;
using Postern.Confinement;
using Postern.Packets;
using Postern.Steward;

namespace Postern.Cli.Gate.Household;

/// <summary>One life of a warden, as the steward sees it: the process, the way to it, and the sentries that it asked for, which go with it.</summary>
[SupportedOSPlatform("linux")]
internal sealed class WardenChild : IDisposable
{
    /// <summary>A warden has one sentry, and two while the guard changes. What asks for more has lost its way.</summary>
    private const int MaxSentries = 8;

    private const int MessageRoom = 256 << 10;

    /// <summary>Messages that may wait in the steward.</summary>
    private const int MaxUnread = 1024;

    /// <summary>Ours, for as long as we live.</summary>
    private static readonly Descriptor Output = Descriptor.Adopt(1);
    public static readonly Descriptor Error = Descriptor.Adopt(2);

    private static readonly ImmutableArray<AddressFamily> Families = [AddressFamily.InterNetwork, AddressFamily.InterNetworkV6];

    private readonly int _life;
    private readonly Recruits _recruits;
    private readonly PacketSockets _packetSockets;
    private readonly Action<StewardEvent> _post;
    private readonly Func<int> _left;
    private readonly ILogger _log;
    private readonly Channel _channel;
    private readonly Child _process;
    private readonly Dictionary<int, Child> _sentries = [];
    private readonly HashSet<int> _dismissed = [];
    private LogFollower? _follower;
    private bool _ended;

    /// <param name="life">The how-manieth it is.</param>
    /// <param name="path">Of the configuration.</param>
    /// <param name="verbose">As the steward was told.</param>
    /// <param name="rights">What it is left with.</param>
    /// <param name="recruits">Where its sentries come from.</param>
    /// <param name="packetSockets">Where what they read from comes from.</param>
    /// <param name="post">Takes what happens, on any thread.</param>
    /// <param name="left">How much of that waits to be done.</param>
    /// <param name="log">Where what becomes of a log's reader is told to people.</param>
    /// <exception cref="CommandFailure">It could not be started.</exception>
    public WardenChild(int life, string path, bool verbose, Confines rights, Recruits recruits, PacketSockets packetSockets, Action<StewardEvent> post, Func<int> left, ILogger log)
    {
        (_life, _recruits, _packetSockets, _post, _left, _log) = (life, recruits, packetSockets, post, left, log);
        (_channel, var theirs) = Channel.Pair(MessageRoom);
        using (theirs)
        {
            try
            {
                _process = Child.Start(Itself.As(Itself.Warden, Path.GetFullPath(path), verbose ? "verbose" : "", life > 1 ? "again" : "") with { Descriptors = [null, Output, Error, theirs.Descriptor] }, rights);
            }
            catch (ConfinementException e)
            {
                _channel.Dispose();
                throw new CommandFailure(ExitCode.MissingPrivilege, e.Message, e.Hint, e);
            }
        }

        Await(_process, sentry: 0);
        Welcome();
        new Thread(Listen) { Name = "warden", IsBackground = true }.Start();
    }

    private static DateTimeOffset GateStarted { get; } = DateTimeOffset.Now;

    public TimeSpan Began { get; } = GateClock.Now().Uptime;

    public bool Say(in StewardMessage message, params ReadOnlySpan<Descriptor> with)
    {
        Span<byte> bytes = stackalloc byte[StewardMessage.Size];
        message.Write(bytes);
        return _channel.TrySend(bytes, with);
    }

    /// <summary>A note of an errand.</summary>
    public void Note(ReadOnlySpan<byte> note) => _channel.TrySend(note);

    public void Kill() => _process.Kill();

    /// <summary>Opens what the warden may not.</summary>
    public void HandSocket(in StewardMessage wanted)
    {
        if (wanted.Word == StewardWord.WantUdpSocket && HandedSockets.Find(wanted.Number) is { } handed)
        {
            Say(new(StewardWord.Socket, wanted.Id), handed);
            return;
        }

        try
        {
            using var socket = wanted.Word == StewardWord.WantPacketSocket ? _packetSockets.Take(wholePackets: wanted.Number != 0) : Release(UdpSocketSource.Bind((ushort)wanted.Number));
            Say(new(StewardWord.Socket, wanted.Id), socket);
        }
        catch (CaptureException e)
        {
            Say(new(StewardWord.NoSocket, wanted.Id, e.MissingPrivilege ? ExitCode.MissingPrivilege : ExitCode.Unsupported, $"{e.Message}\n{e.Hint}"));
        }
    }

    /// <summary>The log that this configuration names, and no other: a warden cannot have a file read to its sentry.</summary>
    public void HandLog(in StewardMessage wanted, CaptureSetting capture)
    {
        _follower?.Dispose();
        _follower = null;
        try
        {
            (_follower, var lines) = LogFollower.Start(capture, _log);
            using (lines)
                Say(new(StewardWord.Socket, wanted.Id), lines);
        }
        catch (CaptureException e)
        {
            Say(new(StewardWord.NoSocket, wanted.Id, ExitCode.Unsupported, $"{e.Message}\n{e.Hint}"));
        }
    }

    /// <param name="id">What the warden calls it.</param>
    /// <param name="with">Orders, reports, the page that says whether somebody watches, and what it captures from.</param>
    public void StartSentry(int id, ImmutableArray<Descriptor> with)
    {
        if (with.Length < 4 || _sentries.Count >= MaxSentries || _sentries.ContainsKey(id))
        {
            Say(new(StewardWord.SentryEnded, id, Text: "it was not asked for rightly"));
            return;
        }

        try
        {
            var sentry = _recruits.Post(with.AsSpan());
            _sentries[id] = sentry;
            Await(sentry, id);
            Say(new(StewardWord.SentryStarted, id, sentry.Pid));
        }
        catch (ConfinementException e)
        {
            Say(new(StewardWord.SentryEnded, id, Text: $"{e.Message}: {e.Hint}"));
        }
        catch (Exception e) when (e is OutOfMemoryException or ThreadStartException or IOException)
        {
            if (_sentries.Remove(id, out var sentry))
                sentry.Dispose();
            Say(new(StewardWord.SentryEnded, id, Text: $"it could not be started: {e.Message}"));
        }
    }

    public void EndSentry(int id)
    {
        if (!_sentries.TryGetValue(id, out var sentry))
            return;
        _dismissed.Add(id);
        sentry.Kill();
    }

    public void NoteSentryEnd(int id, ExitStatus status)
    {
        Say(new(StewardWord.SentryEnded, id, Text: status.ToString()));
        if (!_dismissed.Remove(id))
            _recruits.Prepare(); // the warden is about to ask for it
        if (_sentries.Remove(id, out var sentry))
            sentry.Dispose();
    }

    /// <summary>Whatever is left of it ends.</summary>
    public void Dispose()
    {
        Volatile.Write(ref _ended, true);
        _follower?.Dispose();
        _channel.ShutDown();
        _channel.Dispose();
        foreach (var child in _sentries.Values.Append(_process))
        {
            child.Kill();
            child.Dispose();
        }
    }

    private void Welcome()
    {
        var sockets = Families.Select(TryOpenRaw).OfType<Descriptor>().ToArray();
        Say(new(StewardWord.Welcome, _life, Environment.ProcessId, GateStarted.ToString("O", CultureInfo.InvariantCulture)), sockets);
        foreach (var socket in sockets)
            socket.Dispose();
    }

    /// <summary>For receipts; without the right to it there are none.</summary>
    private static Descriptor? TryOpenRaw(AddressFamily family)
    {
        try
        {
            return Release(new Socket(family, SocketType.Raw, ProtocolType.Udp));
        }
        catch (SocketException)
        {
            return null;
        }
    }

    private static Descriptor Release(Socket socket)
    {
        var number = (int)socket.SafeHandle.DangerousGetHandle();
        socket.SafeHandle.SetHandleAsInvalid();
        return Descriptor.Adopt(number);
    }

    private void Await(Child child, int sentry) => new Thread(() =>
    {
        ExitStatus status;
        try
        {
            status = child.Wait(null)!.Value;
        }
        catch (ObjectDisposedException)
        {
            return; // its warden has ended, and it with it
        }

        if (!Volatile.Read(ref _ended))
            _post(new(StewardEventKind.Ended, _life, Sentry: sentry, Status: status));
    }) { Name = "child", IsBackground = true }.Start();

    private void Listen()
    {
        var buffer = new byte[1024];
        while (_channel.Receive(buffer, Channel.MaxDescriptors) is { Outcome: not Received.Ended } reception)
        {
            while (_left() > MaxUnread)
                Thread.Sleep(1); // what it sends then waits in the channel, which is bounded
            if (reception.Outcome == Received.Message)
                _post(new(StewardEventKind.Said, _life, buffer.AsSpan(0, reception.Length).ToArray(), reception.Descriptors));
        }
    }
}
