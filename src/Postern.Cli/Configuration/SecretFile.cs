using System.Buffers;
using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Security.Cryptography;
using Postern.Keys;

namespace Postern.Cli.Configuration;

/// <summary>
/// The secret of a knock by a token: a file of one line, which only its owner may read. The line is hexadecimal or base64, of 16 to 64 bytes; lines that begin with # are for people.
/// A file with a fault keeps out those of its knock, and stops nothing else. No message shows the secret.
/// </summary>
internal static class SecretFile
{
    private const int MaxSize = 4096;

    private const string Nobody = "the knock opens nothing";

    private static readonly SearchValues<byte> Hexadecimal = SearchValues.Create("0123456789abcdefABCDEF"u8);

    private static readonly string Shape = string.Create(CultureInfo.InvariantCulture, $"write one line of {TokenSecret.MinSize} to {TokenSecret.MaxSize} bytes in hexadecimal or base64: openssl rand -hex 32");

    /// <summary>Null, and a fault: there is none.</summary>
    public static TokenSecret? Read(string path, FaultList faults) => FileOf(path).ReadSecret(bytes => Read(path, bytes, faults), faults);

    /// <summary>Reads bytes as if they were a file of that name.</summary>
    internal static TokenSecret? Read(string path, ReadOnlySpan<byte> bytes, FaultList faults)
    {
        TokenSecret? secret = null;
        var number = 0;
        foreach (var range in bytes.Split((byte)'\n'))
        {
            var line = bytes[range].Trim(" \t\r"u8);
            number++;
            if (line.IsEmpty || line[0] == '#')
                continue;
            if (secret is not null || !TryDecode(line, out secret))
            {
                faults.Add(new(path, number, 1), secret is null ? $"the line is no secret; {Nobody}" : $"a second line; {Nobody}", Shape);
                secret?.Dispose();
                return null;
            }
        }

        if (secret is null)
            faults.Add(Place.Whole(path), $"no secret stands in it; {Nobody}", Shape);
        return secret;
    }

    /// <summary>Hexadecimal where all of it is, else base64, of either alphabet, with or without padding.</summary>
    internal static bool TryDecode(ReadOnlySpan<byte> text, [NotNullWhen(true)] out TokenSecret? secret)
    {
        secret = null;
        Span<byte> bytes = stackalloc byte[TokenSecret.MaxSize + 2];
        bytes.Clear();
        if (text.Length > 2 * TokenSecret.MaxSize || text.ContainsAny(" \t\r"u8)) // the runtime's base64 passes over white space
            return false;
        var isHex = !text.ContainsAnyExcept(Hexadecimal);
        if ((isHex ? TryDecodeHex(text, bytes, out var length) : TryDecodeBase64(text, bytes, out length)) && length is >= TokenSecret.MinSize and <= TokenSecret.MaxSize)
            secret = TokenSecret.From(bytes[..length]);
        CryptographicOperations.ZeroMemory(bytes);
        return secret is not null;
    }

    /// <summary>The same for the same secret, and says nothing about it.</summary>
    internal static string NameOf(TokenSecret secret)
    {
        Span<byte> hash = stackalloc byte[TokenSecret.MacSize];
        secret.Fingerprint(hash);
        return Convert.ToHexString(hash);
    }

    private static bool TryDecodeHex(ReadOnlySpan<byte> text, Span<byte> bytes, out int length) => Convert.FromHexString(text, bytes, out _, out length) == OperationStatus.Done;

    private static bool TryDecodeBase64(ReadOnlySpan<byte> text, Span<byte> bytes, out int length) =>
        (text.ContainsAny("-_"u8) ? Base64Url.DecodeFromUtf8(text, bytes, out _, out length) : Base64.DecodeFromUtf8(text, bytes, out _, out length)) == OperationStatus.Done;

    private static TrustedFile FileOf(string path) => new(path, MaxSize, Nobody)
    {
        IsSecret = true,
        Make = $"make it: (umask 077; openssl rand -hex 32 > {path})",
        Shrink = "leave one line in it",
    };
}
