using System.Collections.Immutable;
using System.Net.Sockets;
using Postern.Cli.Configuration;
using Postern.Cli.Control;

namespace Postern.Cli.Tests.Control;

/// <summary>Who may do what, of numbers that the kernel gave.</summary>
public sealed class PeerTests
{
    private static readonly ImmutableArray<ControlReader> Readers = [new("adm", null, 4), new("alice", 1000, 1000), new("bob", 1001, null)];

    [Theory]
    [InlineData(0u, 0u, new uint[0], "Change")]
    [InlineData(33u, 33u, new uint[0], "None")]
    [InlineData(33u, 4u, new uint[0], "Read")]
    [InlineData(33u, 33u, new[] { 5u, 4u }, "Read")]
    [InlineData(1000u, 33u, new uint[0], "Read")]
    [InlineData(33u, 33u, new[] { 1000u }, "Read")]
    [InlineData(1001u, 33u, new uint[0], "Read")]
    [InlineData(33u, 1001u, new[] { 1001u, 0u }, "None")] // bob is a user and no group; to be of root's group is not to be root
    [InlineData(4u, 33u, new uint[0], "None")] // the number of a group is no user's
    public void Rights_follow_from_user_and_groups(uint user, uint group, uint[] groups, string right) =>
        Assert.Equal(right, new Peer(1, user, group, [.. groups]).RightUnder(Readers).ToString());

    [Fact]
    public void Kernel_says_who_connected()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "needs Linux");
        var path = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());
        using var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint(path));
        listener.Listen(1);
        using var client = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        client.Connect(new UnixDomainSocketEndPoint(path));
        using var accepted = listener.Accept();
        var peer = Peer.Of(accepted);
        File.Delete(path);

        string[] Numbers(string field) => File.ReadLines("/proc/self/status").First(l => l.StartsWith(field, StringComparison.Ordinal))[field.Length..].Split((char[])['\t', ' '], StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(Environment.ProcessId, peer.Pid);
        Assert.Equal(Numbers("Uid:")[1], $"{peer.User}");
        Assert.Equal(Numbers("Gid:")[1], $"{peer.Group}");
        Assert.Equal(Numbers("Groups:").Order(StringComparer.Ordinal), peer.Groups.Select(g => $"{g}").Order(StringComparer.Ordinal));
    }
}
