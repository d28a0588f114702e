using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using Postern.Cli.Profiles;
using Postern.Client.Fwknop;
using Postern.Keys.Fwknop;
using Postern.Reports;
using Postern.Reports.Fwknop;

namespace Postern.Cli.Imports.Fwknop;

/// <summary>What a stanza of ~/.fwknoprc means: a profile.</summary>
internal sealed class RcReading(ImportNotes notes)
{
    private static readonly string[] Known =
    [
        "SPA_SERVER", "ACCESS", "ALLOW_IP", "KEY", "KEY_BASE64", "HMAC_KEY", "HMAC_KEY_BASE64", "USE_HMAC", "HMAC_DIGEST_TYPE", "DIGEST_TYPE", "ENCRYPTION_MODE", "SPA_SERVER_PROTO", "SPA_SERVER_PORT",
        "SPA_SOURCE_PORT", "FW_TIMEOUT", "NAT_ACCESS", "NAT_LOCAL", "NAT_PORT", "SPOOF_USER", "RESOLVE_URL", "RESOLVE_IP_HTTP", "RESOLVE_IP_HTTPS",
        // how the client does its work
        "HTTP_USER_AGENT", "USE_WGET_USER_AGENT", "RESOLVE_HTTP_ONLY", "SERVER_RESOLVE_IPV4", "WGET_CMD", "VERBOSE", "NO_SAVE_ARGS", "GPG_EXE", "GPG_HOMEDIR", "USE_GPG_AGENT",
    ];

    /// <summary>Null: it cannot be carried over, and the notes say why.</summary>
    public FwknopProfile? Read(RcStanza stanza)
    {
        SayRest(stanza);
        if (stanza.IsYes("USE_GPG") || (stanza["GPG_RECIPIENT"] is not null && stanza["KEY"] is null && stanza["KEY_BASE64"] is null))
            return Refuse(stanza, stanza["GPG_RECIPIENT"] ?? stanza.Head, "it encrypts with GnuPG, which Postern does not: give it a key (fwknop --key-gen)");
        if (stanza["SPA_SERVER"] is not { } server)
            return Refuse(stanza, stanza.Head, "it names no SPA_SERVER");
        if (server.Value.Any(c => char.IsControl(c) || char.IsWhiteSpace(c)) || Uri.CheckHostName(server.Value) is UriHostNameType.Unknown or UriHostNameType.IPv6)
            return Refuse(stanza, server, "SPA_SERVER is no name and no IPv4 address");
        var mode = FwknopMode.Cbc;
        if (stanza["ENCRYPTION_MODE"] is { } named && !FwknopModes.TryParse(named.Value, out mode))
            return Refuse(stanza, named, $"ENCRYPTION_MODE {ImportNotes.Quote(named.Value)} is not known");
        if (Bytes(stanza, "KEY", FwknopCipherKey.MaxSize) is not { } key)
            return Refuse(stanza, stanza["KEY_BASE64"] ?? stanza["KEY"] ?? stanza.Head, "it has no usable KEY_BASE64 or KEY");
        if (ReadWish(stanza, server.Value, out var natPort) is not { } wish || !TryReadMac(stanza, out var mac))
            return null;
        var cipher = FwknopCipherKey.From(key);
        if (mac is not null && (mode == FwknopMode.Legacy || FwknopKeys.AreEqual(cipher, mac)))
        {
            mac.Dispose();
            cipher.Dispose();
            return Refuse(stanza, stanza.Head, mode == FwknopMode.Legacy ? "the mode legacy has no HMAC, and it has a key for one" : "both keys are the same, which fwknop refuses");
        }

        return new(NameOf(stanza.Name), server.Value, cipher, mac)
        {
            Mode = mode,
            Wish = wish,
            NatPort = natPort,
            Path = ReadPath(stanza),
            Address = ReadAddress(stanza),
        };
    }

    /// <summary>A name that a profile can have.</summary>
    public static string NameOf(string stanza)
    {
        var name = string.Concat(stanza.ToLowerInvariant().Select(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c is '-' or '_' or '.' ? c : '-')).TrimStart('-', '_', '.');
        return name.Length == 0 ? "fwknop" : name[..Math.Min(name.Length, 60)];
    }

