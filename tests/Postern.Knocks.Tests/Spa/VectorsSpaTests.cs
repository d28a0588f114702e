using System.Diagnostics;
using System.Globalization;
using Postern.Keys;
using Postern.Knocks.Spa;
using Postern.Reports;
using Postern.Reports.Spa;
using Postern.Tests;

namespace Postern.Knocks.Tests.Spa;

/// <summary>
/// spec/vectors, made by a program that shares nothing with ours: what a sentry refuses it refuses for the reason given, and all else decodes to the fields given, whatever the
/// warden says to it. The warden's half is in Postern.Warden.Tests.
/// </summary>
public sealed class VectorsSpaTests
{
    private static readonly string[] OfTheSentry = [.. new[] { Refusal.WrongSize, Refusal.Junk, Refusal.NotSealedToUs, Refusal.UnknownVersion, Refusal.BadRequest }.Select(r => r.Word())];

    public static TheoryData<string> Packets => SpaVector.Names("spa");

    public static TheoryData<string> Receipts => SpaVector.Names("receipt");

    [Theory]
    [MemberData(nameof(Packets))]
    public void Packet(string name)
    {
        var vector = SpaVector.Read(name);
        using var secret = GateSecret.From(vector.Bytes("gate-secret"));
        using var outerKey = secret.DeriveOuterKey();
        using var gateKey = BoxKeyPair.From(vector.Bytes("gate-private"));
        Assert.True(gateKey.Public.Bytes.SequenceEqual(vector.Bytes("gate-public")));
        var reader = new SpaReader(outerKey, gateKey);

        if (vector.Has("nonce-mark"))
        {
            var nonce = vector.Packet[..OuterKey.NonceSize];
            Assert.True(reader.IsMarked(vector.Packet));
            Assert.Equal(vector.One("nonce-mark"), Convert.ToHexStringLower(nonce[^OuterKey.MarkSize..]));
            nonce.AsSpan(16).Clear();
            outerKey.Mark(nonce);
            Assert.Equal(vector.One("nonce-mark"), Convert.ToHexStringLower(nonce[^OuterKey.MarkSize..]));
        }
        else if (SpaPacket.IsSize(vector.Packet.Length))
        {
            Assert.False(reader.IsMarked(vector.Packet));
        }

        ReadOnlyMemory<byte> whole = default;
        var refusal = reader.OpenOuter(vector.Packet, out var box);
        if (refusal == Refusal.None)
            refusal = reader.Open(box, out whole);
        if (OfTheSentry.Contains(vector.Expect))
        {
            Assert.Equal(vector.Expect, refusal.Word());
            return;
        }

        Assert.Equal(Refusal.None, refusal);
        Assert.Equal(Refusal.None, SignedRequest.Read(whole.Span, out var read));
        Assert.Equal(vector.Number("request-time"), read.Time);
        Assert.Equal(vector.One("request-gate-id"), Hex(read.GateId));
        Assert.Equal(vector.One("request-key-hint"), Hex(read.KeyHint));
        Assert.Equal(vector.One("request-address") is var a and not "none" ? Parse(a) : Address.None, read.Address);
        Assert.Equal(vector.Number("request-source-port"), read.SourcePort);
        Assert.Equal(vector.Number("request-seconds"), read.Seconds);
        Assert.Equal(vector.One("request-services"), string.Join(',', Services(read)));
        Assert.Equal(vector.One("request-close"), read.Close ? "yes" : "no");
        Assert.Equal(vector.One("request-device"), read.Device.ToString("x8", CultureInfo.InvariantCulture));
        Assert.Equal(vector.One("request-receipt-key"), read.ReceiptKey.IsEmpty ? "none" : Convert.ToHexStringLower(read.ReceiptKey));
        Assert.Equal(vector.Number("request-system"), (ulong)read.System);
        Assert.Equal(vector.Has("request-data") ? vector.One("request-data") : "", System.Text.Encoding.ASCII.GetString(read.Data));
        Assert.Equal(vector.One("request-signature"), Convert.ToHexStringLower(read.Signature));
    }

