namespace Postern.Firewall.Tests;

/// <summary>Whose traffic it is: of this host, of a container behind a published port, or of somebody else.</summary>
public sealed class KernelPassingTests : IDisposable
{
    private static readonly ProtectedService Web = Lab.Service("web", "tcp/443 udp/443");
    private readonly Lab _lab = new();

    public void Dispose() => _lab.Dispose();

    [Theory]
    [InlineData(Lab.StrangerV4, Lab.InsideV4)]
    [InlineData(Lab.StrangerV6, Lab.InsideV6)]
    public void What_is_only_forwarded_is_not_touched(string stranger, string inside)
    {
        _lab.ListenTcp(443, _lab.Inside);
        _lab.EchoUdp(443, _lab.Inside);
        _lab.Apply(Web);
        Assert.Equal(Seen.Open, _lab.Tcp(stranger, inside, 443));
        Assert.Equal(Seen.Open, _lab.Udp(stranger, inside, 443));
    }

    [Theory]
    [InlineData(Lab.FriendV4, Lab.HostV4)]
    [InlineData(Lab.FriendV6, Lab.HostV6)]
    public void A_published_port_is_guarded_by_its_public_number(string friend, string host)
    {
        _lab.ListenTcp(8443, _lab.Inside);
        _lab.Nft("""
            table inet publish {
                chain pre {
                    type nat hook prerouting priority dstnat; policy accept;
                    fib daddr type local tcp dport 443 dnat ip to 10.8.0.2:8443
                    fib daddr type local tcp dport 443 dnat ip6 to [fd08::2]:8443
                }
            }
            """);
        Assert.Equal(Seen.Open, _lab.Tcp(friend, host, 443));
        _lab.Apply(Web);
        Assert.Equal(Seen.Silence, _lab.Tcp(friend, host, 443));
        _lab.Open(Web, friend);
        Assert.Equal(Seen.Open, _lab.Tcp(friend, host, 443));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Only_the_named_interfaces_are_guarded(bool outside)
    {
        _lab.ListenTcp(443);
        _lab.Apply(new Protection([Web], [outside ? "out" : "in", "not-there*"]));
        Assert.Equal(outside ? Seen.Silence : Seen.Open, _lab.Tcp(Lab.FriendV4, Lab.HostV4, 443));
        Assert.Equal(outside ? Seen.Open : Seen.Silence, _lab.Tcp(Lab.InsideV4, "10.8.0.1", 443, _lab.Inside));
    }

    [Fact]
    public void A_star_in_the_name_of_an_interface_is_a_star()
    {
        _lab.ListenTcp(443);
        _lab.Apply(new Protection([Web], ["o*"]));
        Assert.Equal(Seen.Open, _lab.Tcp(Lab.FriendV4, Lab.HostV4, 443));
    }

    [Theory]
    [InlineData("255.255.255.255")]
    [InlineData("10.9.0.255")]
    [InlineData("224.0.0.1")]
    [InlineData("ff02::1")]
    public void Broadcast_and_multicast_are_guarded_too(string destination)
    {
        _lab.EchoUdp(443, group: destination);
        Assert.Equal(Seen.Open, Cast(destination));
        _lab.Apply(Web);
        Assert.Equal(Seen.Silence, Cast(destination));
        _lab.Apply(Web with { Appear = Appearance.Closed });
        Assert.Equal(Seen.Silence, Cast(destination));
    }

    private Seen Cast(string destination) => Lab.In(_lab.Client, () => Lab.SendAndHear(destination, 443));
}
