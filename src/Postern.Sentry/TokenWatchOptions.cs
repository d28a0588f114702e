using System.Collections.Immutable;
using Postern.Keys;
using Postern.Packets;
using Postern.Reports.Tokens;
using Postern.Sentry.Tokens;

namespace Postern.Sentry;

/// <summary>The knocks by tokens, of all methods: their places are the doors of such reports.</summary>
/// <param name="Knocks">In the order of the configuration.</param>
/// <param name="Seed">128 bits of chance that nobody else knows: they key the tables that strangers' packets meet.</param>
public sealed record TokenWatchOptions(ImmutableArray<TokenWatch> Knocks, UInt128 Seed)
{
    /// <summary>A packet may be the last step of a rolling sequence of each live time step.</summary>
    internal const int MostOfOnePacket = 3;

    /// <summary>One detector a method; those of methods that no knock has are not there.</summary>
    internal ITokenDetector[] Detectors(TokenThoughts thoughts) => [.. Knocks.Index().GroupBy(k => k.Item.Method).Select(m => m.First().Item.Detector([.. m], this, thoughts))];
}

/// <summary>A knock by a token as the sentry knows it. One type for each method: what it watches for, how it crosses to the sentry, and who looks for it.</summary>
/// <param name="Secret">That its tokens are made with. It stays the caller's, and must live as long as the sentry.</param>
public abstract record TokenWatch(TokenSecret Secret)
{
    public abstract TokenMethod Method { get; }

    /// <summary>First segments of connections (SYN and not ACK) to these are looked at.</summary>
    public virtual ImmutableArray<FilterPorts> TcpPorts => [];

    /// <summary>Datagrams to these are.</summary>
    public virtual ImmutableArray<FilterPorts> UdpPorts => [];

    /// <summary>Echo requests of ICMP and ICMPv6 are.</summary>
    public virtual bool Echo => false;

    /// <summary>Makes the one detector for all knocks of this method.</summary>
    /// <param name="knocks">Which they are, each with its door.</param>
    /// <param name="options">All of them.</param>
    /// <param name="thoughts">Who is told what it makes of packets that complete none.</param>
    internal abstract ITokenDetector Detector(ImmutableArray<(int Door, TokenWatch Knock)> knocks, TokenWatchOptions options, TokenThoughts thoughts);

    /// <summary>All but the method and the secret.</summary>
    internal abstract void Write(BinaryWriter writer);

    internal static void Write(BinaryWriter writer, TokenWatch knock)
    {
        Span<byte> key = stackalloc byte[TokenSecret.MaxSize];
        knock.Secret.Export(key);
        writer.Write((byte)knock.Method);
        writer.Write((byte)knock.Secret.Size);
        writer.Write(key[..knock.Secret.Size]);
        key.Clear();
        knock.Write(writer);
    }

    internal static void WriteEach<T>(BinaryWriter writer, ImmutableArray<T> items, Action<T> write)
    {
        writer.Write(items.Length);
        foreach (var item in items)
            write(item);
    }

    internal static ImmutableArray<T> ReadEach<T>(BinaryReader reader, Func<T> read) => [.. Enumerable.Range(0, reader.ReadInt32()).Select(_ => read())];

    internal static TokenWatch Read(BinaryReader reader)
    {
        var method = (TokenMethod)reader.ReadByte();
        var key = reader.ReadBytes(reader.ReadByte());
        if (key.Length < TokenSecret.MinSize)
            throw new EndOfStreamException("half a secret");
        var secret = TokenSecret.From(key);
        Array.Clear(key);
        return method switch
        {
            TokenMethod.Rolling => RollingWatch.Read(reader, secret),
            TokenMethod.Ports => PortsWatch.Read(reader, secret),
            TokenMethod.Syn => SynWatch.Read(reader, secret),
            TokenMethod.Icmp => IcmpWatch.Read(reader, secret),
            TokenMethod.Knockknock => KnockknockWatch.Read(reader, secret),
            _ => throw new IOException($"no token method {method}"),
        };
    }
}
