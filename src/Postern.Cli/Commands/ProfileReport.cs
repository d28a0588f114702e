using System.Buffers.Text;
using Postern.Cli.Profiles;
using Postern.Keys;

namespace Postern.Cli.Commands;

/// <summary>A profile as <c>--json</c> prints it.</summary>
internal sealed record ProfileReport(
    string Name,
    string Host,
    string GateKey,
    string? GateSecret,
    IReadOnlyList<string> Carriers,
    IReadOnlyList<string> Services,
    IReadOnlyDictionary<string, string[]> Ports,
    string? Key,
    string Address,
    bool Receipts)
{
    public static ProfileReport Of(Profile profile, bool secrets) => new(
        profile.Name,
        profile.Host,
        Base64Url.EncodeToString(profile.GateKey.Bytes),
        secrets ? Text(profile.Secret) : null,
        [.. profile.Carriers.Select(c => c.ToString())],
        profile.Services,
        profile.Ports.ToDictionary(p => p.Key, p => p.Value.Select(port => port.ToString()).ToArray(), StringComparer.Ordinal),
        profile.Key,
        profile.Address.ToString(),
        profile.Receipts);

    private static string Text(GateSecret secret)
    {
        Span<byte> bytes = stackalloc byte[Keys.GateSecret.Size];
        secret.Export(bytes);
        return Base64Url.EncodeToString(bytes);
    }
}

internal sealed record ProfileListReport(IReadOnlyList<ProfileReport> Profiles);
