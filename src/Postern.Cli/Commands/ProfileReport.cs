using System.Buffers.Text;
using System.Globalization;
using Postern.Cli.Profiles;
using Postern.Client.Fwknop;
using Postern.Keys;
using Postern.Keys.Fwknop;

namespace Postern.Cli.Commands;

/// <summary>A profile as <c>--json</c> prints it. What is of the other <paramref name="Method"/> only is left out.</summary>
internal sealed record ProfileReport(string Name, string Host, string Method, string Address)
{
    public string? GateKey { get; init; }

    public string? GateSecret { get; init; }

    public IReadOnlyList<string>? Carriers { get; init; }

    public IReadOnlyList<string>? Services { get; init; }

    public IReadOnlyDictionary<string, string[]>? Ports { get; init; }

    /// <summary>Of SPA: which SSH key signs. Of fwknop: the key itself, as its file has it.</summary>
    public string? Key { get; init; }

    public bool? Receipts { get; init; }

    public string? HmacKey { get; init; }

    public string? HmacDigest { get; init; }

    public string? Digest { get; init; }

    public string? Mode { get; init; }

    public IReadOnlyList<string>? Access { get; init; }

    public string? Command { get; init; }

    public string? Nat { get; init; }

    public ushort? NatPort { get; init; }

    public int? Seconds { get; init; }

    public string? User { get; init; }

    public string? Transport { get; init; }

    public ushort? Port { get; init; }

    /// <summary>Of tokens: in hexadecimal.</summary>
    public string? Secret { get; init; }

    public string? SecretFile { get; init; }

    public int? Decoys { get; init; }

    public static ProfileReport Of(Profile profile, bool secrets) => profile switch
    {
        FwknopProfile fwknop => OfFwknop(fwknop, secrets),
        TokenProfile token => OfToken(token, secrets),
        _ => OfSpa((SpaProfile)profile, secrets),
    };

    private static ProfileReport OfToken(TokenProfile profile, bool secrets) => new(profile.Name, profile.Host, profile.Method, profile.Address.ToString())
    {
        Secret = secrets ? Text(profile.Secret) : null,
        SecretFile = profile.SecretFile,
        Services = profile.Services,
        Ports = profile.Ports.ToDictionary(p => p.Key, p => p.Value.Select(port => port.ToString()).ToArray(), StringComparer.Ordinal),
        Decoys = profile.DecoyCount,
    };

    private static ProfileReport OfSpa(SpaProfile profile, bool secrets) => new(profile.Name, profile.Host, "spa", profile.Address.ToString())
    {
        GateKey = Base64Url.EncodeToString(profile.GateKey.Bytes),
        GateSecret = secrets ? Text(profile.Secret) : null,
        Carriers = [.. profile.Carriers.Select(c => c.ToString())],
        Services = profile.Services,
        Ports = profile.Ports.ToDictionary(p => p.Key, p => p.Value.Select(port => port.ToString()).ToArray(), StringComparer.Ordinal),
        Key = profile.Key,
        Receipts = profile.Receipts,
    };

    private static ProfileReport OfFwknop(FwknopProfile profile, bool secrets) => new(profile.Name, profile.Host, "fwknop", profile.Address.ToString())
    {
        Key = secrets ? FwknopProfileWriter.KeyText(profile) : null,
        HmacKey = secrets && profile.Mac is not null ? FwknopProfileWriter.MacText(profile) : null,
        HmacDigest = profile.Mac?.Digest.Word(),
        Digest = ((FwknopDigest)(byte)profile.Wish.Digest).Word(),
        Mode = profile.Mode.Word(),
        Access = [.. profile.Wish.Access.Select(p => p.ToString())],
        Command = profile.Wish.Command.Length > 0 ? profile.Wish.Command : null,
        Nat = profile.Wish switch
        {
            { IsLocal: true } => "local",
            { Nat: { } nat } => string.Create(CultureInfo.InvariantCulture, $"{nat.Host}:{nat.Port}"),
            _ => null,
        },
        NatPort = profile.NatPort == 0 ? null : profile.NatPort,
        Seconds = profile.Wish.Seconds == 0 ? null : profile.Wish.Seconds,
        User = profile.Wish.User.Length > 0 ? profile.Wish.User : null,
        Transport = profile.Path.Transport.Word(),
        Port = profile.Path.Port,
    };

    private static string Text(TokenSecret secret)
    {
        Span<byte> bytes = stackalloc byte[TokenSecret.MaxSize];
        secret.Export(bytes);
        return Convert.ToHexStringLower(bytes[..secret.Size]);
    }

    private static string Text(GateSecret secret)
    {
        Span<byte> bytes = stackalloc byte[Keys.GateSecret.Size];
        secret.Export(bytes);
        return Base64Url.EncodeToString(bytes);
    }
}

internal sealed record ProfileListReport(IReadOnlyList<ProfileReport> Profiles);
