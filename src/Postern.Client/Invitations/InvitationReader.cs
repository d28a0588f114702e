using System.Buffers;
using System.Buffers.Text;
using System.Collections.Immutable;
using System.Security.Cryptography;
using Postern.Client.Spa;
using Postern.Keys;
using Postern.Reports.Spa;

namespace Postern.Client.Invitations;

/// <summary>Reads the line that <see cref="InvitationWriter"/> writes, strictly: there is one way to write each part of it (spec/spa.md §10).</summary>
internal static class InvitationReader
{
    private const string Scheme = "postern://";
    private const int KeySize = 32;
    private const int MaxList = 8;
    private const int MaxExtraName = 30;

    private static readonly SearchValues<char> ExtraName = SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789-");
    private static readonly SearchValues<char> ExtraValue = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~,/:");

    public static InvitationFault Read(ReadOnlySpan<char> text, out Invitation? invitation)
    {
        invitation = null;
        if (text.Length > Invitation.MaxLength)
            return InvitationFault.TooLong;
        if (text.ContainsAnyExceptInRange('!', '~'))
            return InvitationFault.NotPrintable;
        if (!text.StartsWith(Scheme, StringComparison.Ordinal))
            return InvitationFault.NotAnInvitation;
        if (text.Contains('%'))
            return InvitationFault.Escaped;
        var rest = text[Scheme.Length..];
        var query = rest.IndexOf('?');
        if (query < 0 || rest.Contains('#'))
            return InvitationFault.Malformed;
        if (ReadPlace(rest[..query], out var host, out var port, out var name) is var bad and not InvitationFault.None)
            return bad;

        using var parameters = new Parameters();
        if (parameters.Read(rest[(query + 1)..]) is var fault and not InvitationFault.None)
            return fault;
        if (port is not null && !parameters.Carriers.IsEmpty)
            return InvitationFault.PortAndCarriers;
        invitation = new(host, name, parameters.GateKey!, parameters.TakeSecret())
        {
            Carriers = port is { } number ? [new(CarrierKind.Udp, number)] : parameters.Carriers.IsEmpty ? [Carrier.Usual] : parameters.Carriers,
            Services = parameters.Services,
            Ports = parameters.Ports,
            Receipts = parameters.Receipts,
        };
        return InvitationFault.None;
    }

    /// <summary>HOST[:PORT]/NAME</summary>
    private static InvitationFault ReadPlace(ReadOnlySpan<char> text, out string host, out ushort? port, out string name)
    {
        (host, port, name) = ("", null, "");
        var slash = text.IndexOf('/');
        var place = slash < 0 ? text : text[..slash];
        var v6 = place.StartsWith('[') ? place.IndexOf(']') : -1;
        var end = place.StartsWith('[') ? v6 + 1 : place.IndexOf(':') is var colon and >= 0 ? colon : place.Length;
        if (end == 0 || !(v6 > 0 ? InvitationHost.IsV6(place[1..v6]) : InvitationHost.IsNameOrV4(place[..end])))
            return InvitationFault.BadHost;
        host = place[..end].Trim("[]").ToString();
        if (end < place.Length)
        {
            if (place[end] != ':' || end + 1 == place.Length || !Carrier.TryParsePort(place[(end + 1)..], out var number))
                return InvitationFault.BadPort;
            port = number;
        }

        name = slash < 0 ? "" : text[(slash + 1)..].ToString();
        return ServiceName.IsValid(name) ? InvitationFault.None : InvitationFault.BadName;
    }

    public static bool IsList<T>(ImmutableArray<T> items) => items.Length is > 0 and <= MaxList && items.Distinct().Count() == items.Length;

    /// <summary>What stands after the question mark.</summary>
    private sealed class Parameters : IDisposable
    {
        private readonly HashSet<string> _seen = new(StringComparer.Ordinal);
        private GateSecret? _secret;

        public BoxPublicKey? GateKey { get; private set; }

        public ImmutableArray<Carrier> Carriers { get; private set; } = [];

        public ImmutableArray<string> Services { get; private set; } = [];

        public ImmutableSortedDictionary<string, ushort> Ports { get; private set; } = ImmutableSortedDictionary<string, ushort>.Empty;

        public bool Receipts { get; private set; }

