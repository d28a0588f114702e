using System.Collections.Immutable;
using System.Net;
using Postern.Cli.Profiles;
using Postern.Client.Spa;
using Postern.Keys;
using Postern.Keys.Ssh;
using Postern.Reports;

namespace Postern.Cli.Commands;

/// <summary>
/// A knock by a profile, as far as it is known without a key and without a network. The preferred one of <paramref name="Carriers"/> comes first; a
/// <paramref name="SourcePort"/> of 0 is any.
/// </summary>
internal sealed record SpaInput(SpaProfile Profile, SpaWish Wish, ImmutableArray<Carrier> Carriers, AddressSetting Address, ushort SourcePort, string? Key)
{
    /// <summary>Finds the key, which may ask somebody for a passphrase.</summary>
    /// <exception cref="SshKeyException">None can sign.</exception>
    public SpaSession Open(TextWriter error, CancellationToken cancellation) =>
        new(this, SignerFinder.Find(Key, file => Passphrase.Ask($"passphrase of {file}: ", cancellation)), error);
}

/// <summary>A knock by a profile that is ready to be made.</summary>
internal sealed class SpaSession : IDisposable
{
    private readonly ISshSigner _signer;
    private readonly OuterKey _outerKey;

    public SpaSession(SpaInput input, ISshSigner signer, TextWriter error)
    {
        Input = input;
        _signer = signer;
        _outerKey = input.Profile.Secret.DeriveOuterKey();
        Scribe = new(new(input.Profile.GateKey, _outerKey), input.Wish, signer, ProfileFolder.Device);
        if (Scribe.IsTouched && !Console.IsErrorRedirected)
            error.WriteLine($"postern: touch the security key ({signer.Comment})");
    }

    public SpaInput Input { get; }

    public SpaScribe Scribe { get; }

    /// <summary>Where the carriers whose port moves are in this time step, in their order; null: none does.</summary>
    public IReadOnlyList<string>? PortsNow => Input.Carriers.Any(c => c.Moving is not null)
        ? [.. Input.Carriers.Where(c => c.Moving is not null).Select(c => new Carrier(c.Kind, c.Moving!.Value.PortAt(_outerKey, DateTimeOffset.UtcNow.ToUnixTimeSeconds())).ToString())]
        : null;

    public string KeyText => _signer.Comment.Length > 0 ? $"{_signer.PublicKey.Fingerprint} ({_signer.Comment})" : _signer.PublicKey.Fingerprint;

    public SpaKnock Knock(Func<IPAddress, ushort>? sourcePort = null) => new(Scribe, Input.Carriers)
    {
        AddressFor = Input.Address.ForGate(),
        SourcePortFor = sourcePort ?? (Input.SourcePort == 0 ? null : _ => Input.SourcePort),
    };

    /// <summary>
    /// Which of the gate's addresses are knocked at: where the address that is to come in is named, those of its family, for the others could not be seen to open;
    /// with a key that has to be touched each time, the one that connections prefer.
    /// </summary>
    public ImmutableArray<IPAddress> Choose(ImmutableArray<IPAddress> targets)
    {
        var named = Input.Address.Literal;
        ImmutableArray<IPAddress> likely = named == Address.None ? targets : [.. targets.Where(t => Address.From(t).IsV4 == named.IsV4)];
        if (likely.IsEmpty)
            likely = targets;
        return Scribe.IsTouched ? [likely[0]] : likely;
    }

    public void Dispose()
    {
        _outerKey.Dispose();
        _signer.Dispose();
        Input.Profile.Dispose();
    }
}
