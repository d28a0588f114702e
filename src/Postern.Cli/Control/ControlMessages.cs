using System.Collections.Immutable;
using System.Text.Json.Serialization;
using Postern.Cli.Gate.Watch;

namespace Postern.Cli.Control;

/// <summary>What an operator asks of the running gate: one line of JSON. The verbs are a closed list.</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record ControlRequest(string Verb)
{
    public const string Status = "status";
    public const string Grants = "grants";
    public const string Grant = "grant";
    public const string Revoke = "revoke";
    public const string Reload = "reload";

    /// <summary>Reload on trial, for so many seconds.</summary>
    public const string Apply = "apply";

    /// <summary>Lines of what happens, until whoever asked hangs up; of one address, or of all.</summary>
    public const string Watch = "watch";

    /// <summary>What is on trial stays.</summary>
    public const string Confirm = "confirm";

    public string? Service { get; init; }

    public string? Address { get; init; }

    /// <summary>Of a grant: tcp/2222=10.0.0.5:22.</summary>
    public string? Forward { get; init; }

    public double? Seconds { get; init; }
}

/// <summary>What it answers: one line of JSON, after a line for each grant where those were asked for. Exactly one of the serialized parts is there.</summary>
internal sealed record ControlReply
{
    public ControlFailure? Failure { get; init; }

    public GateStatus? Status { get; init; }

    public string? Done { get; init; }

    /// <summary>Who is told from now on; nothing else is answered.</summary>
    [JsonIgnore]
    public Watcher? Watcher { get; init; }

    /// <summary>What goes before this line.</summary>
    [JsonIgnore]
    public GrantLines? Grants { get; init; }
}

/// <param name="Refusal">The refusal's word, where there was one.</param>
/// <param name="Message">What went wrong.</param>
/// <param name="Hint">The mend.</param>
internal sealed record ControlFailure(string? Refusal, string Message, string Hint)
{
    /// <summary>True: whoever asked may not; otherwise not there.</summary>
    public bool? MissingRight { get; init; }
}

/// <summary>One grant in force. Not a record with parameters: those are read back at half the speed, and there may be very many.</summary>
internal sealed class GrantLine
{
    public required string Service { get; init; }

    /// <summary>Who may reach it.</summary>
    public required string Address { get; init; }

    /// <summary>The only port that he may connect from; not there: any.</summary>
    public int? SourcePort { get; init; }

    /// <summary>Whose key it was granted to; not there where no key asked.</summary>
    public string? Key { get; init; }

    /// <summary>Which ports those are.</summary>
    public required string[] Ports { get; init; }

    /// <summary>Where they lead; not there: to this host.</summary>
    public string? Forward { get; init; }

    /// <summary>When it ends: RFC 3339.</summary>
    public required string Until { get; init; }

    public required double SecondsLeft { get; init; }
}

internal sealed record GateStatus
{
    public required string Version { get; init; }

    public required int Pid { get; init; }

    public required DateTimeOffset Started { get; init; }

    public required ImmutableArray<string> Files { get; init; }

    public required DateTimeOffset Loaded { get; init; }

    /// <summary>The last reload was refused; the configuration in force is older than the file.</summary>
    public string? ReloadFault { get; init; }

    /// <summary>Seconds until the configuration in force gives way to the one before, unless it is confirmed; not there: it is not on trial.</summary>
    public double? TrialSecondsLeft { get; init; }

    public required ImmutableArray<string> Interfaces { get; init; }

    /// <summary>How packets are seen, as the configuration has it.</summary>
    public string Capture { get; init; } = "packet";

    /// <summary>Those of them that do not exist now.</summary>
    public ImmutableArray<string> MissingInterfaces { get; init; } = [];

    public required bool RulesInPlace { get; init; }

    /// <summary>Which appearance does not stand out on this host: "silent", "closed", or null where it could not be told.</summary>
    public string? BlendsIn { get; init; }

    /// <summary>What on this host keeps forwards from getting through, each with its mend.</summary>
    public ImmutableArray<string>? ForwardsBlocked { get; init; }

    public required ImmutableArray<ServiceStatus> Services { get; init; }

    public required ImmutableArray<KnockStatus> Knocks { get; init; }

    /// <summary>Not there: single packets are not looked for.</summary>
    public SpaStatus? Spa { get; init; }

    /// <summary>Not there: no knock is by the method fwknop.</summary>
    public FwknopStatus? Fwknop { get; init; }

