using System.Text;
using Postern.Keys.Fwknop;
using Postern.Knocks.Fwknop;
using Postern.Reports;
using Postern.Reports.Fwknop;
using Postern.Tests;

namespace Postern.Knocks.Tests.Fwknop;

/// <summary>One packet has one spelling, whatever is written is read back, and no bytes make the reader throw.</summary>
public sealed class PropertyFwknopTests
{
    private const string Alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

    private static readonly byte[] Salt = [1, 2, 3, 4, 5, 6, 7, 8];

    [Fact]
    public void A_packet_has_one_spelling()
    {
        var reader = new FwknopReader();
        foreach (var name in FwknopVectors.Names("vectors").Select(r => r.Data))
        {
            var vector = FwknopVectors.One("vectors", name);
            var tagSize = vector.Key("hmac_key") is null ? 0 : FwknopDigests.TryParse(vector.Text("hmac_type"), out var digest) ? FwknopDigests.SizeOf(digest) : -1;
            var wire = vector.Text("wire")!;
            Assert.True(Split(reader, wire, tagSize, out var bytes), name);
            foreach (var at in (int[])[wire.Length - 1, wire.Length - BareBase64.LengthFor(tagSize) - 1])
            {
                // Every other last character is either other bytes, or no packet at all.
                foreach (var other in Alphabet.Where(c => c != wire[at]))
                    Assert.False(Split(reader, wire[..at] + other + wire[(at + 1)..], tagSize, out var same) && same.AsSpan().SequenceEqual(bytes), $"{name}: {other} at {at}");
            }

            foreach (var spoilt in (string[])[wire + "=", "U2FsdGVkX1" + wire, wire + "\n", " " + wire, wire.Replace('+', '-'), wire[..^1], wire + "A"])
                Assert.False(spoilt != wire && Split(reader, spoilt, tagSize, out _), $"{name}: {spoilt}");
        }
    }

    [Fact]
    public void What_is_in_HTTP_is_the_same_packet()
    {
        var reader = new FwknopReader();
        var wire = FwknopVectors.One("vectors", "access-base64keys-hmac-sha256").Text("wire")!;
        Assert.Equal(Refusal.None, reader.Read(Encoding.ASCII.GetBytes(wire), http: true));
        var plain = reader.Text.ToArray();
        Assert.Equal(Refusal.None, reader.Read(FwknopHttp.Wrap(Encoding.ASCII.GetBytes(wire), "gate.example.org"), http: true));
        Assert.Equal(plain, reader.Text.ToArray());
        Assert.Equal(Refusal.Junk, reader.Read(FwknopHttp.Wrap(Encoding.ASCII.GetBytes(wire), "gate.example.org"), http: false));
        Assert.Equal(Refusal.Junk, reader.Read(Encoding.ASCII.GetBytes($"GET /{wire} HTTP/1.0\r\n\r\n"), http: true)); // '+' and '/' as they are: another spelling
    }

    [Fact]
    public void A_packet_of_GnuPG_is_known_for_one()
    {
        var gnupg = new byte[600];
        ((ReadOnlySpan<byte>)[0x85, 0x01, 0x0c, 0x03]).CopyTo(gnupg);
        var text = Convert.ToBase64String(gnupg).TrimEnd('=')[2..];
        Assert.Equal(Refusal.GnuPg, new FwknopReader().Read(Encoding.ASCII.GetBytes(text), http: false));
        Assert.Equal(Refusal.Junk, new FwknopReader().Read(Encoding.ASCII.GetBytes(text[..300]), http: false));
    }

    [Theory]
    [InlineData(0, Refusal.WrongSize)]
    [InlineData(139, Refusal.WrongSize)]
    [InlineData(140, Refusal.None)]
    [InlineData(475, Refusal.None)]
    [InlineData(476, Refusal.WrongSize)]
    [InlineData(1501, Refusal.WrongSize)]
    public void Size_is_looked_at_first(int size, Refusal expected) =>
        Assert.Equal(expected, new FwknopReader().Read(Encoding.ASCII.GetBytes(new string('8', size)), http: true));

    [Fact]
    public void What_is_written_is_read_back_and_nothing_throws()
    {
        var random = new Random(20_261_122);
        var reader = new FwknopReader();
        using var cipher = FwknopCipherKey.From("a key"u8);
        for (var round = 0; round < 2000; round++)
        {
            var message = Any(random);
            using var mac = random.Next(4) == 0 ? null : FwknopMacKey.From("an hmac key"u8, (FwknopDigest)(1 + random.Next(7)));
            var mode = (FwknopMode)random.Next(6);
            byte[] wire;
            try
            {
                wire = FwknopWriter.Write(message, cipher, mode, mac, Salt);
            }
            catch (FwknopSizeException)
            {
                continue;
            }

            Assert.Equal(Refusal.None, Open(wire, out var read));
            Assert.Equal(message with { Ports = [] }, read! with { Ports = [] });
            Assert.Equal(message.Ports, read.Ports);
            Assert.Equal(wire, FwknopWriter.Write(read, cipher, mode, mac, Salt));

            var broken = (byte[])wire.Clone();
            broken[random.Next(broken.Length)] = (byte)random.Next(256);
            if (mac is not null && !broken.AsSpan().SequenceEqual(wire))
                Assert.NotEqual(Refusal.None, Open(broken, out _));

            Refusal Open(byte[] payload, out FwknopMessage? opened)
            {
                opened = null;
                if (reader.Read(payload, http: false) is var refusal and not Refusal.None)
                    return refusal;
                if (!reader.TrySplit(mac?.TagSize ?? 0, out var packet) || (mac is not null && !mac.Verify(packet.Text, packet.Tag)))
                    return Refusal.Junk;
                Assert.True(cipher.OpensFirstBlock(mode, packet.Salt, packet.Ciphertext));
                var plaintext = new byte[packet.Ciphertext.Length];
                var length = cipher.Decrypt(mode, packet.Salt, packet.Ciphertext, plaintext);
                return FwknopMessage.Read(plaintext.AsSpan(0, length), out opened);
            }
        }
    }

