using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Postern.Cli.Configuration;
using Postern.Client.Fwknop;
using Postern.Keys.Fwknop;
using Postern.Reports;
using Postern.Reports.Fwknop;
using static Postern.Cli.Configuration.Quoting;

namespace Postern.Cli.Profiles;

/// <summary>A profile with <c>method: fwknop</c>. None of its messages shows a key.</summary>
internal sealed class FwknopProfileReader(Values values, ProfileReader common)
{
    private const int MaxUser = 48;
    private const int MaxCommand = 150;

    private static readonly TimeSpan OneSecond = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan MostTime = TimeSpan.FromSeconds(FwknopMessage.MaxTimeout);

    private static readonly KeyTable Keys = new(
        "a profile of fwknop",
        ["method", "host", "key", "key_base64", "hmac_key", "hmac_key_base64", "hmac_digest", "digest", "mode", "access", "command", "nat", "nat_port", "timeout", "user", "address", "transport", "port", "source_port"],
        []);

    private readonly FaultList _faults = values.Faults;

    public FwknopProfile? Read(string name, MapNode map, Fields fields)
    {
        var before = _faults.Count;
        fields.Check(Keys);
        var host = common.Required("host", fields, map, "write the name or the IPv4 address of the server") is { } text ? common.ReadHost(text) : null;
        var mode = Word<FwknopMode>("mode", fields["mode"], FwknopModes.TryParse, FwknopModes.Word) ?? FwknopMode.Cbc;
        var digest = Word<FwknopDigest>("digest", fields["digest"], FwknopDigests.TryParse, FwknopDigests.Word) ?? FwknopDigest.Sha256;
        var cipher = ReadCipher(fields, map);
        var mac = ReadMac(fields, mode);
        var wish = ReadWish(fields, map, host, out var natPort) with { Digest = (FwknopInnerDigest)(byte)digest };
        var path = new FwknopPath(Word<FwknopTransport>("transport", fields["transport"], TryTransport, FwknopTransports.Word) ?? FwknopTransport.Udp, Port("port", fields["port"]) ?? FwknopPath.UsualPort)
        {
            SourcePort = Port("source_port", fields["source_port"]) ?? 0,
        };
        var address = ReadAddress(fields["address"]);
        CheckTogether(fields, cipher, mac);
        if (_faults.Count > before || host is null || cipher is null)
        {
            cipher?.Dispose();
            mac?.Dispose();
            return null;
        }

        return new(name, host, cipher, mac)
        {
            IsCipherText = fields["key"] is not null,
            IsMacText = fields["hmac_key"] is not null,
            Mode = mode,
            Wish = wish,
            NatPort = natPort,
            Path = path,
            Address = address,
        };
    }

    private static bool TryTransport(ReadOnlySpan<char> text, out FwknopTransport transport) => FwknopTransports.TryParse(text.ToString(), out transport);

    private FwknopCipherKey? ReadCipher(Fields fields, MapNode map)
    {
        if (fields["key"] is null && fields["key_base64"] is null)
        {
            _faults.Add(map.Place, "'key_base64' is missing", "copy KEY_BASE64 of the server's access.conf (or write key: for its KEY)");
            return null;
        }

        return ReadKey("key", fields, FwknopCipherKey.MaxSize, bytes => FwknopCipherKey.From(bytes));
    }

    private FwknopMacKey? ReadMac(Fields fields, FwknopMode mode)
    {
        var digest = Word<FwknopDigest>("hmac_digest", fields["hmac_digest"], FwknopDigests.TryParse, FwknopDigests.Word) ?? FwknopDigest.Sha256;
        var node = fields["hmac_key"] ?? fields["hmac_key_base64"];
        if (node is null)
        {
            if (fields["hmac_digest"] is { } alone)
                _faults.Add(alone.Place, "'hmac_digest' stands without a key", "copy HMAC_KEY_BASE64 of the server's access.conf: hmac_key_base64");
            return null;
        }

        if (mode == FwknopMode.Legacy)
            _faults.Add(node.Place, "the mode legacy has no HMAC", "remove the key, or write mode: cbc");
        if (FwknopDigests.WhyNot(digest) is { } why)
        {
            _faults.Add(node.Place, why.Split(": ", 2)[0], why.Split(": ", 2)[1]);
            return null;
        }

        return ReadKey("hmac_key", fields, FwknopMacKey.MaxSize, bytes => FwknopMacKey.From(bytes, digest));
    }

    private delegate T Maker<T>(ReadOnlySpan<byte> bytes);

    private T? ReadKey<T>(string key, Fields fields, int max, Maker<T> make)
        where T : class
    {
        var asBase64 = key + "_base64";
        if (fields[key] is { } twice && fields[asBase64] is not null)
        {
            _faults.Add(twice.Place, $"'{key}' and '{asBase64}' are both there", "keep one of the two");
            return null;
        }

        var isText = fields[key] is not null;
        if (values.Text(isText ? key : asBase64, fields[key] ?? fields[asBase64]) is not { } node)
            return null;
        var bytes = isText ? Encoding.UTF8.GetBytes(node.Text) : Decode(node.Text);
        try
        {
            if (bytes is { Length: > 0 } && bytes.Length <= max && !node.Text.Any(char.IsControl))
                return make(bytes);
            _faults.Add(node.Place, $"'{(isText ? key : asBase64)}' is not a key of fwknop", string.Create(CultureInfo.InvariantCulture, $"it has 1 to {max} bytes{(isText ? "" : ", written as base64")}: copy it from the server's access.conf"));
            return null;
        }
        finally
        {
            CryptographicOperations.ZeroMemory(bytes);
        }
    }

