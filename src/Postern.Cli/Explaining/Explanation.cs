using System.Collections.Immutable;
using System.Globalization;
using Postern.Cli.Configuration;
using Postern.Knocks.Sequences;
using Postern.Knocks.Spa;
using Postern.Packets;
using Postern.Reports;
using Postern.Reports.Watching;
using Postern.Warden;

namespace Postern.Cli.Explaining;

/// <summary>
/// Packet after packet of a recording through <see cref="DryGate"/>. It holds what the end needs to say of each client, and of the packets nothing: a recording may be
/// larger than the memory.
/// </summary>
internal sealed class Explanation(GateConfiguration configuration, DoorNames doors, DryGate gate, bool judgesSingle, TimeZoneInfo zone)
{
    public DoorNames Doors => doors;

    public ClientBook Clients { get; } = new(doors);

    public long Packets { get; private set; }

    /// <summary>Packets that no knock names: the gate's own filter, in the kernel, lets none of them through.</summary>
    public long Unnamed { get; private set; }

    public Dictionary<PacketFault, long> Faults { get; } = [];

    public PacketStory Look(in CapturedPacket captured)
    {
        var fault = gate.Look(captured, out var packet);
        var story = new PacketStory(++Packets, gate.Time, fault);
        if (fault != PacketFault.None)
        {
            Faults[fault] = Faults.GetValueOrDefault(fault) + 1;
            return story;
        }

        var remarks = ImmutableArray.CreateBuilder<string>();
        var tells = Learn(packet) | Try(packet, remarks) | Judge(packet, remarks) | CompareProtocols(packet, remarks);
        if (gate.Thoughts.Count == 0 && remarks.Count == 0)
            Unnamed++;
        return story with
        {
            From = new(packet.Source),
            FromPort = packet.SourcePort,
            To = new(packet.Destination),
            What = PacketStory.WhatOf(packet),
            Thoughts = [.. gate.Thoughts],
            Events = [.. gate.Events],
            Remarks = remarks.ToImmutable(),
            IsTelling = tells,
        };
    }

    private bool Learn(in PacketView packet)
    {
        var tells = gate.Events.Count > 0;
        Course? asked = null;
        foreach (var thought in gate.Thoughts)
        {
            if (IsRoutine(thought, packet))
                continue;
            tells = true;
            if (thought is { Finding: Finding.Part, Door: < 0 })
                continue; // when it is whole it is somebody's
            var client = Clients.Of(new(packet.Source));
            var course = Clients.CourseOf(client, thought);
            course.Note(thought, gate.Time);
            if (thought.Finding is not (Finding.Completed or Finding.Passed))
                continue;
            asked = course;
            foreach (var entry in gate.Events.Where(e => IsOf(e, course)))
                course.Note(entry, gate.Time, zone);
        }

        foreach (var entry in gate.Events.Where(e => e.Knock.Length == 0))
            asked?.Note(entry, gate.Time, zone);
        return tells;
    }

    private static bool IsOf(in AuditEntry entry, Course course) => entry.Knock.Length > 0 && string.Equals(entry.Knock, course.Door, StringComparison.Ordinal);

    /// <summary>Segments of a connection that stands are no knock, and nobody thinks that they are.</summary>
    private static bool IsRoutine(in Thought thought, in PacketView packet) =>
        thought.Finding == Finding.WrongFlags && (packet.Flags & (TcpFlags.Ack | TcpFlags.Rst)) != TcpFlags.None;

    /// <summary>Whether a protected port was open to who tried it; said when it changes.</summary>
    private bool Try(in PacketView packet, ImmutableArray<string>.Builder remarks)
    {
        if (packet.Protocol is not (IpProtocol.Tcp or IpProtocol.Udp) || (packet.Protocol == IpProtocol.Tcp && (packet.Flags & (TcpFlags.Syn | TcpFlags.Ack)) != TcpFlags.Syn))
            return false;
        var tells = false;
        var transport = packet.Protocol == IpProtocol.Tcp ? Transport.Tcp : Transport.Udp;
        foreach (var service in configuration.Warden.Services)
        {
            if (!IsOf(service, transport, packet.DestinationPort))
                continue;
            var source = new Address(packet.Source);
            var until = gate.OpenUntil(service.Name, source);
            remarks.Add(until is { } end
                ? string.Create(CultureInfo.InvariantCulture, $"{service.Name}: let in, open to it until {TimeZoneInfo.ConvertTime(end, zone):HH:mm:ss}")
                : $"{service.Name}: a protected port, and closed to this address now");
            if (Clients.Find(source) is not { } client || (client.Tried.TryGetValue(service.Name, out var before) && before == until is not null))
                continue;
            client.Tried[service.Name] = until is not null;
            tells = true;
        }

        return tells;
    }

    private static bool IsOf(Service service, Transport transport, ushort port)
    {
        foreach (var range in service.Ports)
        {
            if (range.Contains(transport, port))
                return true;
        }

        return false;
    }

    /// <summary>Single packets where there is no key: what can be told of them without one is how large they are.</summary>
    private bool Judge(in PacketView packet, ImmutableArray<string>.Builder remarks)
    {
        if (judgesSingle || configuration.Spa is not { } spa || packet.PayloadLength == 0)
            return false;
        var comes = packet.Protocol switch
        {
            IpProtocol.Udp => Has(spa.Of(Transport.Udp), packet.DestinationPort),
            IpProtocol.Tcp => (packet.Flags & (TcpFlags.Syn | TcpFlags.Ack)) == TcpFlags.Syn && Has(spa.Of(Transport.Tcp), packet.DestinationPort),
            _ => spa.Echo && packet.IsEchoRequest,
        };
        if (!comes)
            return false;
        Clients.Of(new(packet.Source)).NotJudged++;
        remarks.Add(SpaPacket.IsSize(packet.PayloadLength)
            ? "spa: as large as a single packet; without the gate's key nothing more can be said"
            : $"spa: {Refusal.WrongSize.Word()}: {RefusalWords.Of(Refusal.WrongSize).Why}");
        return true;
    }

    private static bool Has(IEnumerable<PortRange> ranges, ushort port) => ranges.Any(r => port >= r.First && port <= r.Last);

    private bool CompareProtocols(in PacketView packet, ImmutableArray<string>.Builder remarks)
    {
        if (gate.Thoughts.Count > 0 || !KnockStep.TryFrom(packet, out var kind, out var value) || kind == StepKind.Echo
            || (kind == StepKind.Tcp && (packet.Flags & (TcpFlags.Syn | TcpFlags.Ack)) != TcpFlags.Syn) || doors.ByOtherProtocol(kind, value) is not { } door)
            return false;
        remarks.Add($"{door}: the port of a step, but by {(kind == StepKind.Tcp ? "TCP where it wants UDP" : "UDP where it wants TCP")}");
        Clients.Of(new(packet.Source)).NoteOther(kind, value, door);
        return true;
    }
}
