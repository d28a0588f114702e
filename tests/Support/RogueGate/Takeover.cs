using System.Diagnostics;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Postern.Cli.Gate.Household;
using Postern.Cli.Gate.Watch;
using Postern.Confinement;
using Postern.Packets;
using Postern.Reports;
using Postern.Reports.Watching;
using Postern.Sentry;

namespace Postern.Cli.RogueGate;

/// <summary>
/// A sentry once its enemy runs in it: with its descriptors and its keys, behind its walls, and with no wish to be found out before it has stood
/// up, since a sentry that never did would only keep the gate from starting.
/// </summary>
internal sealed unsafe class Takeover
{
    /// <summary>Of the first configuration of a gate.</summary>
    private const uint FirstGeneration = 1;

    /// <summary>Of refusals twenty a second are written down once two hundred were.</summary>
    private static readonly TimeSpan AuditCatchesBreath = TimeSpan.FromMilliseconds(500);

    private readonly SentryEquipment _equipment = SentryEquipment.Await()!;
    private readonly Channel _reports;
    private readonly byte[] _message = new byte[4096];
    private readonly Random _chance = new(Environment.ProcessId);
    private SentryOrders? _orders;

    private Takeover() => _reports = Channel.Adopt(_equipment.Reports);

    public static int Run(string scenario)
    {
        if (scenario is "rogue-stillborn")
            return 9;
        var sentry = new Takeover();
        if (scenario is not "rogue-deaf")
            sentry._orders = SentryOrders.Read(sentry.ReadPipe(), Itself.Build);
        // The walls stop what would send descriptors; here the other end is tried.
        if (scenario is not "rogue-descriptors")
        {
            Walls.ForbidDumps();
            Walls.Limit(256, fileBytes: 0);
        }

        using var source = scenario is "rogue-replay" ? PacketRing.Adopt(sentry._equipment.Capture[0].Number, sentry._orders!.Interfaces, sentry._orders.Ring!.Value) : null;
        var watch = source is null ? null : new Sentry.Sentry(sentry._orders!.Options);
        if (scenario is not "rogue-descriptors")
            Walls.Enter(SystemCallProfile.Sentry, typeof(Takeover).Assembly);
        sentry.Live();
        sentry.Play(scenario, watch, source);
        return 0;
    }

    private uint Generation => _orders?.Options.Generation ?? FirstGeneration;

    private void Play(string scenario, Sentry.Sentry? watch, IPacketSource? source)
    {
        switch (scenario)
        {
            case "rogue-forge":
                Forge();
                break;
            case "rogue-replay":
                Replay(watch!, source!);
                break;
            case "rogue-nonsense":
                Nonsense();
                break;
            case "rogue-random":
                for (var i = 0; i < 10_000; i++)
                    Send(Chance(_chance.Next(1, Report.SignedSize + 100)));
                break;
            case "rogue-flood":
                Flood(TimeSpan.FromSeconds(5));
                break;
            case "rogue-descriptors":
                using (var null0 = Descriptor.Adopt(0))
                    _reports.TrySend(_message.AsSpan(0, Report.Size), null0, null0, null0);
                break;
            case "rogue-silent":
                Thread.Sleep(Timeout.Infinite);
                break;
            case "rogue-greedy":
                Grow(400 << 20);
                break;
            case "rogue-chatter":
                for (var i = 0; i < 10_000; i++)
                    Live();
                break;
            case "rogue-gossip":
                for (var i = 0; i < 300_000 && !_reports.IsCutOff; i++)
                    Send(Sighting());
                break;
            case "rogue-quitter":
                return;
            default:
                break; // deaf: it has read nothing
        }

        while (!_reports.IsCutOff)
        {
            Live();
            Thread.Sleep(1000);
        }
    }

    /// <summary>Every door of the configuration, some that it does not have, and those of other configurations; each for another address.</summary>
    private void Forge()
    {
        foreach (var generation in (uint[])[Generation - 1, Generation + 1, uint.MaxValue])
        {
            for (var door = 0; door < 3; door++)
                Send(Sequence(door, generation, 100 + door));
        }

        foreach (var door in (int[])[_orders!.Options.Doors.Length, 77, int.MaxValue])
            Send(Sequence(door, Generation, 120));
        for (var i = 0; i < 1000; i++)
            Send(Signed(Chance(_chance.Next(1, Report.MaxRequest)), (uint)(0x0A4D_0000 | (i % 250))));
        Send([.. Enumerable.Range(0, _orders.Options.Doors.Length).SelectMany(door => Sequence(door, Generation, 140 + door))]);
    }

    /// <summary>An honest sentry but for this: a request that a client signed comes altered in each of its bytes before it comes as it was, and then again and again.</summary>
    private void Replay(Sentry.Sentry watch, IPacketSource source)
    {
        while (!_reports.IsCutOff)
        {
            Live();
            while (source.TryRead(out var packet, (Stopwatch.GetElapsedTime(0) + TimeSpan.FromSeconds(1)).Ticks * TimeSpan.NanosecondsPerTick))
            {
                foreach (ref readonly var report in watch.Watch(packet))
                    Alter(report);
            }
        }
    }

