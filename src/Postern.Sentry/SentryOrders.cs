using System.Collections.Immutable;
using System.Text;
using Postern.Keys;
using Postern.Knocks.Sequences;
using Postern.Packets;
using Postern.Reports;

namespace Postern.Sentry;

/// <summary>
/// What a sentry is told when it starts, and never again: a change is another sentry. The warden writes it into a pipe, the sentry reads it to its
/// end; both are the same program, and the first thing in it says so.
/// </summary>
public sealed record SentryOrders(SentryOptions Options)
{
    /// <summary>Where packets come from: one packet socket with a ring of this size; null: the UDP sockets that were handed over.</summary>
    public RingSize? Ring { get; init; }

    /// <summary>Names of the interfaces that packets are wanted from; none: all.</summary>
    public ImmutableArray<string> Interfaces { get; init; } = [];

    /// <summary>More is not read.</summary>
    public const int MaxSize = 16 << 20;

    /// <param name="build">Names this very build: orders of another are not understood.</param>
    public byte[] Write(string build)
    {
        var stream = new MemoryStream();
        using var writer = new BinaryWriter(stream, Encoding.UTF8);
        writer.Write(build);
        writer.Write(Options.Generation);
        Each(writer, Interfaces, writer.Write);
        writer.Write(Ring is not null);
        if (Ring is { } ring)
        {
            writer.Write(ring.BlockBytes);
            writer.Write(ring.Blocks);
        }

        Each(writer, Options.Doors, door => Write(writer, door));
        writer.Write(Options.Traps.Memory);
        Each(writer, Options.Traps.Ports, trap =>
        {
            writer.Write((byte)trap.Kind);
            writer.Write(trap.Port);
        });
        writer.Write(Options.Spa is not null);
        if (Options.Spa is { } spa)
            Write(writer, spa);
        writer.Flush();
        var bytes = stream.ToArray();
        Array.Clear(stream.GetBuffer()); // keys
        return bytes;
    }

    /// <summary>Null: of another build. The keys in it are the caller's to dispose of.</summary>
    /// <exception cref="IOException">It ends before its end, or there is more.</exception>
    public static SentryOrders? Read(byte[] bytes, string build)
    {
        using var reader = new BinaryReader(new MemoryStream(bytes), Encoding.UTF8);
        if (!string.Equals(reader.ReadString(), build, StringComparison.Ordinal))
            return null;
        var generation = reader.ReadUInt32();
        var interfaces = Each(reader, reader.ReadString);
        RingSize? ring = reader.ReadBoolean() ? new(reader.ReadInt32(), reader.ReadInt32()) : null;
        var doors = Each(reader, () => ReadDoor(reader));
        var memory = reader.ReadInt64();
        var traps = TrapPorts.From(Each(reader, () => ((StepKind)reader.ReadByte(), reader.ReadUInt16())), memory);
        var spa = reader.ReadBoolean() ? ReadSpa(reader) : null;
        return reader.BaseStream.Position == bytes.Length
            ? new SentryOrders(new SentryOptions(generation, doors) { Traps = traps, Spa = spa }) { Ring = ring, Interfaces = interfaces }
            : throw new EndOfStreamException("more orders than there can be");
    }

    private static void Write(BinaryWriter writer, KnockSequence door)
    {
        writer.Write(door.Name);
        writer.Write((byte)door.Order);
        writer.Write(door.Within.Ticks);
        writer.Write((byte)door.TcpFlags.Set);
        writer.Write((byte)door.TcpFlags.Clear);
        writer.Write(door.Alone);
        writer.Write((byte)door.Family);
        Each(writer, door.To, address => Write(writer, address.Value));
        Each(writer, door.Steps, step =>
        {
            writer.Write((byte)step.Kind);
            writer.Write(step.First);
            writer.Write(step.Last);
        });
    }

    private static KnockSequence ReadDoor(BinaryReader reader)
    {
        var door = new KnockSequence(reader.ReadString(), [])
        {
            Order = (StepOrder)reader.ReadByte(),
            Within = TimeSpan.FromTicks(reader.ReadInt64()),
            TcpFlags = new((TcpFlags)reader.ReadByte(), (TcpFlags)reader.ReadByte()),
            Alone = reader.ReadBoolean(),
            Family = (IpFamily)reader.ReadByte(),
            To = Each(reader, () => new Address(ReadNumber(reader))),
        };
        return door with { Steps = Each(reader, () => new KnockStep((StepKind)reader.ReadByte(), reader.ReadUInt16(), reader.ReadUInt16())) };
    }

    private static void Write(BinaryWriter writer, SpaWatchOptions spa)
    {
        Span<byte> key = stackalloc byte[Math.Max(OuterKey.Size, BoxKeyPair.PrivateKeySize)];
        spa.OuterKey.Export(key);
        writer.Write(key[..OuterKey.Size]);
        spa.GateKey.Export(key);
        writer.Write(key[..BoxKeyPair.PrivateKeySize]);
        key.Clear();
        Write(writer, spa.Seed);
        Each(writer, spa.UdpPorts, ports => Write(writer, ports));
        Each(writer, spa.TcpPorts, ports => Write(writer, ports));
        writer.Write(spa.Echo);
        foreach (var rate in (ReadOnlySpan<OpeningRate>)[spa.Limits.InAll, spa.Limits.PerHost, spa.Limits.PerNetwork])
        {
            writer.Write(rate.PerSecond);
            writer.Write(rate.Burst);
        }
    }

    private static SpaWatchOptions ReadSpa(BinaryReader reader)
    {
        var outer = OuterKey.From(reader.ReadBytes(OuterKey.Size));
        var box = BoxKeyPair.From(reader.ReadBytes(BoxKeyPair.PrivateKeySize));
        return new(outer, box, ReadNumber(reader))
        {
            UdpPorts = Each(reader, () => ReadPorts(reader)),
            TcpPorts = Each(reader, () => ReadPorts(reader)),
            Echo = reader.ReadBoolean(),
            Limits = new() { InAll = ReadRate(reader), PerHost = ReadRate(reader), PerNetwork = ReadRate(reader) },
        };
    }

    private static void Write(BinaryWriter writer, UInt128 number)
    {
        writer.Write((ulong)(number >> 64));
        writer.Write((ulong)number);
    }

    private static UInt128 ReadNumber(BinaryReader reader) => new(reader.ReadUInt64(), reader.ReadUInt64());

    private static void Write(BinaryWriter writer, FilterPorts ports)
    {
        writer.Write(ports.First);
        writer.Write(ports.Last);
    }

    private static FilterPorts ReadPorts(BinaryReader reader) => new(reader.ReadUInt16(), reader.ReadUInt16());

    private static OpeningRate ReadRate(BinaryReader reader) => new(reader.ReadInt32(), reader.ReadInt32());

    private static void Each<T>(BinaryWriter writer, ImmutableArray<T> items, Action<T> write)
    {
        writer.Write(items.Length);
        foreach (var item in items)
            write(item);
    }

    private static ImmutableArray<T> Each<T>(BinaryReader reader, Func<T> read)
    {
        var items = ImmutableArray.CreateBuilder<T>();
        for (var left = reader.ReadInt32(); left > 0; left--)
            items.Add(read());
        return items.ToImmutable();
    }
}
