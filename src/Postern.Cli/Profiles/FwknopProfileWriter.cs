using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Postern.Client.Fwknop;
using Postern.Keys.Fwknop;
using static Postern.Cli.Profiles.ProfileWriter;

namespace Postern.Cli.Profiles;

/// <summary>A profile of a server of fwknop, as a file. <see cref="FwknopProfileReader"/> reads it back.</summary>
internal static class FwknopProfileWriter
{
    private const string NotShown = "(not shown; --secrets shows it)";

    public static string Write(FwknopProfile profile, bool secrets)
    {
        var wish = profile.Wish;
        var text = new StringBuilder()
            .Append("# A profile of postern: how to knock at one server of fwknop. 'man postern-profile' describes every key.\n")
            .Append("method: fwknop\n")
            .Append(CultureInfo.InvariantCulture, $"host: {Quote(profile.Host)}\n")
            .Append(CultureInfo.InvariantCulture, $"{(profile.IsCipherText ? "key" : "key_base64")}: {Quote(secrets ? KeyText(profile) : NotShown)}\n")
            .Append(CultureInfo.InvariantCulture, $"mode: {profile.Mode.Word()}\n");
        if (profile.Mac is { } mac)
        {
            text.Append(CultureInfo.InvariantCulture, $"{(profile.IsMacText ? "hmac_key" : "hmac_key_base64")}: {Quote(secrets ? MacText(profile) : NotShown)}\n");
            text.Append(CultureInfo.InvariantCulture, $"hmac_digest: {mac.Digest.Word()}\n");
        }

        text.Append(CultureInfo.InvariantCulture, $"digest: {((FwknopDigest)(byte)wish.Digest).Word()}\n");
        if (wish.Command.Length > 0)
            text.Append(CultureInfo.InvariantCulture, $"command: {Quote(wish.Command)}\n");
        else
            text.Append(CultureInfo.InvariantCulture, $"access: [{string.Join(", ", wish.Access)}]\n");
        if (wish.IsLocal)
            text.Append("nat: local\n");
        else if (wish.Nat is { } nat)
            text.Append(CultureInfo.InvariantCulture, $"nat: {Quote($"{nat.Host}:{nat.Port}")}\n");
        if (profile.NatPort != 0)
            text.Append(CultureInfo.InvariantCulture, $"nat_port: {profile.NatPort}\n");
        if (wish.Seconds != 0)
            text.Append(CultureInfo.InvariantCulture, $"timeout: {wish.Seconds}s\n");
        if (wish.User.Length > 0)
            text.Append(CultureInfo.InvariantCulture, $"user: {Quote(wish.User)}\n");
        text.Append(CultureInfo.InvariantCulture, $"address: {Quote(profile.Address.ToString())}\n");
        text.Append(CultureInfo.InvariantCulture, $"transport: {profile.Path.Transport.Word()}\n");
        text.Append(CultureInfo.InvariantCulture, $"port: {profile.Path.Port}\n");
        if (profile.Path.SourcePort != 0)
            text.Append(CultureInfo.InvariantCulture, $"source_port: {profile.Path.SourcePort}\n");
        return text.ToString();
    }

    public static string KeyText(FwknopProfile profile)
    {
        Span<byte> bytes = stackalloc byte[profile.Cipher.Size];
        profile.Cipher.Export(bytes);
        return Text(bytes, profile.IsCipherText);
    }

    public static string MacText(FwknopProfile profile)
    {
        Span<byte> bytes = stackalloc byte[profile.Mac!.Size];
        profile.Mac.Export(bytes);
        return Text(bytes, profile.IsMacText);
    }

    private static string Text(Span<byte> bytes, bool isText)
    {
        var text = isText ? Encoding.UTF8.GetString(bytes) : Convert.ToBase64String(bytes);
        CryptographicOperations.ZeroMemory(bytes);
        return text;
    }
}
