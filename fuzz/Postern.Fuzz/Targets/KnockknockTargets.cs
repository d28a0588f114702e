using System.Text;
using Postern.Cli.Configuration;
using Postern.Fuzz.Engine;
using Postern.Keys;
using Postern.Keys.Knockknock;
using Postern.Packets;
using Postern.Sentry;

namespace Postern.Fuzz.Targets;

/// <summary>Packets of knockknock, and the files of its profiles.</summary>
internal static class KnockknockTargets
{
    private const long Second = 1_000_000_000;

    private static readonly Sentry.Sentry Watcher = new(new(1, []) { Tokens = new([WatchOf(1, next: 0), WatchOf(2, next: uint.MaxValue - 5)], 1) });

    private static long _now;

    /// <summary>Nobody who has not the keys makes one.</summary>
    public static void Packet(ReadOnlySpan<byte> input)
    {
        var packet = input.ToArray();
        Spent.Begin();
        var reports = Watcher.Watch(new() { Bytes = packet, Link = LinkType.Raw, Time = _now += Second });
        Spent.End();
        Oracle.That(reports.IsEmpty, "a packet that nobody can have made");
    }

    /// <summary>The first byte says which of the files it is.</summary>
    public static void Profile(ReadOnlySpan<byte> input)
    {
        if (input.IsEmpty)
            return;
        var faults = new FaultList();
        var text = input[1..];
        switch (input[0] % 3)
        {
            case 0:
                Span<byte> key = stackalloc byte[KnockknockKeys.KeySize];
                key.Clear();
                KnockknockProfile.ReadKey("f", text, key, faults);
                Oracle.That(faults.Count > 0 ? !key.ContainsAnyExcept((byte)0) : text.Trim(" \t\r\n"u8).SequenceEqual(Encoding.ASCII.GetBytes(Convert.ToBase64String(key))), "a key that is written otherwise, or one with a fault");
                break;
            case 1:
                _ = KnockknockProfile.ReadCounter("f", Encoding.UTF8.GetString(text), faults);
                break;
            default:
                Oracle.That(KnockknockProfile.ReadPort("f", Encoding.UTF8.GetString(text), faults) == 0 == faults.Count > 0, "a port and a fault, or neither");
                break;
        }

        Oracle.That(faults.Count <= 1, "two faults of one file");
    }

    private static KnockknockWatch WatchOf(byte first, ulong next) => new(TokenSecret.From([first, .. new byte[KnockknockKeys.Size - 1]]), 1200, [22, 80]) { Next = () => next };
}