    private FwknopProfile? Refuse(RcStanza stanza, FwknopLine line, string why)
    {
        notes.Add(line.File, line.Number, $"[{ImportNotes.Quote(stanza.Name)[1..^1]}] is left out: {why}");
        return null;
    }

    private void SayRest(RcStanza stanza)
    {
        foreach (var line in stanza.Lines.Values.Where(l => Array.IndexOf(Known, l.Name) < 0).OrderBy(l => l.Number))
        {
            notes.Add(line.File, line.Number, line.Name switch
            {
                "TIME_OFFSET" => "TIME_OFFSET is not carried over: set this computer's clock",
                "NAT_RAND_PORT" or "RAND_PORT" => $"{line.Name} is not carried over: nat_port, and port, are fixed",
                "SPOOF_SOURCE_IP" => "SPOOF_SOURCE_IP is not carried over: Postern sends from its own address",
                "KEY_FILE" or "HMAC_KEY_FILE" => $"{line.Name} is not carried over: copy the key into the profile",
                _ when line.Name.StartsWith("GPG_", StringComparison.Ordinal) || line.Name is "USE_GPG" => $"{line.Name}: Postern does not encrypt with GnuPG",
                _ => $"{ImportNotes.QuoteName(line.Name)} is no setting of fwknop's client; left out",
            });
        }
    }

    private byte[]? Bytes(RcStanza stanza, string name, int max)
    {
        if ((stanza[name + "_BASE64"] ?? stanza[name]) is not { } line)
            return null;
        var bytes = new byte[line.Value.Length];
        if (!line.Name.EndsWith("_BASE64", StringComparison.Ordinal))
            bytes = Encoding.Latin1.GetBytes(line.Value);
        else if (Convert.TryFromBase64String(line.Value, bytes, out var length))
            bytes = bytes[..length];
        else
            bytes = [];
        if (bytes.Length > 0 && bytes.Length <= max)
            return bytes;
        notes.Add(line.File, line.Number, string.Create(CultureInfo.InvariantCulture, $"{line.Name} is not of 1 to {max} bytes"));
        return null;
    }

    private bool TryReadMac(RcStanza stanza, out FwknopMacKey? mac)
    {
        mac = null;
        var has = (stanza["HMAC_KEY_BASE64"] ?? stanza["HMAC_KEY"]) is not null;
        if (!has && stanza.IsYes("USE_HMAC"))
        {
            Refuse(stanza, stanza["USE_HMAC"]!.Value, "it wants an HMAC and has no key for it");
            return false;
        }

        if (!has || (stanza["USE_HMAC"] is { } use && !use.IsYes))
            return true;
        var digest = FwknopDigest.Sha256;
        if (stanza["HMAC_DIGEST_TYPE"] is { } type && !FwknopDigests.TryParse(type.Value, out digest))
        {
            Refuse(stanza, type, $"HMAC_DIGEST_TYPE {ImportNotes.Quote(type.Value)} is not known");
            return false;
        }

        if (FwknopDigests.WhyNot(digest) is { } why)
        {
            Refuse(stanza, stanza["HMAC_DIGEST_TYPE"]!.Value, why);
            return false;
        }

        if (Bytes(stanza, "HMAC_KEY", FwknopMacKey.MaxSize) is not { } key)
        {
            Refuse(stanza, stanza.Head, "its HMAC key cannot be used");
            return false;
        }

        mac = FwknopMacKey.From(key, digest);
        return true;
    }

