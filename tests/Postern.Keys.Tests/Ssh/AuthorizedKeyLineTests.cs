using System.Text;
using Postern.Keys.Ssh;
using Postern.Tests;

namespace Postern.Keys.Tests.Ssh;

/// <summary>sshd(8), AUTHORIZED_KEYS FILE FORMAT.</summary>
public sealed class AuthorizedKeyLineTests
{
    private const string Key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAINdamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1Ea";

    [Theory]
    [InlineData("")]
    [InlineData("   \t ")]
    [InlineData("# a comment")]
    [InlineData("  # a comment")]
    [InlineData("\r")]
    public void Nothing_on_the_line(string line)
    {
        Assert.Null(AuthorizedKeyLine.Read(line, out var fault));
        Assert.Null(fault);
    }

    [Theory]
    [InlineData(Key, "")]
    [InlineData(Key + " alice@laptop", "alice@laptop")]
    [InlineData(Key + "  \t alice at her laptop \r\n", "alice at her laptop")]
    [InlineData("  " + Key + " ü", "ü")]
    public void A_key_without_options(string line, string comment)
    {
        var read = Read(line);
        Assert.Empty(read.Options);
        Assert.Equal(Key, read.Key.ToString());
        Assert.Equal(comment, read.Comment);
        Assert.Equal(line.IndexOf("ssh", StringComparison.Ordinal) + 1, read.KeyColumn);
    }

    [Fact]
    public void Options_with_their_columns()
    {
        var line = $"""services="ssh,web",From="203.0.113.0/24",flag,command="say \"hi\" \n, then" {Key} alice""";
        var read = Read(line);
        Assert.Equal(
            [
                new("services", "ssh,web", 1, 11),
                new("from", "203.0.113.0/24", 20, 26),
                new("flag", null, 42, 0),
                new("command", "say \"hi\" \\n, then", 47, 56),
            ],
            read.Options);
        Assert.Equal("alice", read.Comment);
        var command = read.Options[3];
        Assert.Equal(line.IndexOf("then", StringComparison.Ordinal) + 1, command.ColumnOf(command.Value!.IndexOf("then", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("expiry-time=\"20270101\"\t" + Key)]
    [InlineData("a,b,c " + Key)]
    [InlineData("empty=\"\" " + Key)]
    [InlineData("a=\"x y\tz\" " + Key)]
    public void Other_lines_that_OpenSSH_takes(string line)
    {
        var read = Read(line);
        using var ssh = new OpenSsh();
        Assert.Contains(read.Key.Fingerprint, ssh.Run("ssh-keygen", "-l", "-f", ssh.Write("authorized_keys", Encoding.UTF8.GetBytes(line + "\n"))), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1, "not a line", "-----BEGIN OPENSSH PRIVATE KEY-----")]
    [InlineData(6, "control character", "a,b c\u001b " + Key)]
    [InlineData(3, "no closing quote", "a=\"x " + Key)]
    [InlineData(3, "not quoted", "a=x " + Key)]
    [InlineData(3, "not quoted", "a= " + Key)]
    [InlineData(6, "after the value of a", "a=\"x\"b " + Key)]
    [InlineData(3, "option is missing", "a,,b " + Key)]
    [InlineData(3, "option is missing", "a, " + Key)]
    [InlineData(1, "option is missing", ",a " + Key)]
    [InlineData(1, "cannot begin", "\"x\" " + Key)]
    [InlineData(2, "in an option", "a;b " + Key)]
    [InlineData(6, "no key after", "a=\"x\"")]
    [InlineData(3, "not a type", "a b " + Key)]
    [InlineData(1, "not a type", "ecdsa-sha2-nistp384 AAAAE2VjZHNhLXNoYTItbmlzdHAzODQ=")]
    [InlineData(7, "not a type", "a=\"x\" ecdsa-sha2-nistp384 AAAAE2VjZHNhLXNoYTItbmlzdHAzODQ=")]
    [InlineData(1, "not a type", "ssh-ed25519-cert-v01@openssh.com AAAAIHNzaC1lZDI1NTE5LWNlcnQtdjAxQG9wZW5zc2guY29t")]
    [InlineData(12, "key is missing", "ssh-ed25519")]
    [InlineData(13, "not the base64", "ssh-ed25519 AAAAC3Nza")]
    [InlineData(13, "not the base64", "ssh-ed25519 AAAAC3Nza!==")]
    [InlineData(13, "not a key of the type ssh-ed25519", "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5")]
    [InlineData(9, "not an RSA key", "ssh-rsa AAAAB3NzaC1yc2E=")]
    [InlineData(1, "not of the type ssh-rsa", "ssh-rsa AAAAC3NzaC1lZDI1NTE5AAAAINdamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1Ea")]
    public void Faults_say_what_and_where(int column, string message, string line)
    {
        Assert.Null(AuthorizedKeyLine.Read(line, out var fault));
        Assert.Contains(message, fault!.Value.Message, StringComparison.Ordinal);
        Assert.Equal(column, fault.Value.Column);
        Assert.NotEmpty(fault.Value.Hint);
    }

    private static AuthorizedKeyLine Read(string line)
    {
        var read = AuthorizedKeyLine.Read(line, out var fault);
        Assert.Null(fault);
        return Assert.IsType<AuthorizedKeyLine>(read);
    }
}
