using System.Collections.Immutable;
using System.Globalization;
using Postern.Cli.Configuration;
using Postern.Knocks.Sequences;
using Postern.Reports.Tokens;
using Postern.Reports.Watching;

namespace Postern.Cli.Explaining;

/// <summary>What the doors of a configuration are called, and how their sequences must come.</summary>
internal sealed class DoorNames
{
    /// <summary>What is wider is no port that somebody would have mistaken.</summary>
    private const int MostPorts = 64;

    private const int MostNames = 3;

    private readonly ImmutableArray<KnockSequence> _sequences;
    private readonly ImmutableArray<string> _stanzas;
    private readonly ImmutableArray<string> _tokens;
    private readonly string _someToken;
    private readonly Dictionary<(StepKind Kind, ushort Port), string> _byOtherProtocol = [];

    public DoorNames(GateConfiguration configuration)
    {
        _sequences = configuration.Sequences;
        _stanzas = [.. configuration.Fwknop.Stanzas.Select(s => s.Name)];
        _tokens = [.. configuration.TokensWithSecret.Select(t => t.Name)];
        _someToken = OneOf([.. configuration.TokensWithSecret.Where(t => t.Method is TokenMethod.Ports or TokenMethod.Rolling).Select(t => t.Name)]);
        var steps = from door in _sequences
                    from step in door.Steps
                    where step.Kind != StepKind.Echo && step.Width <= MostPorts
                    select (door.Name, Other: step.Kind == StepKind.Tcp ? StepKind.Udp : StepKind.Tcp, step.First, step.Last);
        foreach (var (name, other, first, last) in steps)
        {
            for (int port = first; port <= last; port++)
                _byOtherProtocol.TryAdd((other, (ushort)port), name);
        }
    }

    public string Of(KnockMethod method, int door) => method switch
    {
        KnockMethod.Sequence when (uint)door < (uint)_sequences.Length => _sequences[door].Name,
        KnockMethod.Sequence when door < 0 => "traps",
        KnockMethod.Spa => "spa",
        KnockMethod.Fwknop when (uint)door < (uint)_stanzas.Length => _stanzas[door],
        KnockMethod.Fwknop => "fwknop",
        KnockMethod.Token when (uint)door < (uint)_tokens.Length => _tokens[door],
        KnockMethod.Token => _someToken,
        _ => string.Create(CultureInfo.InvariantCulture, $"{MethodName(method)} {door}"),
    };

    /// <summary>A packet of a series says whose it is only when the series is whole.</summary>
    private static string OneOf(string[] names) => names.Length is 0 or > MostNames ? "tokens" : string.Join(" or ", names);

    public KnockSequence? Sequence(in Thought thought) =>
        thought.Method == KnockMethod.Sequence && (uint)thought.Door < (uint)_sequences.Length ? _sequences[thought.Door] : null;

    /// <summary>The door that has a step of this port by the other protocol; null: none has.</summary>
    public string? ByOtherProtocol(StepKind kind, ushort port) => _byOtherProtocol.GetValueOrDefault((kind, port));

    public static string MethodName(KnockMethod method) => method switch
    {
        KnockMethod.Sequence => "sequence",
        KnockMethod.Spa => "spa",
        KnockMethod.Fwknop => "fwknop",
        _ => "token",
    };
}
