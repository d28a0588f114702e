using System.Collections.Immutable;
using Postern.Firewall;
using Postern.Reports;

namespace Postern.Warden.Tests;

/// <summary>Plays the kernel's part: writes down what it is told.</summary>
internal sealed class NotePad : IFirewall
{
    public List<string> Notes { get; } = [];

    /// <summary>The ports that were opened last.</summary>
    public string Ports { get; private set; } = "";

    public ImmutableArray<StandingGrant> Standing { get; set; } = [];

    public int Fails { get; set; }

    public bool ApplyFails { get; set; }

    public bool InPlace { get; set; } = true;

    public ImmutableArray<StandingGrant> Apply(Protection protection) => ApplyFails ? throw new FirewallException("no", "no") : Standing;

    public FirewallResult Open(ProtectedService service, Grantee to, TimeSpan time)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(time, TimeSpan.FromMilliseconds(1)); // as the real one
        Ports = string.Join(' ', service.Ports);
        return Note($"+{service.Name} {Text(to)} {time.TotalSeconds}");
    }

    public FirewallResult Close(ProtectedService service, Grantee to) => Note($"-{service.Name} {Text(to)}");

    public FirewallResult Open(ProtectedService service, Grantee to, PortForward chosen, TimeSpan time) =>
        Note($"+{service.Name} {Text(to)} {chosen.Port}->{chosen.Target} {time.TotalSeconds}");

    public FirewallResult Close(ProtectedService service, Grantee to, PortForward chosen) => Note($"-{service.Name} {Text(to)} {chosen.Port}->{chosen.Target}");

    public void TearDown() => Notes.Add("down");

    public FirewallState Inspect() => new(InPlace, HostDrops: null);

    public void Dispose() => Notes.Add("disposed");

    private static string Text(Grantee to) => to.SourcePort == 0 ? $"{to.Source}" : $"{to.Source}:{to.SourcePort}";

    private FirewallResult Note(string note)
    {
        if (Fails == 0)
            Notes.Add(note);
        return new(Fails);
    }
}
