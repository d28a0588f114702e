using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Postern.Keys.Fwknop;
using Postern.Knocks.Fwknop;
using Postern.Reports;
using Postern.Reports.Fwknop;
using Postern.Tests;

namespace Postern.Knocks.Tests.Fwknop;

/// <summary>Packets of the real fwknop: each opens to its fields, and its fields are written to the same bytes again. What its library says of broken ones, we say too, but for a list in the documentation.</summary>
public sealed partial class VectorsFwknopTests
{
    public static TheoryData<string> Vectors => FwknopVectors.Names("vectors");

    public static TheoryData<string> Verdicts => FwknopVectors.Names("verdicts");

    public static TheoryData<string> Transports => FwknopVectors.Names("transports");

    [Theory]
    [MemberData(nameof(Vectors))]
    public void A_packet_opens_to_its_fields_and_is_written_again(string name)
    {
        var vector = FwknopVectors.One("vectors", name);
        using var keys = Keys.Of(vector);
        var wire = Encoding.ASCII.GetBytes(vector.Text("wire")!);

        Assert.Equal(Refusal.None, Open(wire, http: false, keys, out var message, out var salt));
        Assert.Equal(vector.Text("salt_hex"), Convert.ToHexStringLower(salt));
        AssertFields(vector.GetProperty("decoded"), message!);
        Assert.Equal(vector.Text("plaintext"), Encoding.ASCII.GetString(FwknopMessageWriter.Write(message!)));
        Assert.Equal(vector.Text("wire"), Encoding.ASCII.GetString(FwknopWriter.Write(message!, keys.Cipher, keys.Mode, keys.Mac, salt)));
    }

    [Theory]
    [MemberData(nameof(Verdicts))]
    public void The_verdict_is_that_of_its_library_or_listed(string name)
    {
        var vector = FwknopVectors.One("verdicts", name);
        using var keys = Keys.OfVerdicts(vector);
        var refusal = Open(Encoding.Latin1.GetBytes(vector.Text("wire")!), http: false, keys, out var message, out _);
        if (vector.GetProperty("accept").GetBoolean() == (refusal == Refusal.None))
        {
            Assert.DoesNotContain(name, Listed("Stricter").Concat(Listed("Wider")));
            if (message is not null)
                AssertFields(vector.GetProperty("decoded"), message);
        }
        else
        {
            Assert.Contains(name, Listed(refusal == Refusal.None ? "Wider" : "Stricter"));
        }
    }

    [Fact]
    public void The_list_of_differences_names_cases_that_there_are()
    {
        var names = FwknopVectors.Names("verdicts").Select(r => r.Data).ToHashSet();
        var listed = Listed("Stricter").Concat(Listed("Wider")).ToList();
        Assert.NotEmpty(listed);
        Assert.All(listed, n => Assert.Contains(n, names));
    }

    [Theory]
    [MemberData(nameof(Transports))]
    public void What_the_real_client_sent_opens_in_every_transport(string name)
    {
        var capture = FwknopVectors.One("transports", name);
        using var keys = Keys.OfTransports();
        Assert.Equal(Refusal.None, Open(Encoding.Latin1.GetBytes(capture.Text("payload")!), http: true, keys, out var message, out _));
        Assert.NotEmpty(message!.Ports);
    }

    [Fact]
    public void An_HTTP_request_is_written_as_the_real_client_writes_it()
    {
        var capture = FwknopVectors.One("transports", "http");
        var payload = Encoding.Latin1.GetBytes(capture.Text("payload")!);
        var packet = new byte[FwknopPacket.MaxPayload];
        Assert.True(FwknopHttp.TryUnwrap(payload, packet, out var length));
        Assert.Equal(payload, FwknopHttp.Wrap(packet.AsSpan(0, length), "10.99.5.1"));
    }

