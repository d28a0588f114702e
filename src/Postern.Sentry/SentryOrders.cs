using System.Collections.Immutable;
using System.Text;
using System.Net;
using Postern.Keys;
using Postern.Keys.Fwknop;
using Postern.Knocks.Sequences;
using Postern.Knocks.Spa;
using Postern.Packets;
using Postern.Reports;

namespace Postern.Sentry;

/// <summary>What a sentry reads from where it has no packet socket.</summary>
public enum SourceKind : byte
{
    /// <summary>Bound UDP sockets, one or more.</summary>
    Datagrams,

    /// <summary>A pipe with lines of a log.</summary>
    Lines,

    /// <summary>A socket of nfnetlink_log.</summary>
    Copies,
}

/// <summary>
/// What a sentry is told when it starts, and never again: a change is another sentry. The warden writes it into a pipe, the sentry reads it to its
/// end; both are the same program, and the first thing in it says so.
/// </summary>
public sealed record SentryOrders(SentryOptions Options)
{
    /// <summary>Where packets come from: one packet socket with a ring of this size; null: what <see cref="Source"/> says.</summary>
    public RingSize? Ring { get; init; }

    /// <summary>What was handed over instead of a packet socket.</summary>
    public SourceKind Source { get; init; }

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

        writer.Write((byte)Source);
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
        writer.Write(Options.Fwknop is not null);
        if (Options.Fwknop is { } fwknop)
            Write(writer, fwknop);
        writer.Write(Options.Tokens is not null);
        if (Options.Tokens is { } tokens)
        {
            Each(writer, tokens.Knocks, knock => TokenWatch.Write(writer, knock));
            Write(writer, tokens.Seed);
        }

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
        var source = (SourceKind)reader.ReadByte();
        var doors = Each(reader, () => ReadDoor(reader));
        var memory = reader.ReadInt64();
        var traps = TrapPorts.From(Each(reader, () => ((StepKind)reader.ReadByte(), reader.ReadUInt16())), memory);
        var spa = reader.ReadBoolean() ? ReadSpa(reader) : null;
        var fwknop = reader.ReadBoolean() ? ReadFwknop(reader) : null;
        var tokens = reader.ReadBoolean() ? new TokenWatchOptions(Each(reader, () => TokenWatch.Read(reader)), ReadNumber(reader)) : null;
        return reader.BaseStream.Position == bytes.Length
            ? new SentryOrders(new SentryOptions(generation, doors) { Traps = traps, Spa = spa, Fwknop = fwknop, Tokens = tokens }) { Ring = ring, Source = source, Interfaces = interfaces }
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
        Each(writer, spa.MovingPorts, moving =>
        {
            writer.Write((byte)moving.Pool.Transport);
            writer.Write(moving.Pool.First);
            writer.Write(moving.Pool.Last);
            writer.Write(moving.Step);
        });
        writer.Write(spa.Echo);
        Write(writer, spa.Limits.InAll, spa.Limits.PerHost, spa.Limits.PerNetwork);
    }

    private static void Write(BinaryWriter writer, params ReadOnlySpan<OpeningRate> rates)
    {
        foreach (var rate in rates)
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
            MovingPorts = Each(reader, () => new MovingPort(new((Transport)reader.ReadByte(), reader.ReadUInt16(), reader.ReadUInt16()), reader.ReadInt32())),
            Echo = reader.ReadBoolean(),
            Limits = new() { InAll = ReadRate(reader), PerHost = ReadRate(reader), PerNetwork = ReadRate(reader) },
        };
    }

    private static void Write(BinaryWriter writer, FwknopWatchOptions fwknop)
    {
        Each(writer, fwknop.Stanzas, stanza => Write(writer, stanza));
        Write(writer, fwknop.Seed);
        Each(writer, fwknop.UdpPorts, ports => Write(writer, ports));
        Each(writer, fwknop.TcpPorts, ports => Write(writer, ports));
        writer.Write(fwknop.Icmp);
        writer.Write(fwknop.Http);
        Write(writer, fwknop.Limits.InAll, fwknop.Limits.PerHost, fwknop.Limits.PerNetwork);
    }

    private static FwknopWatchOptions ReadFwknop(BinaryReader reader) =>
        new(Each(reader, () => ReadStanza(reader)), ReadNumber(reader))
        {
            UdpPorts = Each(reader, () => ReadPorts(reader)),
            TcpPorts = Each(reader, () => ReadPorts(reader)),
            Icmp = reader.ReadBoolean(),
            Http = reader.ReadBoolean(),
            Limits = new() { InAll = ReadRate(reader), PerHost = ReadRate(reader), PerNetwork = ReadRate(reader) },
        };

    /// <summary>One key, and by its presence which.</summary>
    private static void Write(BinaryWriter writer, FwknopWatch stanza)
    {
        Span<byte> key = stackalloc byte[Math.Max(FwknopMacKey.MaxSize, FwknopCipherKey.MaxSize)];
        writer.Write(stanza.Tag is not null);
        writer.Write((byte)(stanza.Tag?.Digest ?? default));
        writer.Write((byte)stanza.Mode);
        var size = stanza.Tag?.Size ?? stanza.Cipher!.Size;
        stanza.Tag?.Export(key);
        stanza.Cipher?.Export(key);
        writer.Write((byte)size);
        writer.Write(key[..size]);
        key.Clear();
        Each(writer, stanza.Sources, network => Write(writer, network));
        Each(writer, stanza.Destinations, network => Write(writer, network));
    }

    private static FwknopWatch ReadStanza(BinaryReader reader)
    {
        var (isTagged, digest, mode) = (reader.ReadBoolean(), (FwknopDigest)reader.ReadByte(), (FwknopMode)reader.ReadByte());
        var key = reader.ReadBytes(reader.ReadByte());
        var stanza = isTagged ? new FwknopWatch(FwknopMacKey.From(key, digest), null, mode) : new(null, FwknopCipherKey.From(key), mode);
        Array.Clear(key);
        return stanza with { Sources = Each(reader, () => ReadNetwork(reader)), Destinations = Each(reader, () => ReadNetwork(reader)) };
    }

    private static void Write(BinaryWriter writer, IPNetwork network)
    {
        var address = network.BaseAddress.GetAddressBytes();
        writer.Write((byte)address.Length);
        writer.Write(address);
        writer.Write((byte)network.PrefixLength);
    }

    private static IPNetwork ReadNetwork(BinaryReader reader) => new(new IPAddress(reader.ReadBytes(reader.ReadByte())), reader.ReadByte());

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
