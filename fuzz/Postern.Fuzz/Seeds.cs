using System.Buffers.Binary;
using System.Text;
using System.Text.Json;
using Postern.Fuzz.Engine;
using Postern.Fuzz.Targets;
using Postern.Keys;
using Postern.Keys.Ssh.Agent;
using Postern.Keys.Ssh.Wire;
using Postern.Knocks.Spa;
using Postern.Reports;
using Postern.Reports.Watching;
using Finding = Postern.Reports.Watching.Finding;
using Postern.Warden.Ledger;

namespace Postern.Fuzz;

/// <summary>The first inputs: what the specification's vectors and the tests' texts give, and the plainest of each kind where there are none.</summary>
internal static class Seeds
{
    private static readonly UInt128 V4 = new(0, 0xffff_c000_0207);

    public static int Sow()
    {
        foreach (var target in Table.All)
        {
            var seeds = Of(target.Name).Where(s => s.Length <= target.MaxLength).ToArray();
            if (seeds.Length > 0)
                Corpus.Write(Path.Combine(Repository.Corpus, target.Name), seeds);
            Console.WriteLine($"{target.Name}: {seeds.Length}");
        }

        return 0;
    }

    private static IEnumerable<byte[]> Of(string target) => target switch
    {
        "link-layer" => Packets().Select(p => (byte[])[0, .. p]).Concat(Packets().Where(p => p[0] >> 4 == 4).Select(p => (byte[])[1, .. new byte[12], 0x81, 0, 0, 5, 8, 0, .. p]))
            .Append([2, .. new byte[14], 8, 0, .. Packets().First()]).Append([3, 8, 0, .. new byte[18], .. Packets().First()]).Append([4, 2, 0, 0, 0, .. Packets().First()]),
        "ipv4" => Packets().Where(p => p[0] >> 4 == 4),
        "ipv6" => Packets().Where(p => p[0] >> 4 == 6).Concat(Extended()),
        "transport" => Packets().Where(p => p[0] >> 4 == 4).Select((p, i) => (byte[])[(byte)i, 0, (byte)(p.Length - 20), .. p.AsSpan(20)]),
        "log-line" => LogLines(),
        "log-file" => [LogLines().SelectMany(line => (byte[])[.. line, (byte)'\n']).ToArray()],
        "nflog" => Packets().Select(Nflogged),
        "spa-packet" => Vectors("spa", "packet"),
        "spa-sealed-request" or "spa-request" => Vectors("spa", "packet").Select(Open).OfType<byte[]>(),
        "fwknop-packet" => FwknopVectors("wire").Concat(FwknopVectors("payload")),
        "fwknop-message" => FwknopVectors("plaintext").Select(p => p.AsSpan(0, p.AsSpan().LastIndexOf((byte)':')).ToArray()),
        "fwknop-access" => Imports("access.conf"),
        "fwknop-settings" => Imports("fwknopd.conf"),
        "fwknop-rc" => [Encoding.ASCII.GetBytes(FwknopRc)],
        "report" => Vectors("spa", "packet").Select(Open).OfType<byte[]>().Take(4).Select(ReportOf).Append(Written(new Report(ReportKind.SequenceCompleted, 1, 0, 40000, new(V4), new(V4 + 1), 1)))
            .Append(Written(new Report(ReportKind.FwknopPacket, 1, 2, 40000, new(V4), new(V4 + 1), 1) { Request = new byte[8 + 96 + 32], TagSize = 32 })),
        "sighting" => Enum.GetValues<Finding>().Where(f => f != Finding.None).Select(f => Written(new Sighting(1, new Thought(KnockMethod.Sequence, 0, f == Finding.Refused ? Refusal.Junk : Refusal.None)
            with { Finding = f, Made = 1, Of = 3, Late = f == Finding.TooLate ? 10_000_000 : 0 }, new(V4), new(V4 + 1), 1) { Protocol = 6, Value = 7000 })),
        "ports-token" => TokenTargets.PacketsOfTokens(),
        "rolling" => Enumerable.Range(1, 4).Select(n => Enumerable.Range(0, n * 96).Select(i => (byte)((i * 7 * n) + (i / 24))).ToArray()),
        "secret-file" => new[] { "# phone\n000102030405060708090a0b0c0d0e0f\n", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwd_-8" }.Select(Encoding.UTF8.GetBytes),
        "knockknock-profile" => new[] { "0AAECAwQFBgcICQoLDA0ODw==\n", "1" + "42\n", "2# mine\n[main]\nknock_port = 1200\n\n" }.Select(Encoding.UTF8.GetBytes),
        "token-request" => [[1, .. new byte[63]], [2, 2, 0, 1, .. new byte[4], 0, 0, 0, 0, 1, 2, 3, 4, .. new byte[24], (byte)'o', (byte)'k', .. new byte[22]]],
        "fwknop-keys" => new[] { "# phone\nkey correct horse\nhmac_key staple\n", "key_base64 QUJD\nhmac_key_base64 REVG\nhmac_digest sha3-512\nmode ofb", "key short\nmode legacy\n", "hmac_digest md5" }.Select(Encoding.UTF8.GetBytes),
        "receipt" => Vectors("receipt", "packet").Select(OpenReceipt).OfType<byte[]>(),
        "receipt-packet" => Vectors("receipt", "packet"),
        "control-request" => Lines("""
            {"verb":"status"}
            {"verb":"grants"}
            {"verb":"grant","service":"ssh","address":"192.0.2.7","seconds":30.5}
            {"verb":"revoke","service":"ssh","address":"2001:db8::7","seconds":null}
            {"verb":"reload"}
            {"verb":"watch","address":"192.0.2.7"}
            """),
        "proc-net-tcp" => Lines("""
               0: 0100007F:0016 0200007F:C350 01 00000000:00000000 00:00000000 00000000     0        0 1 1 0000000000000000 100 0 0 10 0
               1: 0000000000000000FFFF00000100007F:0016 0000000000000000FFFF00000200007F:C350 08 00000000:00000000 00:00000000
            """),
        "netlink" => [NetlinkError(), .. ElementMessages()],
        "netlink-element" => ElementMessages().Select(m => m[(16 + 4 + 4 + 4)..]),
        "agent-keys" => [new SshWriter().Byte(12).UInt32((uint)Targets.Keys.All.Count).Raw([.. Targets.Keys.All.SelectMany(k => new SshWriter().String(k.Blob).String("me@home"u8).ToArray())]).ToArray(), [5]],
        "agent-signature" => [new SshWriter().Byte(14).String(Targets.Keys.Alice.Sign(Targets.Keys.NameSpace, Targets.Keys.Message)).ToArray(), [5]],
        "signature" => Vectors("spa", "request-signature").Take(12).SelectMany((s, i) => Enumerable.Range(0, Targets.Keys.All.Count).Select(k => (byte[])[(byte)k, .. s]))
            .Append([0, .. Targets.Keys.Alice.Sign(Targets.Keys.NameSpace, Targets.Keys.Message)]),
        "pcap" => [Pcap(0xa1b2c3d4, true), Pcap(0xa1b23c4d, false)],
        "pcapng" => [PcapNg()],
        "configuration" => Texts("tests/Postern.Cli.Tests/Configuration/faults.txt").Append(File.ReadAllBytes(Path.Combine(Repository.Root, "packaging/postern.yaml"))),
        "profile" => Profiles(),
        "authorized-keys" => [Encoding.ASCII.GetBytes(string.Join('\n', KeyLines().Take(6)))],
        "authorized-key-line" => KeyLines().Select(Encoding.ASCII.GetBytes),
        "public-key-line" => Targets.Keys.All.Select(k => Encoding.ASCII.GetBytes(k + " me@home")),
        "public-key-blob" => Targets.Keys.All.Select(k => k.Blob.ToArray()),
        "gate-key-file" => [Encoding.ASCII.GetBytes(GateKeyText())],
        "device-file" => Lines("1a2b3c4d 01795312345678901234").Select(l => (byte[])[.. l, (byte)'\n']),
        "ledger-record" => [Ledger()[..64], Ledger()[64..128]],
        "ledger-file" => [[0, .. Ledger()], [1, .. Ledger()], [1, .. Ledger(), .. LedgerRoom()], [1, .. Ledger(), .. LedgerRoom(), .. Ledger().AsSpan(64, 64)], [1, .. Ledger().AsSpan(0, 100)]],
        "invitation" => File.ReadLines(Path.Combine(Repository.Root, "spec/vectors/invitations.txt")).Where(l => l.Contains('\t')).Select(l => Encoding.UTF8.GetBytes(l.Split('\t', 2)[1])),
        "sequence" => Lines("tcp/7000,udp/8000-8010,icmp/120\nicmp, tcp/1 ,udp/65535"),
        "step" => Lines("tcp/7000\nudp/8000-8010\nicmp\nicmp/120\nicmp/65507"),
        "ports" => Lines("tcp/22\nudp/60000-61000\ntcp/1-65535"),
        "address" => Lines("192.0.2.7\n2001:db8::7\n::ffff:192.0.2.7\n::\n64:ff9b::192.0.2.1\n1:2:3:4:5:6:7:8\nfe80::1"),
        "network" => Lines("192.0.2.0/24\n2001:db8::/32\n192.0.2.7\n0.0.0.0/0\n::/0"),
        "carrier" => Lines("udp/62201\ntcp/443\nicmp\nudp/10000-19999@60\ntcp/1-65535@3600"),
        "tcp-flags" => Lines("syn,!ack\nfin,syn,rst,psh,ack,urg,ece,cwr\n!fin, SYN"),
        "hours" => Lines("Mon-Fri 07:00-20:00\nSat 22:00-04:00\n08:00-18:00\n00:00-24:00"),
        "duration" => Lines("30s\n10m\n1h30m\n500ms\n2d\n1.5s\n0.0001ms\n30 seconds\n1H 30M"),
        _ => [],
    };

    private static IEnumerable<byte[]> Lines(string text) => text.Split('\n').Select(Encoding.UTF8.GetBytes);

    private static IEnumerable<string> VectorLines(string kind) => Directory.GetFiles(Path.Combine(Repository.Root, "spec/vectors", kind), "*.vector").Order(StringComparer.Ordinal).SelectMany(File.ReadLines);

    private const string FwknopRc = """
        [default]
        KEY_BASE64 AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=
        [gate]
        SPA_SERVER: gate.example.org
        ACCESS: tcp/22;
        HMAC_KEY text # and a comment
        HMAC_DIGEST_TYPE sha512
        NAT_ACCESS 10.0.0.5:22
        NAT_PORT 40022
        FW_TIMEOUT 60
        SPOOF_USER alice
        SPA_SERVER_PROTO http
        ALLOW_IP resolve
        RESOLVE_URL https://echo.example.org/ip
        [local]
        SPA_SERVER 192.0.2.1
        ACCESS tcp/22,udp/53
        ALLOW_IP source
        NAT_LOCAL Y

        """;

    private static IEnumerable<byte[]> FwknopVectors(string field) => File.ReadLines(Path.Combine(Repository.Root, "spec/vectors/fwknop/fwknop.json"))
        .Where(l => l.StartsWith("    {", StringComparison.Ordinal)).Select(l => JsonDocument.Parse(l.TrimEnd(',')).RootElement)
        .Where(v => v.TryGetProperty(field, out _)).Select(v => Encoding.Latin1.GetBytes(v.GetProperty(field).GetString()!));

    private static IEnumerable<byte[]> Imports(string name) =>
        Directory.GetFiles(Path.Combine(Repository.Root, "tests/Postern.Cli.Tests/Imports/fwknop"), name, SearchOption.AllDirectories).Order(StringComparer.Ordinal).Select(File.ReadAllBytes);

    private static IEnumerable<byte[]> Vectors(string kind, string field) =>
        VectorLines(kind).Where(l => l.StartsWith(field + ": ", StringComparison.Ordinal)).Select(l => Convert.FromHexString(l[(field.Length + 2)..].Trim()));

    private static byte[]? Open(byte[] packet)
    {
        if (!SpaPacket.IsSize(packet.Length))
            return null;
        var box = new byte[packet.Length - OuterKey.NonceSize - OuterKey.TagSize];
        var request = new byte[packet.Length - SpaPacket.Overhead];
        return Targets.Keys.Outer.TryOpen(packet.AsSpan(0, OuterKey.NonceSize), packet.AsSpan(OuterKey.NonceSize), box) && Targets.Keys.Gate.TryOpen(box, request) ? request : null;
    }

    private static byte[]? OpenReceipt(byte[] packet)
    {
        if (packet.Length != ReceiptPacket.Size)
            return null;
        var box = new byte[packet.Length - OuterKey.NonceSize - OuterKey.TagSize];
        var body = new byte[box.Length - BoxPublicKey.SealOverhead];
        return Targets.Keys.Outer.TryOpen(packet.AsSpan(0, OuterKey.NonceSize), packet.AsSpan(OuterKey.NonceSize), box) && Targets.Keys.Receipt.TryOpen(box, body) ? body : null;
    }

    private static byte[] ReportOf(byte[] request) => Written(new Report(ReportKind.SignedRequest, 1, 0, 40000, new(V4), new(V4 + 1), 1) { Request = request, UdpPort = 62201 });

    private static byte[] Written(Sighting sighting)
    {
        var message = new byte[Sighting.Size];
        sighting.Write(message);
        return message;
    }

    private static byte[] Written(Report report)
    {
        var message = new byte[Report.SizeOf(report.Kind)];
        report.Write(message);
        return message;
    }

    /// <summary>TCP, UDP and an echo request, over both families.</summary>
    private static IEnumerable<byte[]> LogLines() =>
        File.ReadLines(Path.Combine(Repository.Root, "tests/Postern.Packets.Tests/Logs/kernel-6.18.dmesg"))
            .Select((line, i) => Encoding.ASCII.GetBytes((i % 4) switch { 0 => "", 1 => "Nov 22 11:23:43 gate kernel: ", 2 => "2026-11-22T11:23:43.123456+01:00 gate kernel: ", _ => "<4>Sun Nov  2 11:23:43 2026 kern.warn kernel: " } + line));

    /// <summary>One message of one packet, numbered.</summary>
    private static byte[] Nflogged(byte[] packet)
    {
        var payload = new byte[(4 + packet.Length + 3) & ~3];
        BinaryPrimitives.WriteUInt16LittleEndian(payload, (ushort)(4 + packet.Length));
        payload[2] = 9;
        packet.CopyTo(payload, 4);
        byte[] message = [0, 0, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 1, 8, 0, 12, 0, 0, 0, 0, 7, .. payload];
        BinaryPrimitives.WriteInt32LittleEndian(message, message.Length);
        return message;
    }

    private static IEnumerable<byte[]> Packets()
    {
        byte[] tcp = [0x9c, 0x40, 0, 22, 1, 2, 3, 4, 0, 0, 0, 0, 0x60, 2, 0, 0, 0, 0, 0, 0, 2, 4, 5, 0xb4, .. "data"u8];
        byte[] udp = [0x9c, 0x40, 0xf2, 0xf9, 0, 12, 0, 0, .. "data"u8];
        byte[] echo = [8, 0, 0, 0, 0, 1, 0, 1, .. "data"u8];
        foreach (var (number, payload) in new[] { (6, tcp), (17, udp), (1, echo) })
        {
            yield return [0x45, 0, 0, (byte)(20 + payload.Length), 0, 7, 0, 0, 64, (byte)number, 0, 0, 192, 0, 2, 7, 192, 0, 2, 1, .. payload];
            yield return [0x60, 0, 0, 0, 0, (byte)payload.Length, (byte)(number == 1 ? 58 : number), 64, 0x20, 1, 0xd, 0xb8, .. new byte[11], 7, 0x20, 1, 0xd, 0xb8, .. new byte[11], 1, .. payload];
        }
    }

    private static IEnumerable<byte[]> Extended()
    {
        byte[] udp = [0x9c, 0x40, 0xf2, 0xf9, 0, 12, 0, 0, .. "data"u8];
        byte[] chain = [43, 0, 0, 0, 0, 0, 0, 0, 44, 0, 0, 0, 0, 0, 0, 0, 51, 0, 0, 0, 0, 0, 0, 9, 60, 0, 0, 0, 0, 0, 0, 0, 17, 0, 0, 0, 0, 0, 0, 0];
        yield return [0x60, 0, 0, 0, 0, (byte)(chain.Length + udp.Length), 0, 64, 0x20, 1, 0xd, 0xb8, .. new byte[11], 7, 0x20, 1, 0xd, 0xb8, .. new byte[11], 1, .. chain, .. udp];
    }

    private static byte[] NetlinkError()
    {
        var message = new byte[36];
        BitConverter.TryWriteBytes(message, message.Length);
        message[4] = 2;
        BitConverter.TryWriteBytes(message.AsSpan(16), -17);
        return message;
    }

    /// <summary>An element of each set, as it is written; the kernel's answer has the same shape.</summary>
    private static List<byte[]> ElementMessages()
    {
        var messages = new List<byte[]>();
        foreach (var to in new Firewall.Grantee[] { new(new(V4)), new(new(7)), new(new(V4), 40000, "0123456789abcdef"), new(new(7), 40000) })
        {
            foreach (var target in new ForwardTarget?[] { null, new(to.Source, 8080), new(Address.None, 8080) })
            {
                var batch = new Firewall.Nftables.NetlinkBatch(new byte[1024], 1);
                batch.BeginMessage(Firewall.Nftables.NftMessage.NewSetElement, 0);
                Firewall.Nftables.GrantElement.Write(ref batch, Firewall.Nftables.GrantSet.For(to, target)[0], new("ssh", to, Transport.Tcp, 22, default) { Target = target }, 30_000);
                batch.EndMessage();
                messages.Add(batch.Written.ToArray());
            }
        }

        return messages;
    }

    private static byte[] Pcap(uint magic, bool isBigEndian)
    {
        var bytes = new List<byte>();
        void Add(uint number, int size) => bytes.AddRange(isBigEndian ? [.. BitConverter.GetBytes(number).Take(size).Reverse()] : [.. BitConverter.GetBytes(number).Take(size)]);
        Add(magic, 4);
        Add(2, 2);
        Add(4, 2);
        Add(0, 4);
        Add(0, 4);
        Add(65535, 4);
        Add(101, 4);
        foreach (var packet in Packets())
        {
            Add(1, 4);
            Add(2, 4);
            Add((uint)packet.Length, 4);
            Add((uint)packet.Length, 4);
            bytes.AddRange(packet);
        }

        return [.. bytes];
    }

    private static byte[] PcapNg()
    {
        var bytes = new List<byte>();
        void Block(uint type, params byte[] body)
        {
            byte[] padded = [.. body, .. new byte[-body.Length & 3]];
            var length = BitConverter.GetBytes(12 + padded.Length);
            bytes.AddRange([.. BitConverter.GetBytes(type), .. length, .. padded, .. length]);
        }

        var packet = Packets().First();
        Block(0x0a0d0d0a, 0x4d, 0x3c, 0x2b, 0x1a, 1, 0, 0, 0, 255, 255, 255, 255, 255, 255, 255, 255);
        Block(1, 101, 0, 0, 0, 0, 0, 4, 0, 9, 0, 1, 0, 9, 0, 0, 0, 14, 0, 8, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
        Block(6, [0, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, (byte)packet.Length, 0, 0, 0, (byte)packet.Length, 0, 0, 0, .. packet]);
        Block(3, [(byte)packet.Length, 0, 0, 0, .. packet]);
        return [.. bytes];
    }

    /// <summary>The texts between the lines that begin with === of a file of expected faults.</summary>
    private static IEnumerable<byte[]> Texts(string file) => File.ReadAllText(Path.Combine(Repository.Root, file)).Split("\n=== ").Skip(1)
        .Select(t => string.Join('\n', t.Split('\n').Skip(1).Where(l => !l.StartsWith("=>", StringComparison.Ordinal) && !l.StartsWith("~>", StringComparison.Ordinal)))).Select(Encoding.UTF8.GetBytes);

    private static IEnumerable<byte[]> Profiles()
    {
        const string key = "fE4IJLf_PKvCLWhbCMKX9rceA_4gjzhazLfuwgGdxCw";
        yield return Encoding.ASCII.GetBytes($"host: 'gate.example.org'\ngate_key: {key}\ngate_secret: {key}\ncarriers: [udp/62201, icmp, tcp/443, udp/10000-19999@60]\nservices: ['ssh', 'web']\nports:\n  'ssh': [tcp/22]\nkey: '~/.ssh/id_ed25519'\naddress: 'auto'\nreceipts: yes\n");
        yield return Encoding.ASCII.GetBytes($"host: 2001:db8::1\ngate_key: {key}\ngate_secret: {key}\naddress: https://ip.example.org/?x='y'\nkey: 'agent'\n");
        foreach (var line in new[] { "key: \"a\\nb\"", "key: \"a\\0b\"", "address: \"https://ip.example.org/\\n\"" })
            yield return Encoding.ASCII.GetBytes($"host: \"fe80::1%a'b\"\ngate_key: {key}\ngate_secret: {key}\n{line}\n");
    }

    private static IEnumerable<string> KeyLines() => Targets.Keys.All.Select((key, i) => i switch
    {
        0 => $"services=\"ssh,web\",max=\"2h\",from=\"192.0.2.0/24, 2001:db8::/32\" {key} alice@home # work",
        1 => $"hours=\"Mon-Fri 07:00-20:00\",expiry-time=\"20270131\",os=\"linux,macos\",source-port,address {key}",
        2 => $"revoked {key} \"quoted\" comment",
        3 => $"command=\"echo \\\"hi\\\"\",no-pty,services=\"*\" {key}",
        _ => $"{key} me@home",
    }).Append("# a comment").Append("");

    private static string GateKeyText() => $"# The key of this gate.\nprivate: {Convert.ToBase64String([.. new byte[31], 1])}\nsecret: {Convert.ToBase64String(new byte[32])}\n";

    private static byte[] LedgerRoom()
    {
        var bytes = new byte[3 * LedgerFormat.RecordSize];
        LedgerFormat.WriteRoom(bytes);
        return bytes;
    }

    private static byte[] Ledger()
    {
        var bytes = new byte[4 * LedgerFormat.RecordSize];
        LedgerFormat.WriteHeader(bytes, 1_000);
        LedgerFormat.Write(bytes.AsSpan(64), new(LedgerRecordKind.Accepted, new(1, 2), 3, 1_781_524_800_000_000_000));
        LedgerFormat.Write(bytes.AsSpan(128), new(LedgerRecordKind.KeyFloor, new(1, 2), 0, 1_781_524_800_000_000_000));
        LedgerFormat.Write(bytes.AsSpan(192), new(LedgerRecordKind.Accepted, new(5, 2), 3, 1_781_524_800_000_000_001));
        return bytes;
    }
}
