using System.Collections.Immutable;
using System.Text;

namespace Postern.Reports.Fwknop;

/// <summary>
/// Reads the plaintext as if an enemy had written it: one way to write each field, and nothing else. What fwknop's own library takes and no client sends is
/// refused (docs/from-fwknop.md lists it); times after 2038, which it cannot read, are taken.
/// </summary>
public static class FwknopMessageReader
{
    private const int MinFields = 7; // random, user, time, version, type, message, digest
    private const int MaxFields = MinFields + 3; // nat, server auth, timeout

    private const int MaxUserText = 64;
    private const int MaxTime = 12;
    private const int MaxVersion = 8;
    private const int MaxMessageText = 256;
    private const int MaxNatHost = 70;
    private const int MinBody = 36;

    /// <summary>What fwknop does not take in a user's name (lib/fko_user.c).</summary>
    private const string NotInUser = "\"/\\[]:;|=,+*?<>";

    /// <summary>What it does not take in the host of a NAT request.</summary>
    private const string NotInHost = " /?\"'\\,";

    /// <summary>
    /// <see cref="Refusal.None"/>; <see cref="Refusal.NotSealedToUs"/> where it does not begin with 16 digits, which is to say that the key was another;
    /// <see cref="Refusal.BadRequest"/> for all else.
    /// </summary>
    public static Refusal Read(ReadOnlySpan<byte> plaintext, out FwknopMessage? message)
    {
        message = null;
        if (plaintext.Length <= FwknopMessage.RandomSize || plaintext[..FwknopMessage.RandomSize].ContainsAnyExceptInRange((byte)'0', (byte)'9') || plaintext[FwknopMessage.RandomSize] != ':')
            return Refusal.NotSealedToUs;
        var end = plaintext.LastIndexOf((byte)':');
        if (end is < MinBody or > FwknopMessage.MaxBody || plaintext.ContainsAnyExceptInRange((byte)0x20, (byte)0x7e) || !TryReadDigest(plaintext[..end], plaintext[(end + 1)..], out var digest))
            return Refusal.BadRequest;
        Span<Range> fields = stackalloc Range[MaxFields];
        var body = Encoding.ASCII.GetString(plaintext[..end]);
        var count = body.AsSpan().Split(fields, ':');
        if (count < MinFields - 1 || count == fields.Length)
            return Refusal.BadRequest;
        message = ReadFields(body, fields[..count]) is { } read ? read with { Digest = digest } : null;
        return message is null ? Refusal.BadRequest : Refusal.None;
    }

    private static bool TryReadDigest(ReadOnlySpan<byte> body, ReadOnlySpan<byte> text, out FwknopInnerDigest kind)
    {
        kind = default;
        Span<byte> digest = stackalloc byte[FwknopInnerDigests.MaxSize];
        return BareBase64.TryDecode(text, digest, out var size) && FwknopInnerDigests.TryFind(body, digest[..size], out kind);
    }

    private static FwknopMessage? ReadFields(string body, ReadOnlySpan<Range> fields)
    {
        var type = (FwknopType)(body[fields[4]] is [>= '0' and <= '6' and var digit] ? digit - '0' : byte.MaxValue);
        if (type > FwknopType.TimedLocalNat
            || !TryReadText(body.AsSpan(fields[1]), MaxUserText, out var user) || user.AsSpan().ContainsAny(NotInUser)
            || body.AsSpan(fields[2]).Length > MaxTime || !TryReadNumber(body.AsSpan(fields[2]), out long time)
            || !IsVersion(body.AsSpan(fields[3]))
            || !TryReadText(body.AsSpan(fields[5]), MaxMessageText, out var text)
            || ReadRequest(type, text) is not { } request)
            return null;
        request = request with { Random = body[fields[0]], User = user, Time = time, Version = body[fields[3]] };
        return ReadRest(request, body, fields[6..]);
    }

    private static bool IsVersion(ReadOnlySpan<char> text) =>
        text.Length is > 0 and <= MaxVersion && !text.ContainsAnyExcept("0123456789.");

    private static FwknopMessage? ReadRequest(FwknopType type, string text)
    {
        var comma = text.IndexOf(',', StringComparison.Ordinal);
        if (comma < 0 || comma + 1 == text.Length || !Address.TryParse(text.AsSpan(0, comma), out var allow) || !allow.IsV4)
            return null;
        var request = new FwknopMessage
        {
            Random = "", User = "", Time = 0, Type = type,
            Allow = allow == Address.FromV4(0) ? Address.None : allow,
        };
        if (type == FwknopType.Command)
            return request with { Command = text[(comma + 1)..] };
        return ReadPorts(text.AsSpan(comma + 1)) is { IsDefault: false } ports ? request with { Ports = ports } : null;
    }

    private static ImmutableArray<PortRange> ReadPorts(ReadOnlySpan<char> text)
    {
        var ports = ImmutableArray.CreateBuilder<PortRange>();
        foreach (var range in text.Split(','))
        {
            var word = text[range];
            if (!PortRange.TryParse(word, out var port) || port.Count != 1 || !word.SequenceEqual(port.ToString()))
                return default;
            ports.Add(port);
        }

        return ports.ToImmutable();
    }

    private static FwknopMessage? ReadRest(FwknopMessage request, string body, ReadOnlySpan<Range> rest)
    {
        if (FwknopMessage.HasNat(request.Type))
        {
            if (rest.IsEmpty || !TryReadText(body.AsSpan(rest[0]), MaxMessageText, out var text) || !TryReadNat(text, out var nat))
                return null;
            request = request with { Nat = nat };
            rest = rest[1..];
        }

        if (FwknopMessage.HasTimeout(request.Type))
        {
            if (rest.IsEmpty || !TryReadNumber(body.AsSpan(rest[^1]), out int seconds) || seconds > FwknopMessage.MaxTimeout)
                return null;
            request = request with { Timeout = seconds };
            rest = rest[..^1];
        }

        if (rest.IsEmpty)
            return request;
        return rest.Length == 1 && TryReadText(body.AsSpan(rest[0]), MaxMessageText, out var auth) ? request with { ServerAuth = auth } : null;
    }

    private static bool TryReadNat(string text, out FwknopNat nat)
    {
        nat = default;
        var comma = text.LastIndexOf(',');
        if (comma is <= 0 or > MaxNatHost || text.AsSpan(0, comma).ContainsAny(NotInHost) || !TryReadNumber(text.AsSpan(comma + 1), out ushort port) || port == 0)
            return false;
        nat = new(text[..comma], port);
        return true;
    }

    /// <summary>Without zeros before it.</summary>
    private static bool TryReadNumber<T>(ReadOnlySpan<char> text, out T number)
        where T : struct, System.Numerics.IBinaryInteger<T> =>
        Digits.TryParse(text, out number) && (text.Length == 1 || text[0] != '0');

    /// <summary>Base64 of printable ASCII, not empty.</summary>
    private static bool TryReadText(ReadOnlySpan<char> field, int max, out string text)
    {
        text = "";
        Span<byte> ascii = stackalloc byte[MaxMessageText];
        Span<byte> bytes = stackalloc byte[MaxMessageText];
        if (field.IsEmpty || field.Length > max)
            return false;
        Encoding.ASCII.GetBytes(field, ascii);
        if (!BareBase64.TryDecode(ascii[..field.Length], bytes, out var length) || bytes[..length].ContainsAnyExceptInRange((byte)0x20, (byte)0x7e))
            return false;
        text = Encoding.ASCII.GetString(bytes[..length]);
        return true;
    }
}
