using System.Buffers;
using System.Net;
using System.Net.Sockets;

namespace Postern.Client.Invitations;

/// <summary>The host of an invitation: a name of DNS in lower case, an IPv4 address of four decimal numbers, or an IPv6 address without a zone.</summary>
internal static class InvitationHost
{
    private const int MaxName = 253;
    private const int MaxLabel = 63;

    private static readonly SearchValues<char> V6 = SearchValues.Create("0123456789abcdef:.");
    private static readonly SearchValues<char> Label = SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789-_");
    private static readonly SearchValues<char> Numeric = SearchValues.Create("0123456789.");

    /// <summary>As it stands in the line (IPv6 in brackets); null where it is no host.</summary>
    public static string? Check(string host) => host.Contains(':', StringComparison.Ordinal)
        ? IsV6(host) ? $"[{host}]" : null
        : IsNameOrV4(host) ? host : null;

    public static bool IsV6(ReadOnlySpan<char> text) =>
        !text.ContainsAnyExcept(V6) && IPAddress.TryParse(text, out var address) && address.AddressFamily == AddressFamily.InterNetworkV6;

    public static bool IsNameOrV4(ReadOnlySpan<char> text)
    {
        if (text.IsEmpty || text.Length > MaxName)
            return false;
        if (!text.ContainsAnyExcept(Numeric))
            return Reports.Address.TryParse(text, out _);
        foreach (var part in text.Split('.'))
        {
            if (!IsLabel(text[part]))
                return false;
        }

        return true;
    }

    private static bool IsLabel(ReadOnlySpan<char> label) =>
        label.Length is > 0 and <= MaxLabel && !label.ContainsAnyExcept(Label) && label[0] is not ('-' or '_') && label[^1] is not ('-' or '_');
}