    private void Alter(in Report report)
    {
        var genuine = report.Request.ToArray();
        for (var at = 0; at < genuine.Length; at++)
        {
            var altered = genuine.ToArray();
            altered[at] ^= (byte)_chance.Next(1, 256);
            Send(Bytes(report with { Request = altered }));
            if (at % 64 == 0)
                Thread.Sleep(20); // room in the warden's inbox: what is dropped proves nothing
        }

        Thread.Sleep(AuditCatchesBreath);
        for (var i = 0; i < 100; i++)
            Send(Bytes(report with { Source = i % 2 == 0 ? report.Source : Address.FromV4(0x0A4D_0000u + (uint)i) }));
    }

    /// <summary>One message that no sentry sends; which, chance says.</summary>
    private void Nonsense()
    {
        var message = _chance.Next(10) switch
        {
            0 => Sequence(0, Generation, 1)[..^1],
            1 => [.. Sequence(0, Generation, 1), 0],
            2 => Chance(Report.SignedSize + 1),
            3 => With(Sequence(0, Generation, 1), at: 0, value: 2), // another version
            4 => With(Sequence(0, Generation, 1), at: 2, value: 9), // no such kind
            5 => With(Sequence(0, Generation, 1), at: 63, value: 1), // a byte that must be zero
            6 => Sequence(-1, Generation, 1),
            7 => [.. Sequence(0, Generation, 1), .. With(Sequence(0, Generation, 2), at: 63, value: 1)], // a good one before it
            8 => [.. Enumerable.Range(0, Report.MostTogether + 1).SelectMany(i => Sequence(0, Generation, i))],
            _ => Tally(Generation + 1),
        };
        Send(message);
    }

    private void Flood(TimeSpan time)
    {
        var began = Stopwatch.GetTimestamp();
        var lived = began;
        byte[] message = [.. Enumerable.Range(0, Report.MostTogether).SelectMany(_ => Sequence(0, Generation, 0))];
        for (var i = 0u; Stopwatch.GetElapsedTime(began) < time; i++)
        {
            for (var j = 0u; j < Report.MostTogether; j++)
                Address.FromV4(0x0B00_0000 | (((Report.MostTogether * i) + j) & 0xFF_FFFF)).Write(message.AsSpan((int)(j * Report.Size) + 16));
            _reports.TrySend(i % 2 == 0 ? message : Signed(Chance(700), i));
            if (i % 1000 != 0 || Stopwatch.GetElapsedTime(lived) < TimeSpan.FromSeconds(1))
                continue;
            Live();
            lived = Stopwatch.GetTimestamp();
        }
    }

    /// <summary>Past the collector, whose heap has a limit.</summary>
    private void Grow(int bytes)
    {
        var memory = (byte*)NativeMemory.AllocZeroed((nuint)bytes);
        for (var at = 0; at < bytes; at += 4096)
            memory[at] = 1;
    }

    private void Live() => Send(Tally(Generation));

    private void Send(ReadOnlySpan<byte> message)
    {
        while (!_reports.TrySend(message) && !_reports.IsCutOff)
            Thread.Sleep(1);
    }

    private byte[] Chance(int length)
    {
        var bytes = new byte[length];
        _chance.NextBytes(bytes);
        return bytes;
    }

    private static byte[] With(byte[] message, int at, byte value)
    {
        message[at] = value;
        return message;
    }

    private static byte[] Sequence(int door, uint generation, int lastOfAddress) =>
        Bytes(new(ReportKind.SequenceCompleted, generation, door, 1000, Address.FromV4(0x0A4D_0000u | (uint)lastOfAddress), Address.FromV4(0x0A4D_0001), 1));

    private byte[] Signed(byte[] request, uint source) =>
        Bytes(new(ReportKind.SignedRequest, Generation, 0, 1000, Address.FromV4(source), Address.FromV4(0x0A4D_0001), 1) { Request = request });

    private static byte[] Bytes(in Report report)
    {
        var message = new byte[Report.SizeOf(report.Kind)];
        report.Write(message);
        return message;
    }

    private byte[] Sighting()
    {
        var message = new byte[Reports.Watching.Sighting.Size];
        new Sighting(Generation, new(KnockMethod.Sequence, 0, Finding.Step) { Made = 1, Of = 3 }, Address.FromV4(0x0A4D_0002), Address.FromV4(0x0A4D_0001), 1) { Protocol = 6 }.Write(message);
        return message;
    }

    private static byte[] Tally(uint generation)
    {
        var message = new byte[Reports.Tally.Size];
        Reports.Tally.Write(message, generation, new long[Reports.Tally.Count]);
        return message;
    }

    private byte[] ReadPipe()
    {
        using var pipe = new FileStream(new SafeFileHandle(_equipment.Orders.Number, ownsHandle: false), FileAccess.Read, bufferSize: 0);
        using var bytes = new MemoryStream();
        pipe.CopyTo(bytes);
        return bytes.ToArray();
    }
}
