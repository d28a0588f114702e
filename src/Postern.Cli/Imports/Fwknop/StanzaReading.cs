using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Globalization;
using System.Net;
using System.Text;
using Postern.Cli.Configuration;
using Postern.Keys.Fwknop;
using Postern.Reports;

namespace Postern.Cli.Imports.Fwknop;

/// <summary>What a stanza of access.conf means: a knock, and the services that it opens. Whatever fwknopd would not start with, or never let in by, is left out and said.</summary>
internal sealed class StanzaReading(FwknopGate gate, FwknopdConf conf, ImportNotes notes)
{
    private static readonly TimeSpan UsualTime = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan UsualMost = TimeSpan.FromSeconds(300);
    private static readonly TimeSpan LongestTime = TimeSpan.FromDays(30);

    /// <summary>What <see cref="Read"/> looks at, or what another line that it looks at covers.</summary>
    private static readonly string[] Known =
    [
        "KEY", "KEY_BASE64", "HMAC_KEY", "HMAC_KEY_BASE64", "HMAC_DIGEST_TYPE", "ENCRYPTION_MODE", "DESTINATION", "OPEN_PORTS", "RESTRICT_PORTS", "FW_ACCESS_TIMEOUT", "MAX_FW_TIMEOUT",
        "REQUIRE_SOURCE_ADDRESS", "REQUIRE_SOURCE", "REQUIRE_USERNAME", "ACCESS_EXPIRE", "ACCESS_EXPIRE_EPOCH", "ENABLE_CMD_EXEC", "CMD_CYCLE_OPEN", "CMD_CYCLE_CLOSE", "CMD_CYCLE_TIMER", "FORCE_NAT",
    ];

    public void Read(AccessStanza stanza)
    {
        SayRest(stanza);
        if (ReadKeys(stanza) is not { } knock)
            return;
        var isCycled = stanza["CMD_CYCLE_OPEN"] is { } cycle && CycleCommand.IsFirewall(cycle.Value, stanza["OPEN_PORTS"]?.Value);
        var openFor = ReadSeconds((isCycled ? stanza["CMD_CYCLE_TIMER"] : null) ?? stanza["FW_ACCESS_TIMEOUT"], UsualTime);
        knock = knock with
        {
            Sources = ReadNetworks(stanza.Source),
            Destinations = stanza["DESTINATION"] is { } destination ? ReadNetworks(destination) : [],
            MaxTime = ReadSeconds(stanza["MAX_FW_TIMEOUT"], UsualMost),
            MaxAge = ReadAge(),
            RequireAddress = stanza.IsYes("REQUIRE_SOURCE_ADDRESS") || stanza.IsYes("REQUIRE_SOURCE"),
            User = stanza["REQUIRE_USERNAME"]?.Value,
            Expires = ReadExpiry(stanza),
        };
        if (!knock.RequireAddress)
            notes.Add(stanza.Source.File, stanza.Source.Number, $"the knock '{knock.Name}' takes packets that name no address, as there; require_address: true is safer (whoever can stop a packet could send it on from his own)");
        knock = ReadCycle(stanza, knock, openFor);
        if (stanza["ENABLE_CMD_EXEC"] is { IsYes: true } commands)
            notes.Add(commands.File, commands.Number, $"any command that the client sends is not run: list them in the knock '{knock.Name}' (commands: {{\"the text\": a service with run}})");
        knock = knock with { Opens = ReadOpens(stanza, knock, openFor) };
        if (knock.Opens.IsEmpty && knock.Commands.IsEmpty)
            notes.Add(stanza.Source.File, stanza.Source.Number, "nothing is left that the stanza could open; left out");
        else
            gate.Knocks.Add(knock);
    }

    private void SayRest(AccessStanza stanza)
    {
        foreach (var line in stanza.Lines.Where(l => Array.IndexOf(Known, l.Name) < 0))
        {
            if (line.Name.StartsWith("GPG_", StringComparison.Ordinal))
                notes.Add(line.File, line.Number, $"{line.Name}: packets of GnuPG are not read; give this client a key (fwknop --key-gen)");
            else if (Say(line) is { } text)
                notes.Add(line.File, line.Number, text.Length > 0 ? $"{line.Name}: {text}" : $"{ImportNotes.QuoteName(line.Name)} is no setting of access.conf; left out");
        }
    }

