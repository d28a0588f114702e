using System.Collections.Immutable;
using Postern.Firewall;
using Postern.Keys;
using Postern.Knocks.Sequences;
using Postern.Reports;
using Postern.Reports.Tokens;
using Postern.Steward.Errands;
using Postern.Warden;

namespace Postern.Cli.Configuration;

internal enum TrapSetting
{
    /// <summary>Ports that no knock uses undo the attempt of whoever touches them, so that a port scan completes no sequence.</summary>
    Auto,
    Off,
}

/// <summary>A knock of method one-time.</summary>
/// <param name="Manner">How its sequences must come; it has no steps.</param>
/// <param name="Door">What each of them does.</param>
/// <param name="Settings">Where they stand.</param>
/// <param name="Count">How many there are.</param>
internal sealed record OneTimeKnock(KnockSequence Manner, Door Door, OneTimeSettings Settings, int Count);

/// <summary>All that a gate is told, checked whole. A default-constructed part is what the file says when it says nothing.</summary>
internal sealed record GateConfiguration(WardenOptions Warden, ImmutableArray<KnockSequence> Sequences)
{
    public const string DefaultControlSocket = "/run/postern/control.sock";

    public const string UsualLedgerFile = "/var/lib/postern/ledger";

    /// <summary>Empty: every interface, whenever it comes.</summary>
    public ImmutableArray<string> Interfaces { get; init; } = [];

    public string ControlSocket { get; init; } = DefaultControlSocket;

    /// <summary>Who may ask the gate how it stands, besides root and its own user. Empty: nobody.</summary>
    public ImmutableArray<ControlReader> ControlReaders { get; init; } = [];

    public CaptureSetting Capture { get; init; } = CaptureSetting.Packet;

    public TrapSetting Traps { get; init; } = TrapSetting.Auto;

    /// <summary>Null: single packets are not looked for.</summary>
    public SpaSettings? Spa { get; init; }

    public FwknopSettings Fwknop { get; init; } = new();

    /// <summary>The knocks by tokens, of all methods, in their order; those too whose secret could not be read, and which open nothing.</summary>
    public ImmutableArray<TokenKnockSettings> Tokens { get; init; } = [];

    /// <summary>Those that have a secret: the token knocks of the sentry and of the warden, in one order.</summary>
    public IEnumerable<TokenKnockSettings> TokensWithSecret => Tokens.Where(t => t.Secret is not null);

    /// <summary>Requests come in packets: their data is kept, and not only their headers.</summary>
    public bool KeepsWholePackets => Spa is not null || Fwknop.Stanzas.Any();

    /// <summary>Where what is good once is remembered. Not opened unless <see cref="NeedsLedger"/>.</summary>
    public string LedgerFile { get; init; } = UsualLedgerFile;

    public bool NeedsLedger => Spa is not null || !Fwknop.Knocks.IsEmpty || !OneTime.IsEmpty || !Tokens.IsEmpty;

    /// <summary>The knocks of method one-time. Their sequences are doors too, and stand behind all others, in the order of these.</summary>
    public ImmutableArray<OneTimeKnock> OneTime { get; init; } = [];

    /// <summary>Of whichever method; a file of sequences is one.</summary>
    public int KnockCount => PlainDoors + OneTime.Length + Fwknop.Knocks.Length + Tokens.Length;

    /// <summary>So many doors are knocks of method sequence.</summary>
    public int PlainDoors => Sequences.Length - OneTime.Sum(k => k.Count);

    /// <summary>How far ahead of the gate's clock the time of what is accepted may be.</summary>
    public TimeSpan LedgerDoubt => Fwknop.Knocks.Select(k => k.MaxAge + TimeSpan.FromSeconds(1)).Concat(Tokens.Select(t => t.Period + t.MaxAge)).Append(Spa?.ClockSkew ?? TimeSpan.Zero).Max(); // their times are whole seconds

    /// <summary>Where single packets of any kind come as datagrams: what <see cref="CaptureWay.Udp"/> binds.</summary>
    public IEnumerable<PortRange> DatagramPorts =>
        (Spa?.Of(Transport.Udp) ?? []).Concat(Fwknop.Knocks.IsEmpty ? [] : Fwknop.Of(Transport.Udp));

    /// <summary>Chosen anew each time: nobody can know them.</summary>
    public TrapPorts ChooseTraps() => Traps == TrapSetting.Off ? TrapPorts.None : TrapPorts.For(Sequences, IsServed, Chance.Below);

    /// <summary>The files that were read, the main one first.</summary>
    public ImmutableArray<string> Files { get; init; } = [];

    /// <summary>Where they stand: <c>services.NAME</c>, <c>knocks.NAME</c>.</summary>
    public ImmutableDictionary<string, Place> Places { get; init; } = ImmutableDictionary<string, Place>.Empty;

    /// <summary>What the services with <see cref="Service.Action"/> run, and how it is undone: for the steward, who has it from here and from nobody else.</summary>
    public ImmutableArray<Errand> Actions { get; init; } = [];

    /// <summary>What the firewall must hold up for these services: those that have ports.</summary>
    public Protection Protection => new([.. Warden.Services.Where(s => s.Action is null).Select(s => new ProtectedService(s.Name, s.Ports, s.Appear) { Forward = s.Forward })], Interfaces)
    {
        HasLocalForwards = Warden.LocalForwards,
    };

    /// <summary>
    /// A port where honest packets go is no trap: a service, or where single packets are looked for. Pools and spans are too wide to be left out: a scan would find the steps of a sequence in them,
    /// and all that a trap takes from who knocks there is what he has done of a sequence.
    /// </summary>
    internal bool IsServed(StepKind kind, ushort port)
    {
        var transport = kind == StepKind.Tcp ? Transport.Tcp : Transport.Udp;
        return Warden.Services.SelectMany(s => s.Ports).Concat(Spa?.Ports ?? []).Concat(Fwknop.Knocks.IsEmpty ? [] : Fwknop.Ports)
            .Concat(Tokens.Where(t => t.Method is TokenMethod.Syn or TokenMethod.Knockknock).SelectMany(t => t.Ports))
            .Any(p => p.Contains(transport, port));
    }
}
