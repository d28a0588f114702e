using System.Collections.Immutable;
using Postern.Cli.CommandLine;
using Postern.Client;
using Postern.Knocks.Sequences;
using Postern.Reports;

namespace Postern.Cli.Commands;

/// <summary>What the user asked for, read.</summary>
/// <param name="Host">As it was typed, or as the profile has it.</param>
/// <param name="Services">Where services can be seen to open.</param>
internal sealed record KnockInput(string Host, ImmutableArray<PortRange> Services)
{
    /// <summary>Of a plain sequence.</summary>
    public ImmutableArray<KnockStep> Steps { get; init; } = [];

    /// <summary>Null: it is no request to a gate of ours.</summary>
    public SpaInput? Spa { get; init; }

    /// <summary>Null: no server of fwknop is knocked at.</summary>
    public FwknopInput? Fwknop { get; init; }

    /// <summary>Null: it is no knock by a token.</summary>
    public TokenInput? Token { get; init; }

    /// <summary>The profile that it is knocked by; null: by none.</summary>
    public string? ProfileName => Spa?.Profile.Name ?? Fwknop?.Profile.Name ?? Token?.Profile.Name;

    public AddressChoice Family { get; init; }

    public TimeSpan Timeout { get; init; }

    public TimeSpan? Gap { get; init; }

    public bool NoWait { get; init; }

    public bool Json { get; init; }

    public bool DryRun { get; init; }

    /// <summary>Print the command by which the system's own ping would knock, and send nothing.</summary>
    public bool PrintPing { get; init; }

    public bool Verbose { get; init; }

    /// <summary>The ports that can be watched: UDP does not say whether anybody listens.</summary>
    public ImmutableArray<ushort> Watched => NoWait || Spa is { SourcePort: not 0 } ? [] : [.. Services.Where(s => s.Transport == Transport.Tcp).Select(s => s.First)];

    /// <summary>What of <see cref="Services"/> is watched, as it is written: <c>tcp/22, tcp/443</c>.</summary>
    public string WatchedText => Watched.IsEmpty && Fwknop is { } fwknop ? fwknop.Asks : Watched.IsEmpty && Spa is { } spa ? string.Join(", ", spa.Wish.Services) : string.Join(", ", Watched.Select(port => new PortRange(Transport.Tcp, port)));

    public void Check()
    {
        if (string.IsNullOrWhiteSpace(Host))
            throw CommandFailure.Usage("HOST is empty", "give the name or the address of the gate");
        if (PrintPing && Token?.Profile is not Profiles.IcmpProfile)
            throw CommandFailure.Usage("--print-ping is for profiles with method: icmp", "leave it out");
        if (Fwknop is not null && Family == AddressChoice.IPv6)
            throw CommandFailure.Usage("fwknop knows IPv4 only", "leave out -6");
        if (Spa is null && Fwknop is null && Token is null && Gap is { } gap && !Watched.IsEmpty && SequenceWriter.Duration(Steps.Length, gap) >= Timeout)
            throw CommandFailure.Usage("with this --gap the sequence takes longer than --timeout", "make the gap shorter or the timeout longer");
    }
}