    private static Refusal Open(byte[] payload, bool http, Keys keys, out FwknopMessage? message, out byte[] salt)
    {
        (message, salt) = (null, []);
        var reader = new FwknopReader();
        if (reader.Read(payload, http) is var refusal and not Refusal.None)
            return refusal;
        if (!reader.TrySplit(keys.Mac?.TagSize ?? 0, out var packet))
            return Refusal.WrongSize;
        if (keys.Mac is { } mac && !mac.Verify(packet.Text, packet.Tag))
            return Refusal.Junk;
        salt = packet.Salt.ToArray();
        Assert.Equal(FwknopPacket.CiphertextOf(packet.Text.Length - FwknopPacket.Prefix.Length), packet.Ciphertext.Length);
        var plaintext = new byte[packet.Ciphertext.Length];
        var length = keys.Cipher.Decrypt(keys.Mode, packet.Salt, packet.Ciphertext, plaintext);
        return length < 0 ? Refusal.NotSealedToUs : FwknopMessage.Read(plaintext.AsSpan(0, length), out message);
    }

    private static void AssertFields(JsonElement expected, FwknopMessage message)
    {
        var text = message.Allow == Address.None ? "0.0.0.0" : message.Allow.ToString();
        Assert.Equal(expected.Text("random"), message.Random);
        Assert.Equal(expected.Text("username"), message.User);
        Assert.Equal(expected.GetProperty("timestamp").GetInt64(), message.Time);
        Assert.Equal(expected.Text("version"), message.Version);
        Assert.Equal(expected.GetProperty("message_type").GetInt32(), (int)message.Type);
        Assert.Equal(expected.Text("message"), $"{text},{(message.Type == FwknopType.Command ? message.Command : string.Join(',', message.Ports))}");
        Assert.Equal(expected.Text("nat_access"), message.Nat?.ToString());
        Assert.Equal(expected.Text("server_auth"), message.ServerAuth);
        Assert.Equal(expected.GetProperty("client_timeout").GetInt32(), message.Timeout);
        if (expected.Text("digest_type") is { } digest)
            Assert.Equal(digest, message.Digest.ToString(), ignoreCase: true);
    }

    /// <summary>docs/from-fwknop.md: a table below the heading that begins with this word, its first column the name of a case.</summary>
    private static List<string> Listed(string heading)
    {
        var text = File.ReadAllText(Document());
        var start = text.IndexOf($"### {heading}", StringComparison.Ordinal);
        Assert.True(start >= 0, $"docs/from-fwknop.md has no heading {heading}");
        var end = text.IndexOf("\n#", start + 4, StringComparison.Ordinal);
        return [.. CaseNames().Matches(text[start..(end < 0 ? text.Length : end)]).Select(m => m.Groups["name"].Value)];
    }

    private static string Document([CallerFilePath] string here = "") => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "../../../docs/from-fwknop.md"));

    [GeneratedRegex(@"^\| `(?<name>[^`]+)` \|", RegexOptions.Multiline | RegexOptions.ExplicitCapture)]
    private static partial Regex CaseNames();

    private sealed record Keys(FwknopCipherKey Cipher, FwknopMode Mode, FwknopMacKey? Mac) : IDisposable
    {
        public static Keys Of(JsonElement vector) => new(
            FwknopCipherKey.From(vector.Key("key")),
            FwknopModes.TryParse(vector.Text("encryption_mode"), out var mode) ? mode : throw new InvalidDataException(),
            vector.Key("hmac_key") is { } key ? FwknopMacKey.From(key, Digest(vector)) : null);

        public static Keys OfVerdicts(JsonElement vector) => new(
            FwknopCipherKey.From(FwknopVectors.All.Key("key")), FwknopMode.Cbc, vector.GetProperty("hmac").GetBoolean() ? FwknopMacKey.From(FwknopVectors.All.Key("hmac_key"), Digest(vector)) : null);

        public static Keys OfTransports() => new(
            FwknopCipherKey.From(FwknopVectors.All.Key("key")), FwknopMode.Cbc, FwknopMacKey.From(FwknopVectors.All.Key("hmac_key"), FwknopDigest.Sha256));

        public void Dispose()
        {
            Cipher.Dispose();
            Mac?.Dispose();
        }

        private static FwknopDigest Digest(JsonElement vector) =>
            FwknopDigests.TryParse(vector.Text("hmac_type"), out var digest) ? digest : throw new InvalidDataException(vector.Text("hmac_type"));
    }
}
