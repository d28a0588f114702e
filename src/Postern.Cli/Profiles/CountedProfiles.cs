using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using Postern.Cli.Configuration;
using Postern.Client.Tokens;
using Postern.Keys;
using Postern.Reports;
using static Postern.Cli.Configuration.Quoting;

namespace Postern.Cli.Profiles;

/// <summary>A gate that is knocked at by tokens which follow from a secret, the time step and a count.</summary>
internal abstract record CountedProfile(string Name, string Host, TokenSecret Secret, TimeSpan Step, bool IsBound) : TokenProfile(Name, Host, Secret)
{
    public CountedScribe Scribe => new(Secret, Step) { BoundTo = IsBound ? Address.ForGate() ?? LeavingWith.TowardsAsync : null };

    public override void WriteOwn(StringBuilder text) => text
        .Append(CultureInfo.InvariantCulture, $"step: {Duration.Format(Step)}\n")
        .Append(CultureInfo.InvariantCulture, $"bind: {(IsBound ? "address" : "nothing")}\n");
}

/// <summary><c>method: icmp</c></summary>
internal sealed record IcmpProfile(string Name, string Host, TokenSecret Secret, TimeSpan Step, bool IsBound) : CountedProfile(Name, Host, Secret, Step, IsBound)
{
    public static string[] Keys { get; } = ["step", "bind"];

    public override string Method => "icmp";

    public override IcmpKnock Knock(int decoys, string? service, string data = "") => new(Scribe);

    public static IcmpProfile Read(string name, string host, TokenSecret secret, Fields fields, Values values)
    {
        var (step, isBound) = CountedKnockSettings.ReadManner(fields, values);
        return new(name, host, secret, step, isBound);
    }
}

/// <summary><c>method: syn</c></summary>
/// <param name="Name">Of the profile.</param>
/// <param name="Host">The gate.</param>
/// <param name="Secret">The profile's.</param>
/// <param name="Step">Of time.</param>
/// <param name="IsBound">To the own address.</param>
/// <param name="To">Ports of TCP at which the gate looks for tokens.</param>
internal sealed record SynProfile(string Name, string Host, TokenSecret Secret, TimeSpan Step, bool IsBound, ImmutableArray<PortRange> To) : CountedProfile(Name, Host, Secret, Step, IsBound)
{
    public static string[] Keys { get; } = ["syn_ports", "step", "bind"];

    public override string Method => "syn";

    public override SynKnock Knock(int decoys, string? service, string data = "") => new(Scribe, [.. To.Select(p => p.First)]);

    public override void WriteOwn(StringBuilder text)
    {
        text.Append(CultureInfo.InvariantCulture, $"syn_ports: [{string.Join(", ", To)}]\n");
        base.WriteOwn(text);
    }

    public static SynProfile Read(string name, string host, TokenSecret secret, Fields fields, Values values)
    {
        var (step, isBound) = CountedKnockSettings.ReadManner(fields, values);
        var ports = ImmutableArray.CreateBuilder<PortRange>();
        foreach (var item in values.List("syn_ports", fields["syn_ports"]) ?? [])
        {
            if (!PortRange.TryParse(item.Text, out var port) || port.Transport != Transport.Tcp || port.Count != 1)
                values.Faults.Add(item.Place, $"{Quote(item.Text)} is not a port of TCP", "write one port: tcp/22");
            else if (!ports.Contains(port))
                ports.Add(port);
        }

        if (ports.Count == 0 && fields["syn_ports"] is null or ListNode { Items: [] })
            values.Faults.Add(fields["method"]!.Place, "'syn_ports' is missing", "write where the gate looks for the token, as its knock has it in 'ports': syn_ports: [tcp/22]");
        return new(name, host, secret, step, isBound, ports.ToImmutable());
    }
}