    private static string? Say(FwknopLine line) => line.Name switch
    {
        "CMD_EXEC_USER" or "CMD_EXEC_GROUP" or "CMD_SUDO_EXEC_USER" or "CMD_SUDO_EXEC_GROUP" or "ENABLE_CMD_SUDO_EXEC" => "write run_as into the service that is run",
        "FORCE_SNAT" or "FORCE_MASQUERADE" when line.Name is "FORCE_SNAT" || line.IsYes => "where the inside host does not know the way back: masquerade in the service that forwards (postern.yaml(5))",
        "FORWARD_ALL" when line.IsYes => "not everything is forwarded, only the ports that a service names",
        "DISABLE_DNAT" when line.IsYes => "not carried over: a forward always changes the destination",
        "FORCE_MASQUERADE" or "FORWARD_ALL" or "DISABLE_DNAT" => null,
        _ => "",
    };

    private GateKnock? ReadKeys(AccessStanza stanza)
    {
        if (Bytes(stanza, "KEY", FwknopCipherKey.MaxSize, out var at) is not { } key)
        {
            notes.Add(stanza.Source.File, stanza.Source.Number, at is null ? "the stanza has no KEY_BASE64 or KEY; left out" : "the stanza is left out");
            return null;
        }

        var hmac = Bytes(stanza, "HMAC_KEY", FwknopMacKey.MaxSize, out var hmacAt);
        if (hmac is null && hmacAt is not null)
        {
            notes.Add(stanza.Source.File, stanza.Source.Number, "the stanza is left out");
            return null;
        }

        if (hmac is not null && hmac.AsSpan().SequenceEqual(key))
        {
            notes.Add(hmacAt!.Value.File, hmacAt.Value.Number, "both keys are the same, which fwknopd refuses; the stanza is left out");
            return null;
        }

        var mode = FwknopMode.Cbc;
        if (stanza["ENCRYPTION_MODE"] is { } named && !FwknopModes.TryParse(named.Value, out mode))
        {
            notes.Add(named.File, named.Number, $"ENCRYPTION_MODE {ImportNotes.Quote(named.Value)} is not read; the stanza is left out");
            return null;
        }

        var digest = FwknopDigest.Sha256;
        if (stanza["HMAC_DIGEST_TYPE"] is { } type && !FwknopDigests.TryParse(type.Value, out digest))
        {
            notes.Add(type.File, type.Number, $"HMAC_DIGEST_TYPE {ImportNotes.Quote(type.Value)} is not known; the stanza is left out");
            return null;
        }

        if (hmac is null)
            notes.Add(stanza.Source.File, stanza.Source.Number, "the stanza has no HMAC key: give it one (fwknop --key-gen makes both); SECURITY.md says what it lacks without");
        return new(NameFor(stanza), stanza.Source)
        {
            Key = Convert.ToBase64String(key),
            HmacKey = hmac is null ? null : Convert.ToBase64String(hmac),
            HmacDigest = digest.Word(),
            Mode = mode.Word(),
        };
    }

    private byte[]? Bytes(AccessStanza stanza, string name, int max, out FwknopLine? at)
    {
        at = stanza[name + "_BASE64"] ?? stanza[name];
        if (at is not { } line)
            return null;
        if (line.Value.StartsWith("__CHANGEME__", StringComparison.Ordinal))
        {
            notes.Add(line.File, line.Number, $"{line.Name} is the example's, and no key");
            return null;
        }

        var bytes = line.Name.EndsWith("_BASE64", StringComparison.Ordinal) ? Decode(line.Value) : Encoding.Latin1.GetBytes(line.Value);
        if (bytes is { Length: > 0 } && bytes.Length <= max)
            return bytes;
        notes.Add(line.File, line.Number, string.Create(CultureInfo.InvariantCulture, $"{line.Name} is not 1 to {max} bytes{(bytes is null ? " of base64" : "")}; fwknopd lets nobody in by it"));
        return null;
    }

    private static byte[]? Decode(string text)
    {
        var bytes = new byte[text.Length];
        return Convert.TryFromBase64String(text, bytes, out var length) ? bytes[..length] : null;
    }

