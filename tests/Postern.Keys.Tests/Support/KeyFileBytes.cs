using System.Text;
using Postern.Keys.Ssh.Wire;

namespace Postern.Tests;

/// <summary>The inside of OpenSSH's private key files, for tests that damage it.</summary>
internal static class KeyFileBytes
{
    private const string First = "-----BEGIN OPENSSH PRIVATE KEY-----";
    private const string Last = "-----END OPENSSH PRIVATE KEY-----";

    public static byte[] Unwrap(string text) => Convert.FromBase64String(text.Replace(First, "").Replace(Last, ""));

    public static byte[] Wrap(ReadOnlySpan<byte> bytes) => Encoding.ASCII.GetBytes($"{First}\n{Convert.ToBase64String(bytes, Base64FormattingOptions.InsertLineBreaks)}\n{Last}\n");

    /// <summary>Not encrypted, with any section, filled up with zeros.</summary>
    public static byte[] Of(ReadOnlySpan<byte> publicKey, ReadOnlySpan<byte> section) => OfWhole(publicKey, [.. section, .. new byte[8 - (section.Length % 8)]]);

    public static byte[] OfWhole(ReadOnlySpan<byte> publicKey, ReadOnlySpan<byte> section) => Wrap(new SshWriter().Raw("openssh-key-v1\0"u8)
        .String("none"u8).String("none"u8).String([]).UInt32(1).String(publicKey).String(section).ToArray());
}