    private FwknopWish? ReadWish(RcStanza stanza, string server, out ushort natPort)
    {
        natPort = 0;
        var access = ImmutableArray.CreateBuilder<PortRange>();
        foreach (var word in (stanza["ACCESS"]?.Value ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            if (PortRange.TryParse(word, out var port) && port.Count == 1 && !access.Contains(port) && access.Count < 8)
                access.Add(port);
            else
                notes.Add(stanza["ACCESS"]!.Value.File, stanza["ACCESS"]!.Value.Number, $"ACCESS {ImportNotes.Quote(word)} is not carried over (one port each: tcp/22; at most 8)");
        }

        if (access.Count == 0)
        {
            Refuse(stanza, stanza["ACCESS"] ?? stanza.Head, "it names no ACCESS; write the profile by hand, with what is asked for");
            return null;
        }

        var digest = FwknopDigest.Sha256;
        if (stanza["DIGEST_TYPE"] is { } type && !FwknopDigests.TryParse(type.Value, out digest))
        {
            notes.Add(type.File, type.Number, $"DIGEST_TYPE {ImportNotes.Quote(type.Value)} is not known; sha256 is taken");
            digest = FwknopDigest.Sha256;
        }

        var wish = new FwknopWish
        {
            Access = access.ToImmutable(),
            Seconds = stanza["FW_TIMEOUT"] is { } time && Digits.TryParse(time.Value, out int seconds) && seconds <= FwknopMessage.MaxTimeout ? seconds : 0,
            User = ReadUser(stanza),
            Digest = (FwknopInnerDigest)(byte)digest,
        };
        return ReadNat(stanza, wish, server, ref natPort);
    }

    private string ReadUser(RcStanza stanza)
    {
        if (stanza["SPOOF_USER"] is not { } user || FwknopMessageReader.IsUser(user.Value))
            return stanza["SPOOF_USER"]?.Value ?? "";
        notes.Add(user.File, user.Number, "SPOOF_USER is no name that fwknop takes; left out");
        return "";
    }

    private FwknopWish? ReadNat(RcStanza stanza, FwknopWish wish, string server, ref ushort natPort)
    {
        var isLocal = stanza.IsYes("NAT_LOCAL");
        if (stanza["NAT_ACCESS"] is not { } nat && !isLocal)
            return wish;
        if (wish.Access.Length != 1)
            return RefuseWish(stanza, "NAT is for one port in ACCESS");
        if (stanza["NAT_PORT"] is { } port && (!Digits.TryParse(port.Value, out natPort) || natPort == 0))
            return RefuseWish(stanza, "NAT_PORT is no port");
        if (isLocal)
            return wish with { IsLocal = true, Nat = new(server, wish.Access[0].First) };
        var parts = stanza["NAT_ACCESS"]!.Value.Value.Split([':', ','], 2);
        var inside = wish.Access[0].First;
        if (!FwknopMessageReader.IsNatHost(parts[0]) || parts[0] is "local" || (parts.Length == 2 && (!Digits.TryParse(parts[1], out inside) || inside == 0)))
            return RefuseWish(stanza, "NAT_ACCESS is not host:port");
        return wish with { Nat = new(parts[0], inside) };
    }

    private FwknopWish? RefuseWish(RcStanza stanza, string why)
    {
        Refuse(stanza, stanza["NAT_ACCESS"] ?? stanza["NAT_LOCAL"] ?? stanza.Head, why);
        return null;
    }

    private FwknopPath ReadPath(RcStanza stanza)
    {
        var transport = FwknopTransport.Udp;
        if (stanza["SPA_SERVER_PROTO"] is { } proto && !FwknopTransports.TryParse(proto.Value, out transport))
            notes.Add(proto.File, proto.Number, $"SPA_SERVER_PROTO {ImportNotes.Quote(proto.Value)} is not known; udp is taken");
        return new(transport, Port(stanza["SPA_SERVER_PORT"]) ?? FwknopPath.UsualPort) { SourcePort = Port(stanza["SPA_SOURCE_PORT"]) ?? 0 };
    }

    private ushort? Port(FwknopLine? line)
    {
        if (line is not { } given)
            return null;
        if (Digits.TryParse(given.Value, out ushort port) && port != 0)
            return port;
        notes.Add(given.File, given.Number, $"{given.Name} is no port; the usual one is taken");
        return null;
    }

    private AddressSetting ReadAddress(RcStanza stanza)
    {
        if (stanza["ALLOW_IP"] is not { } allow)
            return AddressSetting.Auto;
        if (allow.Value is "source" or "0.0.0.0")
            return AddressSetting.Source;
        if (allow.Value is not "resolve" && Address.TryParse(allow.Value, out var address) && address.IsV4 && AddressSetting.TryParse(allow.Value, out var literal))
            return literal;
        if (allow.Value is "resolve" && stanza["RESOLVE_URL"] is { } url && AddressSetting.TryParse(url.Value, out var asked) && asked.Service is not null)
            return asked;
        notes.Add(allow.File, allow.Number, allow.Value is "resolve"
            ? "ALLOW_IP resolve asks a web site of fwknop's author, by a program; the profile says auto. To ask a service of yours: address: https://…"
            : "ALLOW_IP is no address; the profile says auto");
        return AddressSetting.Auto;
    }
}