    /// <summary>That of the user whom the stanza is for, where it is for one.</summary>
    private string NameFor(AccessStanza stanza)
    {
        var user = string.Concat((stanza["REQUIRE_USERNAME"]?.Value ?? "").ToLowerInvariant().Select(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) ? c : '-')).Trim('-');
        var name = user.Length is > 0 and <= 24 ? user : "fwknop";
        if (!IsTaken(name))
            return name;
        for (var number = 2; ; number++)
        {
            var next = string.Create(CultureInfo.InvariantCulture, $"{name}-{number}");
            if (!IsTaken(next))
                return next;
        }
    }

    private bool IsTaken(string name) => gate.Knocks.Exists(k => string.Equals(k.Name, name, StringComparison.Ordinal));

    private ImmutableArray<string> ReadNetworks(FwknopLine line)
    {
        var networks = ImmutableArray.CreateBuilder<string>();
        foreach (var word in line.Value.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            if (word is "ANY")
                return [];
            if (TryReadNetwork(word, out var network))
                networks.Add(network);
            else
                notes.Add(line.File, line.Number, $"{line.Name} {ImportNotes.Quote(word)} is no address; left out");
        }

        if (networks.Count == 0)
            networks.Add("127.0.0.1"); // nobody: it must not become everybody
        return networks.ToImmutable();
    }

    /// <summary>With a length or a mask behind the slash; bits that the mask leaves out are cleared, as fwknopd does.</summary>
    private static bool TryReadNetwork(string text, out string network)
    {
        network = "";
        var slash = text.IndexOf('/', StringComparison.Ordinal);
        if (!Address.TryParse(slash < 0 ? text : text.AsSpan(0, slash), out var address) || !address.IsV4)
            return false;
        var bits = 32;
        if (slash >= 0 && !Digits.TryParse(text.AsSpan(slash + 1), out bits) && !TryReadMask(text[(slash + 1)..], out bits))
            return false;
        if (bits is < 0 or > 32)
            return false;
        var value = (uint)(address.Value & uint.MaxValue) & (bits == 0 ? 0 : uint.MaxValue << (32 - bits));
        network = Network.Format(new IPNetwork(Address.FromV4(value).ToIPAddress(), bits));
        return true;
    }

    private static bool TryReadMask(string text, out int bits)
    {
        bits = 0;
        if (!IPAddress.TryParse(text, out var parsed) || parsed.GetAddressBytes() is not { Length: 4 } bytes)
            return false;
        var mask = BinaryPrimitives.ReadUInt32BigEndian(bytes);
        bits = System.Numerics.BitOperations.PopCount(mask);
        return mask == (bits == 0 ? 0 : uint.MaxValue << (32 - bits));
    }

    private TimeSpan ReadSeconds(FwknopLine? line, TimeSpan usual)
    {
        if (line is not { } given)
            return usual;
        if (!Digits.TryParse(given.Value, out int seconds))
        {
            notes.Add(given.File, given.Number, string.Create(CultureInfo.InvariantCulture, $"{given.Name} {ImportNotes.Quote(given.Value)} is no number of seconds; {usual.TotalSeconds} is taken"));
            return usual;
        }

        if (seconds > 0 && seconds <= LongestTime.TotalSeconds)
            return TimeSpan.FromSeconds(seconds);
        notes.Add(given.File, given.Number, $"{given.Name} {given.Value}: a grant ends here after {(seconds == 0 ? usual : LongestTime).TotalSeconds:0} seconds");
        return seconds == 0 ? usual : LongestTime;
    }

    /// <summary>Null: the usual.</summary>
    private TimeSpan? ReadAge()
    {
        if (conf["MAX_SPA_PACKET_AGE"] is not { } age || !Digits.TryParse(age.Value, out int seconds) || seconds <= 0)
            return null;
        if (seconds <= 3600)
            return TimeSpan.FromSeconds(seconds);
        notes.Add(age.File, age.Number, "MAX_SPA_PACKET_AGE is an hour at most here: what was used is remembered for as long");
        return TimeSpan.FromHours(1);
    }

    private string? ReadExpiry(AccessStanza stanza)
    {
        if (stanza["ACCESS_EXPIRE"] is { } date)
        {
            if (DateOnly.TryParseExact(date.Value, ["M/d/yyyy", "MM/dd/yyyy"], CultureInfo.InvariantCulture, DateTimeStyles.None, out var day))
                return day.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
            notes.Add(date.File, date.Number, $"ACCESS_EXPIRE {ImportNotes.Quote(date.Value)} is no day (MM/DD/YYYY): the knock is expired, to be safe");
            return "1970-01-01";
        }

        if (stanza["ACCESS_EXPIRE_EPOCH"] is not { } epoch)
            return null;
        if (Digits.TryParse(epoch.Value, out long seconds) && seconds <= 253_402_300_799)
            return DateTimeOffset.FromUnixTimeSeconds(seconds).ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

        notes.Add(epoch.File, epoch.Number, $"ACCESS_EXPIRE_EPOCH {ImportNotes.Quote(epoch.Value)} is no time: the knock is expired, to be safe");
        return "1970-01-01";
    }

    private ImmutableArray<string> ReadOpens(AccessStanza stanza, GateKnock knock, TimeSpan openFor)
    {
        var refused = stanza["RESTRICT_PORTS"] is { } restricted ? ReadPorts(restricted) : [];
        var opens = ImmutableArray.CreateBuilder<string>();
        var forward = stanza["FORCE_NAT"] is { } nat ? ReadForward(nat) : null;
        if (stanza["FORCE_NAT"] is not null && forward is null)
            return []; // it would lead to this host instead
        if (stanza["CMD_CYCLE_OPEN"] is { } cycle && !CycleCommand.IsFirewall(cycle.Value, stanza["OPEN_PORTS"]?.Value))
            return []; // fwknopd runs the command and opens nothing
        if (stanza["OPEN_PORTS"] is { } open)
        {
            foreach (var port in ReadPorts(open).Except(refused))
                opens.AddRange(gate.ServiceFor(port, openFor, forward, open, notes));
        }
        else if (knock.Commands.IsEmpty && !stanza.IsYes("ENABLE_CMD_EXEC"))
        {
            notes.Add(stanza.Source.File, stanza.Source.Number, "the stanza has no OPEN_PORTS: fwknop opens whatever is asked for, Postern what is listed. tcp/22 is; add a service for each other port, and its name to opens");
            opens.AddRange(gate.ServiceFor(new(Transport.Tcp, 22), openFor, forward, stanza.Source, notes));
        }

        if (forward is null && (conf.IsYes("ENABLE_IPT_FORWARDING") || conf.IsYes("ENABLE_FIREWD_FORWARDING")))
            opens.Add(NatService(stanza));
        return [.. opens.Distinct(StringComparer.Ordinal)];
    }

    private string NatService(AccessStanza stanza)
    {
        const string Name = "inside";
        gate.Services.TryAdd(Name, new(Name) { ForwardTo = ["10.0.0.0/8:*", "172.16.0.0/12:*", "192.168.0.0/16:*"] });
        notes.Add(stanza.Source.File, stanza.Source.Number, "NAT requests may name any port of any private address, from the ports of the stanza and from 10000 up: narrow 'forward' of the service 'inside' to what your clients use");
        return Name;
    }

    private ImmutableArray<PortRange> ReadPorts(FwknopLine line)
    {
        var ports = ImmutableArray.CreateBuilder<PortRange>();
        foreach (var word in line.Value.Split([',', ' ', '\t'], StringSplitOptions.RemoveEmptyEntries))
        {
            if (PortRange.TryParse(word.ToLowerInvariant(), out var port) && port.Count == 1)
                ports.Add(port);
            else
                notes.Add(line.File, line.Number, $"{line.Name} {ImportNotes.Quote(word)} is no port (tcp/22); left out");
        }

        return [.. ports.Distinct()];
    }

    private string? ReadForward(FwknopLine line)
    {
        if (line.Value.Split([' ', '\t', ',', ':'], StringSplitOptions.RemoveEmptyEntries) is [var host, var port] && Address.TryParse(host, out var address) && address.IsV4 && Digits.TryParse(port, out ushort number) && number != 0)
            return string.Create(CultureInfo.InvariantCulture, $"{address}:{number}");
        notes.Add(line.File, line.Number, "FORCE_NAT is not an address and a port, so nothing of this stanza is opened: it would lead to this host instead");
        return null;
    }

    private GateKnock ReadCycle(AccessStanza stanza, GateKnock knock, TimeSpan openFor)
    {
        if (stanza["CMD_CYCLE_OPEN"] is not { } open)
            return knock;
        if (CycleCommand.IsFirewall(open.Value, stanza["OPEN_PORTS"]?.Value))
        {
            notes.Add(open.File, open.Number, "CMD_CYCLE_OPEN works a firewall: Postern opens the ports of OPEN_PORTS itself, and the command is not run");
            return knock;
        }

        if (CycleCommand.TryTranslate(open, stanza["OPEN_PORTS"]?.Value, out var run, out var why))
        {
            ImmutableArray<string> undo = [];
            var close = stanza["CMD_CYCLE_CLOSE"];
            if (close is { Value: not "NONE" } closing && !CycleCommand.TryTranslate(closing, stanza["OPEN_PORTS"]?.Value, out undo, out why))
                notes.Add(closing.File, closing.Number, $"CMD_CYCLE_CLOSE is not carried over: {why}");
            var name = $"{knock.Name}-cycle";
            gate.Services[name] = new(name) { Run = run, Undo = undo, OpenFor = undo.IsEmpty ? null : ReadSeconds(stanza["CMD_CYCLE_TIMER"], openFor) };
            notes.Add(open.File, open.Number, $"CMD_CYCLE_OPEN is the service '{name}', run as root as there. It opens no ports by itself (OPEN_PORTS is left out, as there); what runs it is the command '{name}' (fwknop -C {name})");
            return knock with { Commands = knock.Commands.SetItem(name, name) };
        }

        notes.Add(open.File, open.Number, $"CMD_CYCLE_OPEN is not carried over: {why}");
        return knock;
    }
}
