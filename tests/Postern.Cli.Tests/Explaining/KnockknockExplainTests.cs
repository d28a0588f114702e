using System.Buffers.Binary;
using Postern.Cli.CommandLine;
using Postern.Cli.Commands;
using Postern.Keys;
using Postern.Keys.Knockknock;
using Postern.Knocks.Knockknock;

namespace Postern.Cli.Tests.Explaining;

/// <summary>Packets of knockknock in a recording, whose counter only the gate's ledger would know.</summary>
public sealed class KnockknockExplainTests : IDisposable
{
    private const uint Client = 0xc0000207; // 192.0.2.7
    private const uint Thief = 0xc0000208;

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("postern-explain-");
    private readonly TokenSecret _secret = TokenSecret.From([.. Enumerable.Range(0, 32).Select(i => (byte)i)]);
    private readonly KnockknockKeys _keys;
    private readonly BinaryWriter _file;
    private uint _seconds = 1_790_000_000;

    public KnockknockExplainTests()
    {
        _keys = new(_secret);
        foreach (var (name, text) in ((string, string)[])[("cipher.key", "AAECAwQFBgcICQoLDA0ODw==\n"), ("mac.key", "EBESExQVFhcYGRobHB0eHw==\n"), ("counter", "41\n"), ("config", "[main]\nknock_port = 1200\n")])
        {
            File.WriteAllText(In(name), text);
            File.SetUnixFileMode(In(name), UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }

        File.WriteAllText(In("postern.yaml"), $"services: {{ssh: {{ports: [tcp/22]}}, web: {{ports: [tcp/80]}}}}\nknocks: {{laptop: {{method: knockknock, profile: {_folder.FullName}, opens: [ssh]}}}}\n");
        _file = new(File.Create(In("some.pcap")));
        foreach (var number in (uint[])[0xa1b2c3d4, 4 << 16 | 2, 0, 0, 65_535, 101]) // the IP header first
            _file.Write(number);
    }

    public void Dispose()
    {
        _file.Dispose();
        _keys.Dispose();
        _secret.Dispose();
        _folder.Delete(recursive: true);
    }

    private string In(string name) => Path.Combine(_folder.FullName, name);

    private void Write(uint source, KnockknockPacket fields)
    {
        var packet = new byte[40];
        (packet[0], packet[3], packet[8], packet[9]) = (0x45, 40, 64, 6);
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(4), fields.Identification);
        BinaryPrimitives.WriteUInt32BigEndian(packet.AsSpan(12), source);
        BinaryPrimitives.WriteUInt32BigEndian(packet.AsSpan(16), 0xc6336401);
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(20), 2_345);
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(22), 1_200);
        BinaryPrimitives.WriteUInt32BigEndian(packet.AsSpan(24), fields.Sequence);
        BinaryPrimitives.WriteUInt32BigEndian(packet.AsSpan(28), fields.Acknowledgment);
        (packet[32], packet[33]) = (5 << 4, 2);
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(34), fields.Window);
        foreach (var number in (uint[])[_seconds++, 0, 40, 40])
            _file.Write(number);
        _file.Write(packet);
    }

    [Fact]
    public void Each_is_told_with_what_became_of_it()
    {
        Write(Client, KnockknockPacket.Seal(_keys, 1_500, 22));
        Write(Thief, KnockknockPacket.Seal(_keys, 1_500, 22));
        Write(Client, KnockknockPacket.Seal(_keys, 1_501, 80));
        Write(Client, KnockknockPacket.Seal(_keys, 1_502, 22) with { Window = 1 });
        Write(Client, new(1, 2, 0, 64_240));
        _file.Dispose();
        using var output = new StringWriter { NewLine = "\n" };
        Assert.Equal(ExitCode.Done, ExplainCommand.Run(new(In("some.pcap"), In("postern.yaml"), null, true, false), output, TextWriter.Null, TimeZoneInfo.Utc, TestContext.Current.CancellationToken));
        var text = output.ToString();
        foreach (var line in (string[])["laptop: made with the right key", "opens ssh to 192.0.2.7", "refused: replayed: it was used before", "refused: service-not-allowed: the key may not ask for that service (tcp/80)", "tokens: bad-token: it is a token by no secret of this gate", "no knock names it"])
            Assert.Contains(line, text, StringComparison.Ordinal);
    }
}
