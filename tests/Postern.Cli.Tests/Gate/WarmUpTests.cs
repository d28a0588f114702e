using Postern.Cli.Gate;
using Postern.Firewall;
using Postern.Reports;

namespace Postern.Cli.Tests.Gate;

public sealed class WarmUpTests
{
    /// <summary>It walks all of the way: what were refused would leave the rest of it cold.</summary>
    [Fact]
    public void Both_kinds_of_knock_are_granted_on_the_way()
    {
        using var firewall = new NftablesFirewall();
        Assert.Equal([Refusal.None, Refusal.None], WarmUp.Walk(firewall, signed: true));
        Assert.Equal([Refusal.None], WarmUp.Walk(firewall, signed: false));
    }
}
