using System.Buffers.Text;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Postern.Keys;

namespace Postern.Cli.Profiles;

/// <summary>A profile as a file that its user may edit. <see cref="ProfileReader"/> reads it back.</summary>
internal static class ProfileWriter
{
    public static string Write(Profile profile, bool secrets) => profile switch
    {
        SpaProfile spa => Write(spa, secrets),
        TokenProfile token => Write(token, secrets),
        FwknopProfile fwknop => FwknopProfileWriter.Write(fwknop, secrets),
        _ => throw new ArgumentException("no kind of profile that can be written", nameof(profile)),
    };

    private static string Write(TokenProfile profile, bool secrets)
    {
        var text = new StringBuilder()
            .Append("# A profile of postern: how to knock at one gate. 'man postern-profile' describes every key.\n")
            .Append(CultureInfo.InvariantCulture, $"method: {profile.Method}\n")
            .Append(CultureInfo.InvariantCulture, $"host: {Quote(profile.Host)}\n")
            .Append(profile.SecretFile is { } file ? $"secret_file: {Quote(file)}\n" : $"secret: {(secrets ? Secret(profile.Secret) : "(not shown; --secrets shows it)")}\n")
            .Append(CultureInfo.InvariantCulture, $"services: [{string.Join(", ", profile.Services.Select(Quote))}]\n");
        WritePorts(text, profile);
        profile.WriteOwn(text);
        return text
            .Append(CultureInfo.InvariantCulture, $"decoys: {profile.DecoyCount}\n")
            .Append(CultureInfo.InvariantCulture, $"address: {Quote(profile.Address.ToString())}\n")
            .ToString();
    }

    private static string Secret(TokenSecret secret)
    {
        Span<byte> bytes = stackalloc byte[TokenSecret.MaxSize];
        secret.Export(bytes);
        var text = Convert.ToHexStringLower(bytes[..secret.Size]);
        CryptographicOperations.ZeroMemory(bytes);
        return text;
    }

    private static void WritePorts(StringBuilder text, Profile profile)
    {
        if (profile.Ports.Count > 0)
            text.Append("ports:\n");
        foreach (var (service, ports) in profile.Ports)
            text.Append(CultureInfo.InvariantCulture, $"  {Quote(service)}: [{string.Join(", ", ports)}]\n");
    }

    private static string Write(SpaProfile profile, bool secrets)
    {
        var text = new StringBuilder()
            .Append("# A profile of postern: how to knock at one gate. 'man postern-profile' describes every key.\n")
            .Append(CultureInfo.InvariantCulture, $"host: {Quote(profile.Host)}\n")
            .Append(CultureInfo.InvariantCulture, $"gate_key: {Base64Url.EncodeToString(profile.GateKey.Bytes)}\n")
            .Append(CultureInfo.InvariantCulture, $"gate_secret: {(secrets ? Secret(profile.Secret) : "(not shown; --secrets shows it)")}\n")
            .Append(CultureInfo.InvariantCulture, $"carriers: [{string.Join(", ", profile.Carriers)}]\n")
            .Append(CultureInfo.InvariantCulture, $"services: [{string.Join(", ", profile.Services.Select(Quote))}]\n");
        WritePorts(text, profile);
        if (profile.Key is { } key)
            text.Append(CultureInfo.InvariantCulture, $"key: {Quote(key)}\n");
        return text
            .Append(CultureInfo.InvariantCulture, $"address: {Quote(profile.Address.ToString())}\n")
            .Append(CultureInfo.InvariantCulture, $"receipts: {(profile.Receipts ? "yes" : "no")}\n")
            .ToString();
    }

    private static string Secret(GateSecret secret)
    {
        Span<byte> bytes = stackalloc byte[GateSecret.Size];
        secret.Export(bytes);
        var text = Base64Url.EncodeToString(bytes);
        CryptographicOperations.ZeroMemory(bytes);
        return text;
    }

    internal static string Quote(string text) => $"'{text.Replace("'", "''", StringComparison.Ordinal)}'";
}
