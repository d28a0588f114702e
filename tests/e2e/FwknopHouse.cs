using System.Net;
using System.Net.Sockets;
using System.Text;
using Postern.Tests;

namespace Postern.EndToEnd.Tests;

/// <summary>A gate with stanzas for fwknop, and the real client of fwknop across the cable.</summary>
internal sealed class FwknopHouse : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("postern-fwknop-");
    private readonly StringBuilder _services = new("services:\n");
    private readonly StringBuilder _knocks = new("knocks:\n");

    /// <param name="fwknop">The lines of the section.</param>
    /// <param name="needsClient">Without the real client the test is skipped.</param>
    public FwknopHouse(string fwknop = "", bool needsClient = true)
    {
        if (needsClient)
            Needs.Program("fwknop");
        House = new(start: false);
        Section = fwknop;
    }

    public GateHouse House { get; }

    public string Section { get; }

    public string Rest { get; set; } = "";

    /// <summary>More lines of the section <c>gate</c>.</summary>
    public string Gate { get; init; } = "";

    public string Ledger => Path.Combine(_folder.FullName, "ledger");

    public void Service(string name, string lines) => _services.Append($"  {name}:\n    {lines.ReplaceLineEndings("\n    ")}\n");

    /// <summary>With keys made of its name, unless they are given.</summary>
    public void Stanza(string name, string lines, string? keys = null)
    {
        var file = Path.Combine(_folder.FullName, name + ".keys");
        File.WriteAllText(file, keys ?? $"key {KeyOf(name)}\nhmac_key {TagKeyOf(name)}\n");
        File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        _knocks.Append($"  {name}:\n    method: fwknop\n    keys: {file}\n    {lines.ReplaceLineEndings("\n    ")}\n");
    }

    public static string KeyOf(string name) => "cipher of " + name;

    public static string TagKeyOf(string name) => "tags of " + name;

    public FwknopHouse Start()
    {
        House.Write($"{_services}{_knocks}{(Section.Length == 0 ? "" : $"fwknop:\n  {Section.ReplaceLineEndings("\n  ")}\n")}{Rest}", $"  ledger: {Ledger}\n{Gate}");
        House.Start();
        return this;
    }

    /// <summary>Sends a packet for a stanza with the keys of its name, unless others are given; as user alice, and for the client's own address.</summary>
    public void Send(string stanza, params string[] arguments)
    {
        string[] keys = arguments.Contains("--key-rijndael") ? [] : ["--key-rijndael", KeyOf(stanza), "--key-hmac", TagKeyOf(stanza)];
        string[] who = arguments.Contains("-a") || arguments.Contains("-s") ? [] : ["-a", GateHouse.Client4];
        var (code, output) = House.FromClient(
            ["env", $"HOME={_folder.FullName}", "fwknop", "--no-save-args", "--no-rc-file", "-U", "alice", "-D", GateHouse.Gate4, .. who, .. keys, .. arguments]);
        Assert.True(code == 0, output);
    }

    /// <summary>The same, and the packet as it was sent.</summary>
    public byte[] SendAndKeep(string stanza, params string[] arguments)
    {
        var file = Path.Combine(_folder.FullName, Path.GetRandomFileName());
        Send(stanza, [.. arguments, "-B", file]);
        return Encoding.ASCII.GetBytes(File.ReadAllText(file).Trim());
    }

    /// <summary>Bytes as a datagram from the client to the usual port.</summary>
    public void Raw(ReadOnlySpan<byte> payload, string? from = null)
    {
        using var socket = House.Client.Enter(() => new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp));
        if (from is not null)
            socket.Bind(new IPEndPoint(IPAddress.Parse(from), 0));
        socket.SendTo(payload, new IPEndPoint(IPAddress.Parse(GateHouse.Gate4), 62201));
    }

    public void Opens(string service) => Says($"opened service={service} ");

    public void Refuses(string word) => Says($"refusal={word}");

    public void Says(string text, int times = 1) =>
        GateHouse.Until(() => House.Log.Split(text).Length > times, $"'{text}' in\n{House.Log}");

    /// <summary>How often the sentry has refused for it.</summary>
    public long Refused(string word) =>
        House.Ask("status").GetProperty("packets").GetProperty("refused_fwknop").GetProperty(word).GetInt64();

    public void Dispose()
    {
        House.Dispose();
        _folder.Delete(recursive: true);
    }
}
