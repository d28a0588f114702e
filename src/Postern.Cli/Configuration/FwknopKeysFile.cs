using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Postern.Keys.Fwknop;
using static Postern.Cli.Configuration.Quoting;

namespace Postern.Cli.Configuration;

/// <summary>
/// The keys of a knock by the method fwknop: text of its own, which only its owner may read, <c>name value</c> a line.
/// <code>
/// key TEXT | key_base64 BASE64                    1 to 32 bytes
/// hmac_key TEXT | hmac_key_base64 BASE64          1 to 128 bytes; not there: packets carry no HMAC
/// hmac_digest md5 | sha1 | sha256 | sha384 | sha512 | sha3-256 | sha3-512
/// mode cbc | ctr | cfb | ofb | ecb | legacy
/// </code>
/// A file with a fault keeps out those of whom it speaks, and stops nothing else. No message shows a key.
/// </summary>
internal static class FwknopKeysFile
{
    private const int MaxSize = 4096;

    private const string Nobody = "the knock opens nothing";

    private static readonly string[] Names = ["key", "key_base64", "hmac_key", "hmac_key_base64", "hmac_digest", "mode"];

    /// <summary>Null, and a fault: no keys of it are taken.</summary>
    public static FwknopKeySet? Read(string path, FaultList faults) => FileOf(path).ReadSecret(bytes => Read(path, bytes, faults), faults);

    private static TrustedFile FileOf(string path) => new(path, MaxSize, Nobody)
    {
        IsSecret = true,
        Make = "make it, readable by root alone, with the lines 'key_base64 …' and 'hmac_key_base64 …' of the client's ~/.fwknoprc",
        Shrink = "leave the keys of one knock in it",
    };

    /// <summary>Reads bytes as if they were a file of that name.</summary>
    internal static FwknopKeySet? Read(string path, ReadOnlySpan<byte> bytes, FaultList faults)
    {
        using var lines = new KeyLines();
        var before = faults.Count;
        var number = 0;
        foreach (var range in bytes.Split((byte)'\n'))
        {
            var line = bytes[range].Trim(" \t\r"u8);
            number++;
            if (!line.IsEmpty && line[0] != '#')
                lines.Read(line, new(path, number, 1), faults);
        }

        if (faults.Count == before)
            lines.CheckTogether(Place.Whole(path), faults);
        return faults.Count == before ? lines.Take() : null;
    }

    /// <summary>What the lines have said so far.</summary>
    private sealed class KeyLines : IDisposable
    {
        private readonly HashSet<string> _seen = new(StringComparer.Ordinal);
        private FwknopCipherKey? _key;
        private byte[]? _tagKey;
        private FwknopDigest? _digest;
        private FwknopMode _mode = FwknopMode.Cbc;

        public void Read(ReadOnlySpan<byte> line, Place place, FaultList faults)
        {
            var end = line.IndexOfAny(" \t"u8);
            var name = Encoding.UTF8.GetString(end < 0 ? line : line[..end]).TrimEnd(':').ToLowerInvariant(); // as "fwknop --key-gen" prints it, too
            var value = end < 0 ? default : line[end..].Trim(" \t"u8);
            if (Array.IndexOf(Names, name) < 0)
                faults.Add(place, $"unknown name {QuoteName(name)}", faults.Suggest(name, Names, "write one of: " + string.Join(", ", Names)));
            else if (!_seen.Add(name.Replace("_base64", "", StringComparison.Ordinal)))
                faults.Add(place, $"'{name}' stands twice, or in text and in base64", "keep one of the two");
            else if (value.IsEmpty)
                faults.Add(place, $"'{name}' has no value", $"write it behind the name: {name} …");
            else
                Read(name, value, place, faults);
        }

        public void CheckTogether(Place whole, FaultList faults)
        {
            if (_key is null)
                faults.Add(whole, $"no key stands in it; {Nobody}", "copy the line KEY_BASE64 of the client or of access.conf: key_base64 …");
            else if (_tagKey is null && _digest is not null)
                faults.Add(whole, "'hmac_digest' stands without a key", "copy the line HMAC_KEY_BASE64 too: hmac_key_base64 …");
            else if (_tagKey is not null && _mode == FwknopMode.Legacy)
                faults.Add(whole, "the mode legacy has no HMAC", "remove the line of its key, or write another mode");
            else if (FwknopDigests.WhyNot(_digest ?? FwknopDigest.Sha256) is { } why && _tagKey is not null)
                faults.Add(whole, why.Split(": ", 2)[0], why.Split(": ", 2)[1]);
        }

        public FwknopKeySet? Take()
        {
            var key = _key!;
            _key = null;
            return new(key, _mode, _tagKey is null ? null : FwknopMacKey.From(_tagKey, _digest ?? FwknopDigest.Sha256));
        }

        public void Dispose()
        {
            _key?.Dispose();
            CryptographicOperations.ZeroMemory(_tagKey);
        }

        private void Read(string name, ReadOnlySpan<byte> value, Place place, FaultList faults)
        {
            switch (name)
            {
                case "hmac_digest" when FwknopDigests.TryParse(Encoding.UTF8.GetString(value), out var digest):
                    _digest = digest;
                    break;
                case "hmac_digest":
                    faults.Add(place, "'hmac_digest' is none that fwknop knows", "write one of: " + string.Join(", ", Enum.GetValues<FwknopDigest>().Select(d => d.Word())));
                    break;
                case "mode" when FwknopModes.TryParse(Encoding.UTF8.GetString(value), out var mode):
                    _mode = mode;
                    break;
                case "mode":
                    faults.Add(place, "'mode' is none that fwknop knows", "write one of: " + string.Join(", ", Enum.GetValues<FwknopMode>().Select(m => m.Word())));
                    break;
                default:
                    ReadKey(name, value, place, faults);
                    break;
            }
        }

        private void ReadKey(string name, ReadOnlySpan<byte> value, Place place, FaultList faults)
        {
            var isTag = name.StartsWith("hmac", StringComparison.Ordinal);
            var bytes = name.EndsWith("base64", StringComparison.Ordinal) ? Decode(value) : value.ToArray();
            var most = isTag ? FwknopMacKey.MaxSize : FwknopCipherKey.MaxSize;
            if (bytes is null || bytes.Length == 0 || bytes.Length > most)
                faults.Add(place, $"'{name}' is not a key of fwknop", string.Create(CultureInfo.InvariantCulture, $"it has 1 to {most} bytes{(bytes is null ? ", written as base64" : "")}: copy it as it stands at the client"));
            else if (isTag)
                _tagKey = bytes;
            else
                _key = FwknopCipherKey.From(bytes);
            if (!ReferenceEquals(bytes, _tagKey))
                CryptographicOperations.ZeroMemory(bytes);
        }

        private static byte[]? Decode(ReadOnlySpan<byte> text)
        {
            var bytes = new byte[text.Length];
            var status = System.Buffers.Text.Base64.DecodeFromUtf8(text, bytes, out _, out var length);
            return status == System.Buffers.OperationStatus.Done ? bytes[..length] : null;
        }

        /// <summary>What stands where a name should may be a key.</summary>
        private static string QuoteName(string name) => name.Length <= 16 && name.All(c => char.IsAsciiLetterLower(c) || c is '_') ? Quote(name) : "at the beginning of the line";
    }
}
