using System.Net.Sockets;

namespace Postern.Firewall.Tests;

/// <summary>The connections that were there before: the operator's own among them.</summary>
public sealed class KernelStandingTests : IDisposable
{
    private static readonly ProtectedService Ssh = Lab.Service("ssh", "tcp/22");
    private readonly Lab _lab = new();

    public void Dispose() => _lab.Dispose();

    [Theory]
    [InlineData(Lab.FriendV4, Lab.HostV4, true)]
    [InlineData(Lab.FriendV6, Lab.HostV6, true)]
    [InlineData(Lab.FriendV4, Lab.HostV4, false)]
    public void The_first_set_up_cuts_nobody_off(string friend, string host, bool loose)
    {
        // Where conntrack is strict it never takes up a connection it has not seen begin.
        if (!loose)
            Lab.Shell(_lab.Host, "sysctl -qw net.netfilter.nf_conntrack_tcp_loose=0");
        using var listener = _lab.ListenTcp(22);
        var client = _lab.Connected(friend, host, 22);
        using var server = listener.Accept();

        _lab.Apply(Ssh);
        for (var i = 0; i < 3; i++)
        {
            Assert.True(Lab.Carries(client, server));
            Assert.True(Lab.Carries(server, client));
        }

        Assert.Equal(Seen.Silence, _lab.Tcp(friend, host, 22));

        // Set up again after being removed, conntrack is as it was before the first time.
        _lab.Apply(Ssh);
        _lab.TearDown();
        Thread.Sleep(100);
        _lab.Apply(Ssh);
        Assert.True(Lab.Carries(client, server));
    }

    /// <summary>What the sets are for: without their elements, the very same connection dies.</summary>
    [Fact]
    public void Without_them_it_would_be_cut()
    {
        using var listener = _lab.ListenTcp(22);
        var client = _lab.Connected(Lab.FriendV4, Lab.HostV4, 22);
        using var server = listener.Accept();
        _lab.Apply(Ssh);
        _lab.Nft("flush set inet postern standing4");
        Assert.False(Lab.Carries(client, server));
    }

    [Fact]
    public void Only_that_connection_lives_and_it_cannot_begin_anew()
    {
        using var listener = _lab.ListenTcp(22);
        var client = _lab.Connected(Lab.FriendV4, Lab.HostV4, 22);
        using var server = listener.Accept();
        var port = ((System.Net.IPEndPoint)client.LocalEndPoint!).Port;
        _lab.Apply(Ssh);
        client.Close(0);
        server.Close(0);
        Assert.Equal(Seen.Silence, Lab.In(_lab.Client, () => Lab.ConnectOnce(Lab.FriendV4, Lab.HostV4, 22, port)));
    }
}
