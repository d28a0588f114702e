using System.Diagnostics;
using System.Globalization;

namespace Postern.Confinement.Tests;

/// <summary>Truth: id(1) and getent(1) of this host.</summary>
public sealed class AccountTests
{
    [Theory]
    [InlineData("root")]
    [InlineData("nobody")]
    [InlineData("daemon")]
    public void Accounts_are_those_of_the_host(string name)
    {
        var account = Account.Find(name)!;
        Assert.Equal(Host("id", "-u", name), account.User.ToString(CultureInfo.InvariantCulture));
        Assert.Equal(Host("id", "-g", name), account.Group.ToString(CultureInfo.InvariantCulture));
        Assert.Equal(Host("id", "-G", name).Split(' ').Order(), account.Groups.Select(g => g.ToString(CultureInfo.InvariantCulture)).Order());
        Assert.Equal(Host("getent", "passwd", name).Split(':')[5], account.Home);
    }

    [Fact]
    public void Groups_are_those_of_the_host() => Assert.Equal(Host("getent", "group", "tty").Split(':')[2], Account.FindGroup("tty")!.Value.ToString(CultureInfo.InvariantCulture));

    [Theory]
    [InlineData("nobody-of-that-name")]
    [InlineData("")]
    [InlineData("0")]
    public void Who_is_not_there_is_null(string name)
    {
        Assert.Null(Account.Find(name));
        Assert.Null(Account.FindGroup(name));
    }

    [Fact]
    public void The_current_user_is_ours() => Assert.Equal(Host("id", "-u"), Account.CurrentUser.ToString(CultureInfo.InvariantCulture));

    private static string Host(string program, params string[] arguments)
    {
        Needs.Program(program);
        using var process = Process.Start(new ProcessStartInfo(Needs.Find(program)!, arguments) { RedirectStandardOutput = true, UseShellExecute = false })!;
        return process.StandardOutput.ReadToEnd().Trim();
    }
}
