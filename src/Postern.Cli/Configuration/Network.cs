using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Postern.Reports;

namespace Postern.Cli.Configuration;

/// <summary>An address or a network in prefix notation (RFC 4632 §3.1, RFC 4291 §2.3): <c>192.0.2.7</c>, <c>192.0.2.0/24</c>, <c>2001:db8::/32</c>.</summary>
internal static class Network
{
    private const int V4Bits = 32;

    private const int V6Bits = 128;

    /// <summary>On failure <paramref name="mend"/> says what to write instead.</summary>
    public static bool TryParse(string text, out IPNetwork network, out string mend)
    {
        network = default;
        var slash = text.IndexOf('/', StringComparison.Ordinal);
        var literal = slash < 0 ? text : text[..slash];
        if (!Address.TryParse(literal, out var address))
        {
            mend = "write an address or a network: 192.0.2.7, 192.0.2.0/24, 2001:db8::/32";
            return false;
        }

        // ::ffff:192.0.2.1 would have two possible prefix lengths.
        if (address.IsV4 && !string.Equals(literal, address.ToString(), StringComparison.Ordinal))
        {
            mend = $"if {address} is meant, write it so";
            return false;
        }

        var bits = address.IsV4 ? V4Bits : V6Bits;
        var prefix = bits;
        if (slash >= 0 && !TryParsePrefix(text.AsSpan(slash + 1), bits, out prefix))
        {
            mend = string.Create(CultureInfo.InvariantCulture, $"write a prefix length from 0 to {bits} after the slash: {address}/{(address.IsV4 ? 24 : 64)}");
            return false;
        }

        var first = WithoutHostBits(address, bits - prefix);
        mend = string.Create(CultureInfo.InvariantCulture, $"write the network, {first}/{prefix}, or the one address, {address}");
        if (first != address)
            return false;
        network = new(first.ToIPAddress(), prefix);
        return true;
    }

    private static bool TryParsePrefix(ReadOnlySpan<char> text, int bits, out int prefix) =>
        Digits.TryParse(text, out prefix) && prefix <= bits && (text.Length == 1 || text[0] != '0');

    private static Address WithoutHostBits(Address address, int hostBits) =>
        hostBits == V6Bits ? default : new(address.Value >> hostBits << hostBits);

    public static string Format(IPNetwork network) =>
        network.PrefixLength == (network.BaseAddress.AddressFamily == AddressFamily.InterNetwork ? V4Bits : V6Bits)
            ? network.BaseAddress.ToString()
            : network.ToString();
}