    /// <summary>Each in turn, so that none of the others hides what one does.</summary>
    [Theory]
    [InlineData("0123456789012345:YWxpY2U:1700000000:3.0.0:1:MTkyLjAuMi4xMCx0Y3AvMjI", true)]
    [InlineData("0123456789012345:YWxpY2U:01700000000:3.0.0:1:MTkyLjAuMi4xMCx0Y3AvMjI", false)]
    [InlineData("0123456789012345:YWxpY2U:4102444800:3.0.0:1:MTkyLjAuMi4xMCx0Y3AvMjI", true)]
    [InlineData("0123456789012345:YWxpY2U:1700000000:3.0.0:7:MTkyLjAuMi4xMCx0Y3AvMjI", false)]
    [InlineData("0123456789012345:YWxpY2U:1700000000:3.0.0:01:MTkyLjAuMi4xMCx0Y3AvMjI", false)]
    [InlineData("0123456789012345:YWxpY2V:1700000000:3.0.0:1:MTkyLjAuMi4xMCx0Y3AvMjI", false)]
    [InlineData("0123456789012345::1700000000:3.0.0:1:MTkyLjAuMi4xMCx0Y3AvMjI", false)]
    [InlineData("0123456789012345:YWxpY2U:1700000000:3.0.0:3:MTkyLjAuMi4xMCx0Y3AvMjI:30", true)]
    [InlineData("0123456789012345:YWxpY2U:1700000000:3.0.0:3:MTkyLjAuMi4xMCx0Y3AvMjI:030", false)]
    [InlineData("0123456789012345:YWxpY2U:1700000000:3.0.0:3:MTkyLjAuMi4xMCx0Y3AvMjI:65537", false)]
    [InlineData("0123456789012345:YWxpY2U:1700000000:3.0.0:3:MTkyLjAuMi4xMCx0Y3AvMjI", false)]
    [InlineData("0123456789012345:YWxpY2U:1700000000:3.0.0:1:MTkyLjAuMi4xMCx0Y3AvMjI:YQ:YQ", false)]
    [InlineData("0123456789012345:YWxpY2U:1700000000:3.0.0:2:MTkyLjAuMi4xMCx0Y3AvMjI", false)]
    public void Each_field_has_one_form(string body, bool isRight)
    {
        var digest = Convert.ToBase64String(System.Security.Cryptography.SHA256.HashData(Encoding.ASCII.GetBytes(body))).TrimEnd('=');
        Assert.Equal(isRight ? Refusal.None : Refusal.BadRequest, FwknopMessage.Read(Encoding.ASCII.GetBytes($"{body}:{digest}"), out _));
        Assert.Equal(Refusal.BadRequest, FwknopMessage.Read(Encoding.ASCII.GetBytes($"{body}:{digest[..^1]}"), out _));
    }

    private static bool Split(FwknopReader reader, string wire, int tagSize, out byte[] bytes)
    {
        bytes = [];
        if (reader.Read(Encoding.Latin1.GetBytes(wire), http: false) != Refusal.None || !reader.TrySplit(tagSize, out var packet))
            return false;
        bytes = packet.Bytes.ToArray();
        return true;
    }

    private static FwknopMessage Any(Random random)
    {
        var type = (FwknopType)random.Next(7);
        return new()
        {
            Random = string.Concat(Enumerable.Range(0, 16).Select(_ => random.Next(10))),
            User = new string('u', 1 + random.Next(48)),
            Time = random.NextInt64(253_402_300_799),
            Version = "3.0.0",
            Type = type,
            Allow = random.Next(4) == 0 ? Address.None : Address.FromV4((uint)random.NextInt64(1, uint.MaxValue)),
            Ports = type == FwknopType.Command ? [] : [.. Enumerable.Range(0, 1 + random.Next(5)).Select(_ => new PortRange(random.Next(2) == 0 ? Transport.Tcp : Transport.Udp, (ushort)random.Next(1, 65536)))],
            Command = type == FwknopType.Command ? "/usr/bin/id, " + new string('x', random.Next(60)) : "",
            Nat = FwknopMessage.HasNat(type) ? new("10.0.0." + random.Next(256), (ushort)random.Next(1, 65536)) : null,
            ServerAuth = random.Next(4) == 0 ? "crypt,secret" : null,
            Timeout = FwknopMessage.HasTimeout(type) ? random.Next(65537) : 0,
            Digest = (FwknopInnerDigest)(1 + random.Next(7)),
        };
    }
}
