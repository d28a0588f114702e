using System.Net;
using System.Text;
using Postern.Cli.Configuration;
using Postern.Reports.Spa;
using Postern.Warden;

namespace Postern.Cli.Tests.Configuration;

/// <summary>The meaning of each option, and exactly what is wrong with a line: where, what, and the mend.</summary>
public sealed class AuthorizedKeysTests : IDisposable
{
    private const string Key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAx6zpjUzI34YIlcJ43s3vehisxbxieQjLm8FQWNbyn1";
    private const string Other = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA84GM1+c8h4ns9rBSM/5WFCWZRSLF2nfR+J74mNAA4e";

    private static readonly HashSet<string> Services = new(StringComparer.Ordinal) { "ssh", "web" };

    private readonly string _file = Path.GetTempFileName();

    public void Dispose() => File.Delete(_file);

    private Identity Read(string line)
    {
        var (identities, faults) = ReadAll(line);
        Assert.Empty(faults);
        return Assert.Single(identities);
    }

    private (Identity[] Identities, string[] Faults) ReadAll(string text, UnixFileMode mode = UnixFileMode.UserRead | UnixFileMode.UserWrite)
    {
        File.WriteAllText(_file, text);
        File.SetUnixFileMode(_file, mode);
        var faults = new FaultList();
        var identities = AuthorizedKeys.Read(_file, Services, faults);
        return ([.. identities], [.. faults.Faults.Select(f => f.ToString().Replace(_file, "f", StringComparison.Ordinal))]);
    }

    [Fact]
    public void A_key_alone_may_open_everything()
    {
        var alice = Read(Key + " alice laptop");
        Assert.Equal("alice_laptop", alice.Name);
        Assert.True(alice.AnyService);
        Assert.False(alice.Revoked || alice.RequireAddress || alice.RequireSourcePort);
        Assert.Empty(alice.From);
        Assert.Null(alice.Expires);
    }

    [Fact]
    public void Every_option_is_what_it_says()
    {
        var bob = Read("services=\"ssh,web\",from=\"192.0.2.0/24,2001:db8::/32\",max=\"1h\",hours=\"Mon-Fri 08:00-18:00\",expiry-time=\"20270101Z\",os=\"linux,macos\",source-port,address " + Key);
        Assert.Equal(["ssh", "web"], bob.Services.ToArray());
        Assert.False(bob.AnyService);
        Assert.Equal([IPNetwork.Parse("192.0.2.0/24"), IPNetwork.Parse("2001:db8::/32")], bob.From.ToArray());
        Assert.Equal(TimeSpan.FromHours(1), bob.Max);
        Assert.Equal("Mon-Fri 08:00-18:00", Assert.Single(bob.Hours).ToString());
        Assert.Equal(new DateTimeOffset(2027, 1, 1, 0, 0, 0, TimeSpan.Zero), bob.Expires);
        Assert.Equal([ClientSystem.Linux, ClientSystem.MacOs], bob.Systems.ToArray());
        Assert.True(bob.RequireSourcePort && bob.RequireAddress);
        Assert.Equal(bob.Key.Fingerprint, bob.Name);
        Assert.True(Read("revoked " + Key).Revoked);
        Assert.True(Read("services=\"*\" " + Key).AnyService);
    }

    [Theory]
    [InlineData("servces=\"ssh\" ", "f:1:1: unknown option 'servces'; did you mean 'services'?")]
    [InlineData("no-pty ", "f:1:1: unknown option 'no-pty'; it is sshd's and says nothing here: remove it")]
    [InlineData("services ", "f:1:1: 'services' takes a value; write it in quotes: services=\"…\"")]
    [InlineData("revoked=\"yes\" ", "f:1:1: 'revoked' takes no value; write it alone: revoked")]
    [InlineData("max=\"1h\",max=\"2h\" ", "f:1:10: the option 'max' stands twice; keep one of the two")]
    [InlineData("from=\"192.0.2.1/24\" ", "f:1:1: '192.0.2.1/24' is not a network; write the network, 192.0.2.0/24, or the one address, 192.0.2.1")]
    [InlineData("expiry-time=\"2027\" ", "f:1:1: '2027' is not a time; write it as sshd does: expiry-time=\"20270131\" or \"202701311800Z\"")]
    [InlineData("os=\"amiga\" ", "f:1:1: 'os' cannot be 'amiga'; write linux, macos, windows, android, ios, freebsd, openbsd or netbsd")]
    public void A_line_with_a_fault_lets_nobody_in_and_leaves_the_others(string options, string fault)
    {
        var (identities, faults) = ReadAll($"{options}{Key} alice\n{Other} bob\n");
        Assert.Equal([fault], faults);
        Assert.Equal("bob", Assert.Single(identities).Name);
    }

