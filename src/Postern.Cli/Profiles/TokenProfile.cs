using System.Globalization;
using System.Text;
using Postern.Cli.Configuration;
using Postern.Client;
using Postern.Client.Tokens;
using Postern.Keys;
using Postern.Knocks.Ports;
using Postern.Knocks.Rolling;
using Postern.Reports.Tokens;

namespace Postern.Cli.Profiles;

/// <summary>A gate that is knocked at by tokens that a secret makes. One type for each method. The secret is the profile's.</summary>
internal abstract record TokenProfile(string Name, string Host, TokenSecret Secret) : Profile(Name, Host)
{
    /// <summary>Where the profile does not hold the secret itself.</summary>
    public string? SecretFile { get; init; }

    /// <summary>Packets that mean nothing among those of a round, where the command line does not say.</summary>
    public int DecoyCount { get; init; }

    /// <summary>As it is written in the profile.</summary>
    public abstract string Method { get; }

    public override string Asks => Services.IsEmpty ? "what the knock opens" : string.Join(", ", Services);

    /// <param name="decoys">How many.</param>
    /// <param name="service">The one that is asked for; null: all that the knock opens.</param>
    /// <param name="data">What rides along; empty: nothing.</param>
    public abstract IKnockMethod Knock(int decoys, string? service, string data = "");

    /// <summary>How far the data goes that its tokens can carry: null, if any; otherwise why they cannot, and the mend.</summary>
    public virtual (string Why, string Mend)? CannotCarryData => ($"the profile '{Name}' is of method {Method}, which carries no data", "leave out --data; method ports can, and signed requests do");

    /// <summary>The keys that are this method's own, as they are read back.</summary>
    public abstract void WriteOwn(StringBuilder text);

    public override void Dispose() => Secret.Dispose();
}

/// <summary><c>method: rolling</c></summary>
internal sealed record RollingProfile(string Name, string Host, TokenSecret Secret, RollingPlan Plan) : TokenProfile(Name, Host, Secret)
{
    public override string Method => "rolling";

    public override IKnockMethod Knock(int decoys, string? service, string data = "") => new RollingKnock(Plan, Secret) { DecoyCount = decoys, AddressFor = Address.ForGate() };

    public override void WriteOwn(StringBuilder text) => RollingKnockSettings.WritePlan(text, "", Plan);
}

/// <summary><c>method: ports</c></summary>
internal sealed record PortsProfile(string Name, string Host, TokenSecret Secret, PortSpan Span, PortCarrier Carrier, bool IsBound) : TokenProfile(Name, Host, Secret)
{
    public override string Method => "ports";

    public override IKnockMethod Knock(int decoys, string? service, string data = "") => new PortsKnock(data.Length > 0 ? WithData : Span, Secret)
    {
        Tcp = Carrier != PortCarrier.Udp,
        Udp = Carrier != PortCarrier.Tcp,
        IsBound = IsBound,
        Service = service is null ? (ushort)0 : TokenRequest.CodeOf(service),
        Data = data,
        DecoyCount = decoys,
        AddressFor = Address.ForGate(),
    };

    private PortSpan WithData => Span with { HasData = true };

    public override (string Why, string Mend)? CannotCarryData => Span.First <= WithData.MaxFirst ? null : ($"the span of the profile '{Name}' begins too high for data", $"let it begin at {WithData.MaxFirst} or below, here and at the gate");

    public override void WriteOwn(StringBuilder text) => text
        .Append(CultureInfo.InvariantCulture, $"span: {Span}\n")
        .Append(CultureInfo.InvariantCulture, $"transport: {Carrier.Word()}\n")
        .Append(CultureInfo.InvariantCulture, $"bind: {(IsBound ? "address" : "nothing")}\n");
}
