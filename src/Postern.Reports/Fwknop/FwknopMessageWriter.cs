using System.Globalization;
using System.Text;

namespace Postern.Reports.Fwknop;

/// <summary>Lays out a plaintext as fwknop's client does. <see cref="FwknopMessageReader"/> reads it back.</summary>
public static class FwknopMessageWriter
{
    /// <summary>The body, and the digest of it.</summary>
    /// <exception cref="ArgumentException">The message is one that no reader would take; the text says what is wrong.</exception>
    public static byte[] Write(FwknopMessage message)
    {
        ArgumentNullException.ThrowIfNull(message);
        var body = Encoding.ASCII.GetBytes(Body(message));
        Span<byte> digest = stackalloc byte[FwknopInnerDigests.MaxSize];
        var size = FwknopInnerDigests.Write(message.Digest, body, digest);
        var whole = new byte[body.Length + 1 + BareBase64.LengthFor(size)];
        body.CopyTo(whole, 0);
        whole[body.Length] = (byte)':';
        BareBase64.Encode(digest[..size], whole.AsSpan(body.Length + 1));
        if (FwknopMessageReader.Read(whole, out _) != Refusal.None)
            throw new ArgumentException("the request is not one that a server of fwknop would take: a user, a host or a command too long, or with characters that have no place there", nameof(message));
        return whole;
    }

    private static string Body(FwknopMessage message)
    {
        var fields = new List<string>
        {
            message.Random,
            Encode(message.User),
            message.Time.ToString(CultureInfo.InvariantCulture),
            message.Version,
            ((int)message.Type).ToString(CultureInfo.InvariantCulture),
            Encode(Request(message)),
        };
        if (message.Nat is { } nat)
            fields.Add(Encode(nat.ToString()));
        if (message.ServerAuth is { } auth)
            fields.Add(Encode(auth));
        if (FwknopMessage.HasTimeout(message.Type))
            fields.Add(message.Timeout.ToString(CultureInfo.InvariantCulture));
        return string.Join(':', fields);
    }

    private static string Request(FwknopMessage message)
    {
        var allow = message.Allow == Address.None ? "0.0.0.0" : message.Allow.ToString();
        return $"{allow},{(message.Type == FwknopType.Command ? message.Command : string.Join(',', message.Ports))}";
    }

    private static string Encode(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text)).TrimEnd('=');
}
