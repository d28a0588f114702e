using System.Text;

namespace Postern.Keys.Ssh;

/// <summary>What an owner calls a key: text for a person, of anyone's making, so nothing in it moves a terminal.</summary>
internal static class SshComment
{
    private const int MaxLength = 256;

    public static string Read(ReadOnlySpan<byte> bytes)
    {
        var text = Encoding.UTF8.GetString(bytes[..Math.Min(bytes.Length, MaxLength)]);
        return string.Create(text.Length, text, static (chars, from) =>
        {
            for (var i = 0; i < chars.Length; i++)
                chars[i] = char.IsControl(from[i]) ? '?' : from[i];
        });
    }
}
