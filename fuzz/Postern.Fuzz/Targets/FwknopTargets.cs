using System.Security.Cryptography;
using System.Text;
using Postern.Cli.Configuration;
using Postern.Cli.Imports;
using Postern.Cli.Imports.Fwknop;
using Postern.Cli.Profiles;
using Postern.Fuzz.Engine;
using Postern.Knocks.Fwknop;
using Postern.Reports;
using Postern.Reports.Fwknop;

namespace Postern.Fuzz.Targets;

/// <summary>What comes from fwknop: its packets, of which each has one spelling, and its files, of which whatever is made must be read by us again.</summary>
internal static class FwknopTargets
{
    private static readonly FwknopReader Reader = new();

    private static readonly int[] TagSizes = [0, 16, 20, 32, 48, 64];

    public static void Packet(ReadOnlySpan<byte> input)
    {
        foreach (var tagSize in TagSizes)
        {
            Spent.Begin();
            var isRead = Reader.Read(input, http: true) == Refusal.None & Reader.TrySplit(tagSize, out var packet);
            Spent.End();
            if (!isRead)
                continue;
            var head = (byte[])[.. "Salted__"u8, .. packet.Bytes[..^tagSize]];
            var text = new byte[BareBase64.LengthFor(head.Length) + BareBase64.LengthFor(tagSize)];
            BareBase64.Encode(head, text);
            BareBase64.Encode(packet.Tag, text.AsSpan(BareBase64.LengthFor(head.Length)));
            Oracle.Same(text.AsSpan(FwknopPacket.Prefix.Length), Reader.Text, "a packet that is not written so");
            Oracle.Same(text.AsSpan(0, BareBase64.LengthFor(head.Length)), packet.Text, "a tag of another text");
        }
    }

    /// <summary>The digest is put right, so that the change reaches what is before it.</summary>
    public static void Message(ReadOnlySpan<byte> input)
    {
        var digest = new byte[BareBase64.LengthFor(SHA256.HashSizeInBytes)];
        BareBase64.Encode(SHA256.HashData(input), digest);
        var whole = (byte[])[.. input, (byte)':', .. digest];
        FwknopMessage.Read(input, out _);
        Spent.Begin();
        var refusal = FwknopMessage.Read(whole, out var message);
        Spent.End();
        Oracle.That(refusal is Refusal.None or Refusal.NotSealedToUs or Refusal.BadRequest, "a refusal that reading does not give");
        if (refusal == Refusal.None)
            Oracle.Same(whole, FwknopMessageWriter.Write(message!), "a message that is not written so");
    }

    public static void Access(ReadOnlySpan<byte> input) => Import("", Encoding.Latin1.GetString(input));

    public static void Settings(ReadOnlySpan<byte> input) => Import(Encoding.Latin1.GetString(input), "SOURCE ANY\nKEY a\nHMAC_KEY b\n");

    public static void Rc(ReadOnlySpan<byte> input)
    {
        var notes = new ImportNotes();
        var reading = new RcReading(notes);
        Spent.Begin();
        var profiles = FwknoprcFile.Read("rc", Encoding.Latin1.GetString(input), notes).Select(reading.Read).OfType<FwknopProfile>().ToList();
        Spent.End();
        foreach (var profile in profiles)
        {
            var faults = new FaultList();
            using var again = ProfileReader.Read(profile.Name, "f", ProfileWriter.Write(profile, secrets: true), faults);
            Oracle.That(again is not null && Profile.IsName(profile.Name), $"a profile that is not read: {faults.Faults.FirstOrDefault()}");
            Oracle.Same(ProfileWriter.Write(profile, secrets: true), ProfileWriter.Write(again!, secrets: true), "a profile that is another when it is read");
            profile.Dispose();
        }
    }

    private static void Import(string settings, string access)
    {
        var notes = new ImportNotes();
        Spent.Begin();
        var conf = FwknopdConf.Read("c", settings, notes);
        var files = 0;
        var file = new AccessFile(named => named, _ => ++files > 8 ? "" : access, notes);
        try
        {
            file.Read("a");
        }
        catch (Cli.CommandLine.CommandFailure)
        {
            Spent.End();
            return; // a folder that is not there
        }

        var gate = FwknopImport.Read(conf, file, notes);
        Spent.End();
        var faults = new FaultList();
        var tree = YamlTree.Read("f", GateYaml.Write(gate, "from", "/keys", notes), faults);
        Oracle.That(faults.Count == 0 && tree is MapNode, $"what was carried over is no YAML: {faults.Faults.FirstOrDefault()}");
        Oracle.That(gate.Knocks.Select(k => k.Name).Distinct(StringComparer.Ordinal).Count() == gate.Knocks.Count && gate.Knocks.TrueForAll(k => Values.IsName(k.Name)), "knocks of one name, or of none");
    }
}
