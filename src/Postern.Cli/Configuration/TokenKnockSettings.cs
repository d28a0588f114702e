using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using Postern.Keys;
using Postern.Reports;
using Postern.Reports.Tokens;
using Postern.Sentry;
using Postern.Warden;
using Postern.Warden.Ledger;

namespace Postern.Cli.Configuration;

/// <summary>A knock by a token that a secret makes. One type for each method, in a file of its own.</summary>
internal abstract record TokenKnockSettings(string Name, Place Place, string SecretFile)
{
    public ImmutableArray<string> Opens { get; init; } = [];

    public ImmutableArray<string> Closes { get; init; } = [];

    /// <summary>Only where the packet that completes the token looks as if it came from one of these; empty: from any.</summary>
    public ImmutableArray<ClientStack> Stacks { get; init; } = [];

    /// <summary>Of <see cref="Stacks"/>; null: it is not there.</summary>
    public Place? StackPlace { get; init; }

    /// <summary>As its file has it; null: that has faults, and the knock opens nothing.</summary>
    public TokenSecret? Secret { get; init; }

    /// <summary>As it is written in the configuration.</summary>
    public abstract string Word { get; }

    public abstract TokenMethod Method { get; }

    /// <summary>Where its packets may go: no trap lies there.</summary>
    public virtual ImmutableArray<PortRange> Ports => [];

    /// <summary>How long the moment lasts that a token names.</summary>
    public abstract TimeSpan Period { get; }

    /// <summary>How long before and after it the token is taken.</summary>
    public abstract TimeSpan MaxAge { get; }

    /// <summary>Its tokens have room for what rides along.</summary>
    public virtual bool CarriesData => false;

    /// <summary>By the secret; there is one.</summary>
    public abstract TokenWatch ForSentry();

    /// <summary>By which the ledger tells it from others; there is a secret.</summary>
    public KeyFingerprint Fingerprint
    {
        get
        {
            Span<byte> hash = stackalloc byte[KeyFingerprint.Size];
            Secret!.Fingerprint(hash);
            return KeyFingerprint.Read(hash);
        }
    }

    public virtual TokenKnock ForWarden() => new(Name, Method, Fingerprint) { Opens = Opens, Closes = Closes, Stacks = Stacks, Period = Period, MaxAge = MaxAge };

    /// <summary>What it must keep to, together with all else.</summary>
    public virtual void Check(ServicesSection services, FaultList faults) { }

    /// <summary>It is told by the first segment of a connection.</summary>
    public void CheckStack(FaultList faults)
    {
        if (StackPlace is { } place && (Method == TokenMethod.Icmp || Ports.Any(p => p.Transport != Transport.Tcp)))
            faults.Add(place, $"'stack' is told by the first segment of a connection, and packets of the knock '{Name}' may be others", Method switch
            {
                TokenMethod.Ports => "write transport: tcp, or remove 'stack'",
                TokenMethod.Rolling => "write a pool of tcp ports alone, or remove 'stack'",
                _ => "remove 'stack'",
            });
    }

    /// <summary>With its secret, or with none and a fault.</summary>
    public virtual TokenKnockSettings ReadSecret(ServicesSection services, FaultList faults) => this with { Secret = Configuration.SecretFile.Read(SecretFile, faults) };

    /// <summary>Where the secret is, as it is read back.</summary>
    protected virtual void WriteSource(StringBuilder text) => text.Append(CultureInfo.InvariantCulture, $"    secret_file: '{SecretFile.Replace("'", "''", StringComparison.Ordinal)}'\n");

    /// <summary>The keys that are this method's own, as they are read back.</summary>
    protected abstract void WriteOwn(StringBuilder text);

    public void Write(StringBuilder text)
    {
        text.Append(CultureInfo.InvariantCulture, $"  {Name}:\n    method: {Word}\n");
        WriteSource(text);
        WriteOwn(text);
        if (!Stacks.IsEmpty)
            text.Append(CultureInfo.InvariantCulture, $"    stack: [{string.Join(", ", Stacks.Select(s => s.Word()))}]\n");
        text.Append(CultureInfo.InvariantCulture, $"    opens: [{string.Join(", ", Opens)}]\n");
        if (Method != TokenMethod.Knockknock)
            text.Append(CultureInfo.InvariantCulture, $"    closes: [{string.Join(", ", Closes)}]\n");
    }
}
