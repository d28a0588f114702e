using Postern.Keys.Ssh;
using Postern.Tests;
using static Postern.Tests.OpenSshSignatures;

namespace Postern.Keys.Tests.Ssh;

/// <summary>The real ssh-agent.</summary>
public sealed class OpenSshAgentTests : IDisposable
{
    private readonly OpenSsh _ssh = new();

    public void Dispose() => _ssh.Dispose();

    [Theory]
    [InlineData("ed25519", "256")]
    [InlineData("ecdsa", "256")]
    [InlineData("rsa", "2048")]
    [InlineData("rsa", "4096")]
    public void Signs_with_each_type(string type, string bits)
    {
        using var real = new RealAgent(_ssh);
        var file = _ssh.NewKey("key", "", "-t", type, "-b", bits);
        real.Add(file);
        using var agent = SshAgent.Connect(real.Socket);
        var key = Assert.Single(agent.Keys());

        Assert.Equal(_ssh.PublicKey(file), key.PublicKey);
        Assert.Equal("key@test", key.Comment);
        for (var i = 0; i < 10; i++)
        {
            var signature = key.Sign(NameSpace, [(byte)i]);
            Assert.True(key.PublicKey.Verify(NameSpace, [(byte)i], signature));
            Assert.True(_ssh.Verifies(key.PublicKey, [(byte)i], signature));
        }
    }

    /// <summary>Certificates, other curves and short keys are passed over; the rest stand in their order.</summary>
    [Fact]
    public void Lists_what_is_taken_here()
    {
        using var real = new RealAgent(_ssh);
        var authority = _ssh.NewKey("authority", "", "-t", "ed25519");
        var first = _ssh.NewKey("first", "", "-t", "ed25519");
        _ssh.Run("ssh-keygen", "-q", "-s", authority, "-I", "id", "-n", "me", first + ".pub");
        real.Add(_ssh.NewKey("p384", "", "-t", "ecdsa", "-b", "384"));
        real.Add(first); // with its certificate
        real.Add(_ssh.NewKey("short", "", "-t", "rsa", "-b", "1024"));
        var last = _ssh.NewKey("last", "", "-t", "ecdsa");
        real.Add(last);
        using var agent = SshAgent.Connect(real.Socket);
        Assert.Equal([_ssh.PublicKey(first), _ssh.PublicKey(last)], agent.Keys().Select(k => k.PublicKey));
    }

    [Fact]
    public void Only_other_keys()
    {
        using var real = new RealAgent(_ssh);
        real.Add(_ssh.NewKey("p384", "", "-t", "ecdsa", "-b", "384"));
        using var agent = SshAgent.Connect(real.Socket);
        Assert.Contains("only keys of types", Assert.Throws<SshKeyException>(agent.Keys).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Empty()
    {
        using var real = new RealAgent(_ssh);
        using var agent = SshAgent.Connect(real.Socket);
        Assert.Contains("ssh-add", Assert.Throws<SshKeyException>(agent.Keys).Hint, StringComparison.Ordinal);
    }

    [Fact]
    public void Locked_and_unlocked()
    {
        using var real = new RealAgent(_ssh);
        real.Add(_ssh.NewKey("key", "", "-t", "ed25519"));
        using var agent = SshAgent.Connect(real.Socket);
        var key = agent.Keys()[0];
        real.Lock(true);
        Assert.Contains("ssh-add -X", Assert.Throws<SshKeyException>(agent.Keys).Hint, StringComparison.Ordinal);
        Assert.Contains("ssh-add -X", Assert.Throws<SshKeyException>(() => key.Sign(NameSpace, [1])).Hint, StringComparison.Ordinal);
        real.Lock(false);
        Assert.NotEmpty(key.Sign(NameSpace, [1]));
        Assert.Single(agent.Keys());
    }

    [Fact]
    public void A_key_that_was_taken_away()
    {
        using var real = new RealAgent(_ssh);
        real.Add(_ssh.NewKey("key", "", "-t", "ed25519"));
        using var agent = SshAgent.Connect(real.Socket);
        var key = agent.Keys()[0];
        _ssh.Run("ssh-add", "-q", "-D");
        var e = Assert.Throws<SshKeyException>(() => key.Sign(NameSpace, [1]));
        Assert.Contains("key@test", e.Message, StringComparison.Ordinal);
        Assert.Contains("ssh-add -l", e.Hint, StringComparison.Ordinal);
    }

    [Fact]
    public void Gone_in_the_middle()
    {
        using var real = new RealAgent(_ssh);
        real.Add(_ssh.NewKey("key", "", "-t", "ed25519"));
        using var agent = SshAgent.Connect(real.Socket);
        var key = agent.Keys()[0];
        real.End();
        Assert.Contains("gone away", Assert.Throws<SshKeyException>(() => key.Sign(NameSpace, [1])).Message, StringComparison.Ordinal);
        Assert.Throws<SshKeyException>(agent.Keys);
        Assert.Contains("ssh-agent", Assert.Throws<SshKeyException>(() => SshAgent.Connect(real.Socket)).Hint, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("none")]
    [InlineData("a-path-that-is-longer-than-any-socket-may-have-because-the-kernel-keeps-it-in-a-hundred-and-eight-bytes-in-all")]
    [InlineData("file")]
    public void Nobody_there(string name)
    {
        _ssh.Write("file", []);
        Assert.Throws<SshKeyException>(() => SshAgent.Connect(_ssh.File(name)));
    }
}
