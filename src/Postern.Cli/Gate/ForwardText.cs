using System.Collections.Immutable;
using Postern.Cli.Configuration;
using Postern.Firewall;

namespace Postern.Cli.Gate;

/// <summary>What keeps forwards from getting through, for people.</summary>
internal static class ForwardText
{
    private static readonly ImmutableArray<(ForwardObstacles Obstacle, string Text)> Texts =
    [
        (ForwardObstacles.V4Off, "this host passes on no IPv4 packets (sysctl -w net.ipv4.ip_forward=1)"),
        (ForwardObstacles.V6Off, "this host passes on no IPv6 packets (sysctl -w net.ipv6.conf.all.forwarding=1)"),
        (ForwardObstacles.Dropped, "another chain drops what is passed on, unless a rule of it speaks for it (accept 'ct status dnat' there)"),
    ];

    public static ImmutableArray<string> Of(ForwardObstacles obstacles) => [.. Texts.Where(t => (obstacles & t.Obstacle) != ForwardObstacles.None).Select(t => t.Text)];

    /// <summary>As far as whoever is no gate can tell.</summary>
    public static IEnumerable<Fault> Warnings(GateConfiguration configuration, string file) =>
        Of(ForwardPath.Switches(configuration.Warden.Services.Select(s => s.Forward).OfType<ForwardRule>()))
            .Select(text => new Fault(file, 0, 0, "forwards do not get through: " + text));
}
