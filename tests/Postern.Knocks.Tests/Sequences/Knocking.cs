using System.Collections.Immutable;
using Postern.Knocks.Sequences;
using Postern.Packets;
using Postern.Reports;

namespace Postern.Knocks.Tests.Sequences;

/// <summary>Packets and doors as the tests write them.</summary>
internal static class Knocking
{
    public const long Millisecond = 1_000_000;

    public static readonly UInt128 Alice = Source("192.0.2.1");
    public static readonly UInt128 Bob = Source("2001:db8::b0b");

    private static ulong _nextMark = 1;

    public static UInt128 Source(string address) => Address.TryParse(address, out var parsed) ? parsed.Value : throw new ArgumentException(address, nameof(address));

    public static KnockSequence Door(string steps, StepOrder order = StepOrder.Strict, double seconds = 10, string flags = "syn,!ack") =>
        new(steps, [.. steps.Split(',').Select(Step)])
        {
            Order = order,
            Within = TimeSpan.FromSeconds(seconds),
            TcpFlags = TcpFlagCondition.TryParse(flags, out var condition) ? condition : TcpFlagCondition.Any,
        };

    public static KnockStep Step(string text) => KnockStep.TryParse(text, out var step) ? step : throw new ArgumentException(text, nameof(text));

    public static PacketView Packet(UInt128 source, KnockStep step, TcpFlags flags = TcpFlags.Syn, ulong? mark = null, UInt128 destination = default) => new()
    {
        Source = source,
        Destination = destination,
        Protocol = step.Kind switch { StepKind.Tcp => IpProtocol.Tcp, StepKind.Udp => IpProtocol.Udp, _ => IpProtocol.Icmp },
        DestinationPort = step.Kind == StepKind.Echo ? (ushort)0 : step.First,
        PayloadLength = step.Kind == StepKind.Echo ? step.First : 0,
        IsEchoRequest = step.Kind == StepKind.Echo,
        Flags = step.Kind == StepKind.Tcp ? flags : TcpFlags.None,
        Distinction = mark ?? _nextMark++,
    };

    public static int[] Knock(this SequenceDetector detector, UInt128 source, string step, double atMilliseconds, TcpFlags flags = TcpFlags.Syn, ulong? mark = null) =>
        detector.Observe(Packet(source, Step(step), flags, mark), (long)(atMilliseconds * Millisecond)).ToArray();

    /// <summary>Knocks one packet each 10 ms and returns every opening, in order, by the door's number.</summary>
    public static int[] KnockAll(this SequenceDetector detector, UInt128 source, string steps, double from = 0) =>
        [.. steps.Split(',').SelectMany((step, i) => detector.Knock(source, step, from + (i * 10)))];

    public static SequenceDetector Watching(params KnockSequence[] doors) => new([.. doors], TrapPorts.None);

    public static ImmutableArray<KnockSequence> Doors(params KnockSequence[] doors) => [.. doors];
}