    public required int Grants { get; init; }

    public required PacketStatus Packets { get; init; }

    public ImmutableArray<ProcessStatus> Processes { get; init; } = [];
}

/// <param name="Name">steward, warden or sentry.</param>
/// <param name="Pid">As the kernel numbers it.</param>
/// <param name="User">Its effective user.</param>
/// <param name="Capabilities">What it may do beyond any user.</param>
/// <param name="Filtered">Its system calls pass a filter.</param>
/// <param name="Resident">Bytes of memory, shared ones counted in full.</param>
internal sealed record ProcessStatus(string Name, int Pid, uint User, ImmutableArray<string> Capabilities, bool Filtered, long Resident)
{
    /// <summary>How often another took its place after a failure.</summary>
    public int? Replaced { get; init; }
}

internal sealed record ServiceStatus(string Name, ImmutableArray<string> Ports, string Appear, double OpenForSeconds, int Grants)
{
    /// <summary>Where it leads, or where a request may let it lead; not there: to this host.</summary>
    public ImmutableArray<string>? Forward { get; init; }

    /// <summary>What is led there comes from this host's address; not there: from the client's.</summary>
    public bool? Masquerade { get; init; }
}

internal sealed record KnockStatus(string Name, string Method, ImmutableArray<string> Opens, ImmutableArray<string> Closes)
{
    /// <summary>Of a one-time knock: how many of its sequences were not used; not there: its sequence is always good.</summary>
    public int? SequencesLeft { get; init; }
}

/// <param name="Carriers">Where packets are looked for.</param>
/// <param name="Keys">How many may come in.</param>
/// <param name="KeysFile">Where they stand.</param>
internal sealed record SpaStatus(ImmutableArray<string> Carriers, int Keys, string KeysFile);

/// <param name="Carriers">Where packets of fwknop are looked for.</param>
/// <param name="Http">Requests of HTTP are looked into.</param>
/// <param name="Stanzas">Knocks that have keys.</param>
internal sealed record FwknopStatus(ImmutableArray<string> Carriers, bool Http, int Stanzas);

/// <param name="Read">Packets that reached the sentry and could be read.</param>
/// <param name="Faulty">Those that could not, by reason.</param>
/// <param name="Refused">Single packets that the sentry refused, by refusal.</param>
/// <param name="Reports">Knocks completed, and single packets opened.</param>
/// <param name="DroppedByRing">Packets that the kernel had no room for; lines of a log that were cut.</param>
/// <param name="DroppedReports">Reports that the warden had no room for.</param>
/// <param name="AttemptsEvicted">Attempts that newer ones pushed out.</param>
internal sealed record PacketStatus(
    long Read, ImmutableDictionary<string, long> Faulty, ImmutableDictionary<string, long> Refused, long Reports, long DroppedByRing, long DroppedReports, long AttemptsEvicted)
{
    /// <summary>How often the ring was full.</summary>
    public long TimesRingFull { get; init; }

    /// <summary>How late, at worst, packets were read in the last two seconds; and since the gate began.</summary>
    public double LagMs { get; init; }

    public double GreatestLagMs { get; init; }

    /// <summary>Reports that the way to the warden had no room for.</summary>
    public long UnsentReports { get; init; }

    /// <summary>Packets that the kernel threw away before anybody could see them, of the whole host, since the gate began; null: it does not say.</summary>
    public long? LostUnseen { get; init; }

    /// <summary>What the warden refused, by refusal, since it began.</summary>
    public ImmutableDictionary<string, long> RefusedByWarden { get; init; } = ImmutableDictionary<string, long>.Empty;

    /// <summary>Packets where fwknop's come that the sentry refused, by refusal.</summary>
    public ImmutableDictionary<string, long> RefusedTokens { get; init; } = ImmutableDictionary<string, long>.Empty;

    public ImmutableDictionary<string, long> RefusedFwknop { get; init; } = ImmutableDictionary<string, long>.Empty;

    /// <summary>Lines of a log that look like packets, and that the log does not call the kernel's; not there: no log is read.</summary>
    public long? ForgedLines { get; init; }
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    AllowDuplicateProperties = false)]
[JsonSerializable(typeof(ControlRequest))]
[JsonSerializable(typeof(ControlReply))]
[JsonSerializable(typeof(GateStatus))]
[JsonSerializable(typeof(GrantLine))]
internal sealed partial class ControlJson : JsonSerializerContext;
