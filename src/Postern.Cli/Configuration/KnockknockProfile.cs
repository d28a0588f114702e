using System.Buffers.Text;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Postern.Keys;
using Postern.Keys.Knockknock;
using Postern.Reports;
using static Postern.Cli.Configuration.Quoting;

namespace Postern.Cli.Configuration;

/// <summary>
/// A profile as knockknock's daemon keeps it: a folder with four files. It is read and never written.
/// <code>
/// cipher.key   one line of base64, 16 bytes
/// mac.key      the same
/// counter      its first line is the lowest counter that is good, in decimal digits
/// config       [main]
///              knock_port = 1 to 65535
/// </code>
/// A folder or a file with a fault keeps out those of its knock, and stops nothing else. No message shows a key.
/// </summary>
/// <param name="Secret">The cipher key, and behind it that of the MAC.</param>
/// <param name="KnockPort">Where its packets go.</param>
/// <param name="Counter">Of the file.</param>
internal sealed record KnockknockProfile(TokenSecret Secret, ushort KnockPort, uint Counter)
{
    public const string CipherKey = "cipher.key";

    private const string Section = "main";

    private const string Port = "knock_port";

    private const int MaxSize = 4096;

    private const string Nobody = "the knock opens nothing";

    private const UnixFileMode Writable = UnixFileMode.GroupWrite | UnixFileMode.OtherWrite;

    /// <summary>Null, and every fault of the folder.</summary>
    public static KnockknockProfile? Read(string folder, FaultList faults)
    {
        if (!IsTrusted(folder, faults))
            return null;
        var keys = GC.AllocateArray<byte>(KnockknockKeys.Size, pinned: true);
        try
        {
            var before = faults.Count;
            ReadFile(Path.Combine(folder, CipherKey), isSecret: true, faults, (path, bytes) => ReadKey(path, bytes, keys.AsSpan(0, KnockknockKeys.KeySize), faults));
            ReadFile(Path.Combine(folder, "mac.key"), isSecret: true, faults, (path, bytes) => ReadKey(path, bytes, keys.AsSpan(KnockknockKeys.KeySize), faults));
            var (port, counter) = (default(ushort), default(uint));
            ReadFile(Path.Combine(folder, "config"), isSecret: false, faults, (path, bytes) => port = ReadPort(path, Encoding.UTF8.GetString(bytes), faults));
            ReadFile(Path.Combine(folder, "counter"), isSecret: false, faults, (path, bytes) => counter = ReadCounter(path, Encoding.UTF8.GetString(bytes), faults));
            return faults.Count == before ? new(TokenSecret.From(keys), port, counter) : null;
        }
        finally
        {
            CryptographicOperations.ZeroMemory(keys);
        }
    }

    /// <summary>Whoever may write to the folder puts files of his own there.</summary>
    private static bool IsTrusted(string folder, FaultList faults)
    {
        if (FileFacts.Of(folder) is not { } facts || !Directory.Exists(folder))
            faults.AddUnreadable(folder, $"no such folder; {Nobody}", "name one that knockknock-genprofile has made");
        else if (!facts.IsOwnedByRootOrUs)
            faults.Add(Place.Whole(folder), $"belongs to another user, who could let in whom he likes; {Nobody}", $"chown root {folder}");
        else if ((facts.Mode & Writable) != UnixFileMode.None)
            faults.Add(Place.Whole(folder), $"other users can write to it, and so let in whom they like; {Nobody}", $"chmod 700 {folder}");
        else
            return true;
        return false;
    }

    private delegate void Reading(string path, ReadOnlySpan<byte> bytes);

    private static void ReadFile(string path, bool isSecret, FaultList faults, Reading read)
    {
        var file = new TrustedFile(path, MaxSize, Nobody) { IsSecret = isSecret, Make = "copy the profile anew, all four files of it", Shrink = "copy it anew: knockknock's has one line" };
        using var stream = file.Open(faults);
        if (stream is null)
            return;
        var room = GC.AllocateArray<byte>(MaxSize, pinned: true);
        try
        {
            read(path, room.AsSpan(0, stream.ReadAtLeast(room, room.Length, throwOnEndOfStream: false)));
        }
        catch (IOException e)
        {
            faults.AddUnreadable(path, $"cannot be read: {e.Message.TrimEnd('.')}; {Nobody}", "look at the disk");
        }
        finally
        {
            CryptographicOperations.ZeroMemory(room);
        }
    }

    internal static void ReadKey(string path, ReadOnlySpan<byte> bytes, Span<byte> key, FaultList faults)
    {
        Span<byte> decoded = stackalloc byte[KnockknockKeys.KeySize + 2];
        var text = bytes.Trim(" \t\r\n"u8);
        if (text.ContainsAny(" \t\r\n"u8)) // the runtime's base64 passes over white space
            faults.Add(new(path, 1, 1), $"more than one line; {Nobody}", "leave the key of this profile in it");
        else if (Base64.DecodeFromUtf8(text, decoded, out _, out var length) != System.Buffers.OperationStatus.Done || length != key.Length)
            faults.Add(new(path, 1, 1), $"the line is no key of knockknock; {Nobody}", string.Create(CultureInfo.InvariantCulture, $"copy the file anew: it holds {KnockknockKeys.KeySize} bytes in base64"));
        else
            decoded[..length].CopyTo(key);
        CryptographicOperations.ZeroMemory(decoded);
    }

    /// <summary>Of a file that has been written over by a shorter number the rest of the longer one is left, in a line of its own.</summary>
    internal static uint ReadCounter(string path, string text, FaultList faults)
    {
        var line = text.Split('\n')[0].Trim();
        if (Digits.TryParse(line, out uint counter))
            return counter;
        faults.Add(new(path, 1, 1), $"{Quote(line)} is no counter; {Nobody}", "write a number that no packet of the client has had yet, at most 4294967295");
        return 0;
    }

    /// <summary>As Python's ConfigParser reads it, but that what it would pass over is a fault.</summary>
    internal static ushort ReadPort(string path, string text, FaultList faults)
    {
        var (section, number, port) = ("", 0, default(ushort));
        foreach (var whole in text.Split('\n'))
        {
            number++;
            var line = whole.TrimEnd();
            if (line.Length == 0 || line[0] is '#' or ';')
                continue;
            if (line[0] == '[' && line[^1] == ']')
            {
                section = line[1..^1];
                continue;
            }

            var at = line.AsSpan().IndexOfAny('=', ':');
            if (at < 0 || char.IsWhiteSpace(line[0]))
            {
                Fail(number, $"{Quote(line)} is no setting");
                return 0;
            }

            if (!string.Equals(section, Section, StringComparison.Ordinal) || !string.Equals(line[..at].Trim(), Port, StringComparison.OrdinalIgnoreCase))
                continue;
            if (port != 0 || !Digits.TryParse(line[(at + 1)..].Trim(), out port) || port == 0)
            {
                Fail(number, port != 0 ? $"'{Port}' stands there twice" : $"'{Port}' cannot be {Quote(line[(at + 1)..].Trim())}");
                return 0;
            }
        }

        if (port == 0)
            Fail(0, $"no '{Port}' stands in [{Section}]");
        return port;

        void Fail(int line, string what) => faults.Add(new(path, line, line == 0 ? 0 : 1), $"{what}; {Nobody}", $"write it as knockknock-genprofile does: [{Section}], and below it {Port} = 1200");
    }
}
