using System.Collections.Immutable;
using System.Globalization;
using Postern.Knocks.Sequences;
using Postern.Packets;
using Postern.Reports;
using Postern.Reports.Watching;
using Postern.Warden;

namespace Postern.Cli.Explaining;

/// <summary>One packet of a recording, and what became of it.</summary>
internal sealed record PacketStory(long Number, DateTimeOffset Time, PacketFault Fault)
{
    public Address From { get; init; }

    public ushort FromPort { get; init; }

    public Address To { get; init; }

    /// <summary>As a step would be written: <c>tcp/7000</c>, <c>icmp/56</c>.</summary>
    public string What { get; init; } = "";

    public ImmutableArray<Thought> Thoughts { get; init; } = [];

    public ImmutableArray<AuditEntry> Events { get; init; } = [];

    /// <summary>What is to be said beside that: a protected port that was tried, what could not be judged.</summary>
    public ImmutableArray<string> Remarks { get; init; } = [];

    /// <summary>Somebody who asks why a knock does not open wants to see it.</summary>
    public bool IsTelling { get; init; }

    public static string WhatOf(in PacketView packet)
    {
        var echo = packet.IsEchoRequest || packet.Protocol is not (IpProtocol.Tcp or IpProtocol.Udp);
        if (echo)
            return packet.IsEchoRequest ? string.Create(CultureInfo.InvariantCulture, $"icmp/{packet.PayloadLength}") : "icmp";
        var kind = packet.Protocol == IpProtocol.Tcp ? StepKind.Tcp : StepKind.Udp;
        return packet.DestinationPort == 0 ? $"{(kind == StepKind.Tcp ? "tcp" : "udp")}/0" : new KnockStep(kind, packet.DestinationPort, packet.DestinationPort).ToString();
    }
}