    [Fact]
    public void A_service_that_is_not_there_is_a_warning_for_it_may_come_later()
    {
        File.WriteAllText(_file, $"services=\"ssh,ftp\" {Key}\n");
        File.SetUnixFileMode(_file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        var faults = new FaultList();
        Assert.Equal(["ssh", "ftp"], Assert.Single(AuthorizedKeys.Read(_file, Services, faults)).Services.ToArray());
        Assert.Equal(0, faults.Count);
        Assert.Contains("no service 'ftp'", Assert.Single(faults.Warnings).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_line_that_revokes_does_so_wherever_it_stands_and_whatever_is_wrong_with_it()
    {
        var (identities, faults) = ReadAll($"{Key} alice\nrevoked,max=\"soon\" {Key} alice\n");
        Assert.Equal(2, faults.Length);
        Assert.Equal([false, true], identities.Select(i => i.Revoked).ToArray());
    }

    [Fact]
    public void Odd_bytes_in_one_line_leave_the_others()
    {
        File.WriteAllBytes(_file, [.. Encoding.Latin1.GetBytes($"{Key} J\u00fcrgen\n"), .. Encoding.UTF8.GetBytes($"{Other} b\u00e4r\n")]);
        File.SetUnixFileMode(_file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        var faults = new FaultList();
        Assert.Equal(2, AuthorizedKeys.Read(_file, Services, faults).Length);
    }

    [Fact]
    public void What_is_no_file_is_not_waited_for()
    {
        File.Delete(_file);
        using (var mkfifo = System.Diagnostics.Process.Start("mkfifo", _file))
            mkfifo.WaitForExit();
        var faults = new FaultList();
        Assert.Empty(AuthorizedKeys.Read(_file, Services, faults));
        Assert.Contains("is not a file", Assert.Single(faults.Faults).Message, StringComparison.Ordinal);
        Assert.Empty(AuthorizedKeys.Read("/etc", Services, new()));
    }

    [Fact]
    public void A_file_of_another_user_lets_nobody_in()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "only root can give a file away");
        File.WriteAllText(_file, Key);
        using (var chown = System.Diagnostics.Process.Start("chown", ["nobody", _file]))
            chown.WaitForExit();
        var faults = new FaultList();
        Assert.Empty(AuthorizedKeys.Read(_file, Services, faults));
        Assert.Contains("belongs to another user", Assert.Single(faults.Faults).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_key_stands_once_and_in_a_file_that_only_its_owner_writes()
    {
        var (identities, faults) = ReadAll($"# who\n\n{Key} alice\nrevoked {Key} alice-again\n");
        Assert.Equal(["f:4:1: the key of line 3 again; one line a key: put the options together"], faults);
        Assert.Equal(["alice", "alice-again"], identities.Select(i => i.Name).ToArray());

        (identities, faults) = ReadAll(Key, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupWrite);
        Assert.Empty(identities);
        Assert.Contains("other users can write to it", Assert.Single(faults), StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_no_key_is_told()
    {
        var (identities, faults) = ReadAll("hello world\nssh-dss AAAAB3NzaC1kc3MAAACB alice\nssh-ed25519 AAAA! bob\n");
        Assert.Empty(identities);
        Assert.Equal(3, faults.Length);
        Assert.All(faults, f => Assert.Matches(@"^f:[123]:\d+: ", f));
    }
}
