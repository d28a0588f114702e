using System.Net;
using Postern.Client.Spa;
using Postern.Reports;

namespace Postern.Cli.Profiles;

/// <summary>Who is to come in: <c>auto</c> (the source of the packet), an address, or a service that knows it (<c>https://…</c>).</summary>
internal sealed record AddressSetting(string Text, Address Literal, Uri? Service)
{
    public const string AutoWord = "auto";

    public const string Shape = "write auto, an address, or https://… of a service that answers with yours";

    public static AddressSetting Auto { get; } = new(AutoWord, default, null);

    /// <summary>Of fwknop: its client can leave it to the server which address a packet came from; with <see cref="Auto"/> it says what it knows itself.</summary>
    public const string SourceWord = "source";

    public static AddressSetting Source { get; } = new(SourceWord, default, null);

    public static bool TryParse(string text, out AddressSetting setting)
    {
        setting = Auto;
        if (text is AutoWord)
            return true;
        if (Address.TryParse(text, out var address) && address != default)
            setting = new(address.ToString(), address, null);
        else if (!text.Any(char.IsControl) && Uri.TryCreate(text, UriKind.Absolute, out var uri) && string.Equals(uri.Scheme, Uri.UriSchemeHttps, StringComparison.Ordinal) && uri.UserInfo.Length == 0)
            setting = new(text, default, uri); // not http: whoever is on the way could write his own address into it, and we would sign that
        return setting != Auto;
    }

    /// <summary>Null: the source of the packet.</summary>
    public Func<IPAddress, CancellationToken, Task<Address>>? ForGate() =>
        Service is not null ? new ExternalAddress(Service).AskAsync : Literal != default ? (_, _) => Task.FromResult(Literal) : null;

    public override string ToString() => Text;
}