        public InvitationFault Read(ReadOnlySpan<char> query)
        {
            var first = true;
            foreach (var part in query.Split('&'))
            {
                var fault = first ? ReadVersion(query[part]) : ReadOne(query[part]);
                if (fault != InvitationFault.None)
                    return fault;
                first = false;
            }

            return GateKey is null ? InvitationFault.MissingGateKey : _secret is null ? InvitationFault.MissingSecret : InvitationFault.None;
        }

        public GateSecret TakeSecret()
        {
            var secret = _secret!;
            _secret = null;
            return secret;
        }

        public void Dispose() => _secret?.Dispose();

        private InvitationFault ReadVersion(ReadOnlySpan<char> part)
        {
            _seen.Add("v");
            return part is "v=1" ? InvitationFault.None : part.StartsWith("v=", StringComparison.Ordinal) ? InvitationFault.UnknownVersion : InvitationFault.NoVersion;
        }

        private InvitationFault ReadOne(ReadOnlySpan<char> part)
        {
            var equals = part.IndexOf('=');
            if (equals <= 0)
                return InvitationFault.MalformedParameter;
            var name = part[..equals].ToString();
            var value = part[(equals + 1)..];
            if (!_seen.Add(name))
                return InvitationFault.RepeatedParameter;
            return name switch
            {
                "g" => ReadGateKey(value),
                "s" => ReadSecret(value),
                "p" => ReadCarriers(value),
                "d" => ReadServices(value),
                "r" => (Receipts = value is "1") ? InvitationFault.None : InvitationFault.BadReceipt,
                ['x', '-', .. var extra] => IsExtra(extra, value) ? InvitationFault.None : InvitationFault.MalformedParameter,
                _ => InvitationFault.UnknownParameter,
            };
        }

        private static bool IsExtra(ReadOnlySpan<char> name, ReadOnlySpan<char> value) =>
            name.Length is > 0 and <= MaxExtraName && !name.ContainsAnyExcept(ExtraName) && !value.ContainsAnyExcept(ExtraValue);

        private InvitationFault ReadGateKey(ReadOnlySpan<char> value)
        {
            Span<byte> bytes = stackalloc byte[KeySize];
            if (!TryDecode(value, bytes))
                return InvitationFault.BadGateKey;
            GateKey = BoxPublicKey.From(bytes);
            return GateKey.TrySeal(stackalloc byte[BoxPublicKey.SeedSize], [], stackalloc byte[BoxPublicKey.SealOverhead]) ? InvitationFault.None : InvitationFault.UnusableGateKey;
        }

        private InvitationFault ReadSecret(ReadOnlySpan<char> value)
        {
            Span<byte> bytes = stackalloc byte[KeySize];
            if (!TryDecode(value, bytes))
                return InvitationFault.BadSecret;
            _secret = GateSecret.From(bytes);
            CryptographicOperations.ZeroMemory(bytes);
            return InvitationFault.None;
        }

        private InvitationFault ReadCarriers(ReadOnlySpan<char> value)
        {
            var carriers = ImmutableArray.CreateBuilder<Carrier>();
            foreach (var part in value.Split(','))
            {
                if (!Carrier.TryParse(value[part], out var carrier))
                    return InvitationFault.BadCarriers;
                carriers.Add(carrier);
            }

            Carriers = carriers.ToImmutable();
            return IsList(Carriers) ? InvitationFault.None : InvitationFault.BadCarriers;
        }

        private InvitationFault ReadServices(ReadOnlySpan<char> value)
        {
            var names = ImmutableArray.CreateBuilder<string>();
            foreach (var part in value.Split(','))
            {
                var item = value[part];
                var colon = item.IndexOf(':');
                names.Add((colon < 0 ? item : item[..colon]).ToString());
                if (colon < 0)
                    continue;
                if (item.Length == colon + 1 || !Carrier.TryParsePort(item[(colon + 1)..], out var port))
                    return InvitationFault.BadServices;
                Ports = Ports.SetItem(names[^1], port);
            }

            Services = names.ToImmutable();
            return IsList(Services) && Services.All(ServiceName.IsValid) ? InvitationFault.None : InvitationFault.BadServices;
        }
    }

    /// <summary>Exactly 32 bytes, in the one way in which they can be written.</summary>
    public static bool TryDecode(ReadOnlySpan<char> text, Span<byte> bytes) =>
        text.Length == Base64Url.GetEncodedLength(KeySize)
        && Base64Url.DecodeFromChars(text, bytes, out _, out var written) == OperationStatus.Done && written == KeySize
        && text.SequenceEqual(Base64Url.EncodeToString(bytes));
}
