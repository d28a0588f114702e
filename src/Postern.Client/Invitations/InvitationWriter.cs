using System.Buffers.Text;
using System.Security.Cryptography;
using Postern.Client.Spa;
using Postern.Keys;

namespace Postern.Client.Invitations;

/// <summary>
/// Writes an invitation, in the order that spec/spa.md §10 gives:
/// <code>postern://HOST[:PORT]/NAME?v=1&amp;g=KEY&amp;s=SECRET[&amp;p=CARRIERS][&amp;d=SERVICES][&amp;r=1]</code>
/// Read back by <see cref="InvitationReader"/>.
/// </summary>
internal static class InvitationWriter
{
    public static string Write(Invitation invitation)
    {
        Check(invitation);
        Span<byte> secret = stackalloc byte[GateSecret.Size];
        invitation.Secret.Export(secret);
        var text = $"postern://{InvitationHost.Check(invitation.Host)}{Port(invitation)}/{invitation.Name}"
            + $"?v=1&g={Base64Url.EncodeToString(invitation.GateKey.Bytes)}&s={Base64Url.EncodeToString(secret)}";
        CryptographicOperations.ZeroMemory(secret);
        if (invitation.Carriers is not [{ Kind: CarrierKind.Udp, Moving: null }])
            text += "&p=" + string.Join(',', invitation.Carriers);
        if (!invitation.Services.IsEmpty)
            text += "&d=" + string.Join(',', invitation.Services.Select(s => invitation.Ports.TryGetValue(s, out var port) ? FormattableString.Invariant($"{s}:{port}") : s));
        return invitation.Receipts ? text + "&r=1" : text;
    }

    private static string Port(Invitation invitation) => invitation.Carriers switch
    {
        [var only] when only == Carrier.Usual => "",
        [{ Kind: CarrierKind.Udp, Moving: null } only] => FormattableString.Invariant($":{only.Port}"),
        _ => "",
    };

    private static void Check(Invitation invitation)
    {
        if (!InvitationReader.IsList(invitation.Carriers) || invitation.Carriers.Any(c => c is { Kind: not CarrierKind.Icmp, Moving: null, Port: 0 }))
            throw new ArgumentException("an invitation has 1 to 8 carriers, none twice", nameof(invitation));
        if (!invitation.Services.IsEmpty && (!InvitationReader.IsList(invitation.Services) || !invitation.Services.All(Reports.Spa.ServiceName.IsValid)))
            throw new ArgumentException("an invitation names at most 8 services, none twice", nameof(invitation));
        if (invitation.Ports.Any(p => p.Value == 0 || !invitation.Services.Contains(p.Key, StringComparer.Ordinal)))
            throw new ArgumentException("an invitation gives ports of the services that it names", nameof(invitation));
    }
}
