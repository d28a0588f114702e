using System.Text;

namespace Postern.Knocks.Fwknop;

/// <summary>
/// The request of HTTP that a packet of fwknop can be wrapped in, with '-' and '_' in place of '+' and '/' (RFC 4648 §5):
/// <code>GET /packet HTTP/1.0</code>
/// Nothing that follows the packet is looked at.
/// </summary>
public static class FwknopHttp
{
    private static ReadOnlySpan<byte> Start => "GET /"u8;

    /// <summary>False where the payload is no such request. The packet may lie where it came from.</summary>
    public static bool TryUnwrap(ReadOnlySpan<byte> payload, Span<byte> packet, out int length)
    {
        length = 0;
        if (!payload.StartsWith(Start))
            return false;
        var rest = payload[Start.Length..];
        length = rest.IndexOfAny(" \t\r\n"u8);
        if (length < 0 || rest[..length].ContainsAny((byte)'+', (byte)'/'))
            return false;
        rest[..length].CopyTo(packet);
        packet[..length].Replace((byte)'-', (byte)'+');
        packet[..length].Replace((byte)'_', (byte)'/');
        return true;
    }

    /// <summary>As fwknop's client writes it.</summary>
    /// <param name="packet">Of <see cref="FwknopWriter"/>.</param>
    /// <param name="host">As the user named it.</param>
    public static byte[] Wrap(ReadOnlySpan<byte> packet, string host)
    {
        var text = Encoding.ASCII.GetString(packet).Replace('+', '-').Replace('/', '_');
        return Encoding.ASCII.GetBytes($"GET /{text} HTTP/1.0\r\nUser-Agent: Fwknop/2.6.10\r\nAccept: */*\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    }
}