    [Theory]
    [MemberData(nameof(Receipts))]
    public void Receipt(string name)
    {
        var vector = SpaVector.Read(name);
        using var secret = GateSecret.From(vector.Bytes("gate-secret"));
        using var outerKey = secret.DeriveOuterKey();
        using var key = BoxKeyPair.From(vector.Bytes("receipt-private"));
        Assert.True(key.Public.Bytes.SequenceEqual(vector.Bytes("receipt-public")));

        var isRead = ReceiptReader.TryRead(vector.Packet, outerKey, key, vector.Number("request-time"), out var receipt);
        Assert.Equal(vector.Expect, isRead ? "accepted" : "refused");
        if (receipt is null)
            return;
        Assert.Equal(vector.Number("receipt-outcome"), (ulong)receipt.Outcome);
        Assert.Equal(vector.Number("receipt-gate-time"), receipt.GateTime);
        Assert.Equal(Parse(vector.One("receipt-address")), receipt.Address);
        Assert.Equal(vector.Number("receipt-seconds-left"), receipt.SecondsLeft);
        Assert.Equal(vector.One("receipt-word"), receipt.Word.Length == 0 ? "none" : receipt.Word);
    }

    /// <summary>Each refusal that one packet and one gate's state can cause is shown by a vector.</summary>
    [Fact]
    public void Every_word_is_there()
    {
        var shown = Packets.Select(p => SpaVector.Read(p.Data).Expect).Append("none").ToHashSet(StringComparer.Ordinal);
        Refusal[] others =
        [
            Refusal.BadReport, Refusal.StaleKnock, Refusal.NoSuchGrant, Refusal.TooManyGrants, Refusal.FirewallFailed, Refusal.Copy, Refusal.OverBudget, Refusal.NotRemembered,
            Refusal.ActionFailed, Refusal.TooManyActions, Refusal.ForwardMissing, Refusal.ForwardNotAllowed, Refusal.ForwardTaken,
            Refusal.GnuPg, Refusal.KnockExpired, Refusal.UserNotAllowed, Refusal.CommandNotAllowed, Refusal.NotInTurn, Refusal.StackNotAllowed,
            Refusal.TooShort, Refusal.Garbled, Refusal.BadToken, Refusal.WrongStep, Refusal.WrongAddress, Refusal.WrongPort, Refusal.DataMissing,
        ];
        Assert.All(Enum.GetValues<Refusal>().Except(others), refusal => Assert.Contains(refusal.Word(), shown));
    }

    [Fact]
    public void The_second_decoder_agrees_with_every_vector()
    {
        var (exit, output) = Decode([.. Directory.GetFiles(SpaVector.Folder, "*.vector", SearchOption.AllDirectories)]);
        Assert.True(exit == 0, output);
    }

    [Theory]
    [InlineData("ed25519", "expect: accepted", "expect: replayed")]
    [InlineData("replayed", "expect: replayed", "expect: accepted")]
    [InlineData("ed25519", "request-seconds: 0", "request-seconds: 1")]
    [InlineData("ed25519", "grant: ssh 192.0.2.7 0 30", "grant: ssh 192.0.2.7 0 31")]
    [InlineData("ed25519", "key: alice", "key: alice-not-there")]
    [InlineData("marked-nonce", "nonce-mark: 6", "nonce-mark: 7")]
    public void The_second_decoder_sees_a_vector_that_is_wrong(string name, string right, string wrong)
    {
        var folder = Directory.CreateTempSubdirectory("postern-vectors-");
        try
        {
            var text = File.ReadAllText(Path.Combine(SpaVector.Folder, "spa", name + ".vector"));
            Assert.Contains(right, text, StringComparison.Ordinal);
            var file = Path.Combine(folder.FullName, "wrong.vector");
            File.WriteAllText(file, text.Replace(right, wrong, StringComparison.Ordinal));
            Assert.Equal(1, Decode([file]).Exit);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static (int Exit, string Output) Decode(string[] files)
    {
        Needs.Program("python3");
        var program = Path.Combine(SpaVector.Folder, "../../tests/second-decoder/decode.py");
        var start = new ProcessStartInfo(Needs.Find("python3")!, [program, .. files]) { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.SkipWhen(process.ExitCode == 3, "needs libsodium.so.23 and the program 'ssh-keygen'");
        return (process.ExitCode, output + error.Result);
    }

    private static string[] Services(SignedRequest request)
    {
        var names = new string[request.ServiceCount];
        for (var i = 0; i < names.Length; i++)
            names[i] = request.Service(i);
        return names;
    }

    private static string Hex(ulong number) => number.ToString("x16", CultureInfo.InvariantCulture);

    private static Address Parse(string text) => Address.TryParse(text, out var address) ? address : throw new FormatException(text);
}
