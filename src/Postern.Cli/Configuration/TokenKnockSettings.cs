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

    public virtual TokenKnock ForWarden()
    {
        Span<byte> hash = stackalloc byte[KeyFingerprint.Size];
        Secret!.Fingerprint(hash);
        return new(Name, Method, KeyFingerprint.Read(hash)) { Opens = Opens, Closes = Closes, Period = Period, MaxAge = MaxAge };
    }

    /// <summary>What it must keep to, together with all else.</summary>
    public virtual void Check(ServicesSection services, FaultList faults) { }

    /// <summary>The keys that are this method's own, as they are read back.</summary>
    protected abstract void WriteOwn(StringBuilder text);

    public void Write(StringBuilder text)
    {
        text.Append(CultureInfo.InvariantCulture, $"  {Name}:\n    method: {Word}\n    secret_file: '{SecretFile.Replace("'", "''", StringComparison.Ordinal)}'\n");
        WriteOwn(text);
        text.Append(CultureInfo.InvariantCulture, $"    opens: [{string.Join(", ", Opens)}]\n    closes: [{string.Join(", ", Closes)}]\n");
    }
}