    private static byte[]? Decode(string text)
    {
        var bytes = new byte[text.Length];
        return Convert.TryFromBase64String(text, bytes, out var length) ? bytes[..length] : null;
    }

    private FwknopWish ReadWish(Fields fields, MapNode map, string? host, out ushort natPort)
    {
        natPort = Port("nat_port", fields["nat_port"]) ?? 0;
        var access = common.ReadList<PortRange>("access", fields["access"], static (string text, out PortRange port) => PortRange.TryParse(text, out port) && port.Count == 1, "port", "write one port: tcp/22");
        var wish = new FwknopWish
        {
            Access = access,
            Command = ReadCommand(fields["command"]),
            Seconds = (int)Math.Ceiling((values.Time("timeout", fields["timeout"], OneSecond, MostTime) ?? TimeSpan.Zero).TotalSeconds),
            User = ReadUser(fields["user"]),
        };
        if (access.IsEmpty && wish.Command.Length == 0 && fields["access"] is null or ListNode { Items: [] } && fields["command"] is null)
            _faults.Add(fields["access"]?.Place ?? map.Place, "it asks for nothing", "write access: [tcp/22]");
        return ReadNat(fields, wish, host, ref natPort);
    }

    private FwknopWish ReadNat(Fields fields, FwknopWish wish, string? host, ref ushort natPort)
    {
        if (values.Text("nat", fields["nat"]) is not { } text)
        {
            if (fields["nat_port"] is { } alone && fields["nat"] is null)
                _faults.Add(alone.Place, "'nat_port' stands without 'nat'", "write nat: 10.0.0.5:22, or nat: local");
            return wish;
        }

        if (wish.Access.Length != 1)
        {
            _faults.Add(text.Place, "'nat' is for one port", "write one in access: [tcp/22]");
            return wish;
        }

        var inside = wish.Access[0].First;
        if (text.Text is "local")
            return wish with { IsLocal = true, Nat = new(host ?? "", inside) };
        var colon = text.Text.LastIndexOf(':');
        var target = colon < 0 ? text.Text : text.Text[..colon];
        if (FwknopMessageReader.IsNatHost(target) && (colon < 0 || (Digits.TryParse(text.Text.AsSpan(colon + 1), out inside) && inside != 0)))
            return wish with { Nat = new(target, inside) };
        _faults.Add(text.Place, $"'nat' cannot be {Quote(text.Text)}", "write where the connections go: 10.0.0.5:22; or local");
        return wish;
    }

    private string ReadCommand(Node? node)
    {
        if (values.Text("command", node) is not { } text)
            return "";
        if (text.Text.Length <= MaxCommand && text.Text.All(c => c is >= ' ' and <= '~'))
            return text.Text;
        _faults.Add(text.Place, "'command' is none that fwknop can carry", string.Create(CultureInfo.InvariantCulture, $"write at most {MaxCommand} characters of ASCII"));
        return "";
    }

    /// <summary>Empty: that of whoever knocks.</summary>
    private string ReadUser(Node? node)
    {
        if (values.Text("user", node) is not { } text)
            return "";
        if (FwknopMessageReader.IsUser(text.Text))
            return text.Text;
        _faults.Add(text.Place, $"'user' cannot be {Quote(text.Text)}", string.Create(CultureInfo.InvariantCulture, $"write at most {MaxUser} letters, digits and the like"));
        return "";
    }

    private AddressSetting ReadAddress(Node? node)
    {
        if (values.Text("address", node) is not { } text)
            return AddressSetting.Auto;
        if (text.Text is AddressSetting.SourceWord)
            return AddressSetting.Source;
        if (!AddressSetting.TryParse(text.Text, out var setting) || (setting.Service is null && setting.Literal != Address.None && !setting.Literal.IsV4))
            _faults.Add(text.Place, $"'address' cannot be {Quote(text.Text)}", "write auto, source, an IPv4 address, or https://… of a service that answers with yours");
        return setting;
    }

    private ushort? Port(string key, Node? node) => (ushort?)values.Number(key, node, 1, ushort.MaxValue);

    private delegate bool Finder<T>(ReadOnlySpan<char> text, out T value);

    private T? Word<T>(string key, Node? node, Finder<T> find, Func<T, string> word)
        where T : struct, Enum
    {
        if (values.Text(key, node) is not { } text)
            return null;
        if (find(text.Text, out var value))
            return value;
        var words = Enum.GetValues<T>().Select(word).ToArray();
        _faults.Add(text.Place, $"'{key}' cannot be {Quote(text.Text)}", _faults.Suggest(text.Text, words, "write one of: " + string.Join(", ", words)));
        return null;
    }

    private void CheckTogether(Fields fields, FwknopCipherKey? cipher, FwknopMacKey? mac)
    {
        if (fields["command"] is { } command && (fields["access"] ?? fields["nat"]) is not null)
            _faults.Add(command.Place, "it asks for ports and for a command", "make two profiles of it");
        if (cipher is not null && mac is not null && FwknopKeys.AreEqual(cipher, mac))
            _faults.Add((fields["hmac_key"] ?? fields["hmac_key_base64"])!.Place, "the two keys are the same", "fwknop refuses that: copy both from the server's access.conf");
    }
}
