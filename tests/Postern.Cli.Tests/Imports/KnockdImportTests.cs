using Postern.Cli.Configuration;
using Postern.Cli.Imports.Knockd;
using Postern.Cli.Tests.Configuration;
using Postern.Knocks.Sequences;
using Postern.Reports;
using Postern.Warden;

namespace Postern.Cli.Tests.Imports;

/// <summary>knockd.conf as tutorials and packages have it (tests/knockd/files), and its grammar, which is knockd's own.</summary>
public sealed class KnockdImportTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("postern-import-");

    public static TheoryData<string> Files => [.. Directory.GetFiles(Path.GetDirectoryName(Repository.File("tests/knockd/files/01-package.conf"))!, "*.conf").Select(f => Path.GetFileName(f)).Order(StringComparer.Ordinal)];

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public void There_are_ten_files() => Assert.Equal(10, Files.Count);

    [Theory]
    [MemberData(nameof(Files))]
    public async Task A_file_carried_over_passes_check(string name)
    {
        var (source, target) = (Path.Combine(_folder.FullName, name), Path.Combine(_folder.FullName, "postern.yaml"));
        File.WriteAllText(source, Text(name));
        var (code, output, error) = await CommandLineFrameTests.RunAsync("import", "knockd", source, "--output", target);
        Assert.True(code == 0, error);
        Assert.Equal("", output);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(target));
        (code, output, error) = await CommandLineFrameTests.RunAsync("check", "--config", target);
        Assert.True(code == 0, output + error);
        (code, _, error) = await CommandLineFrameTests.RunAsync("import", "knockd", source, "--output", target);
        Assert.Equal(2, code);
        Assert.Contains("is there already", error, StringComparison.Ordinal);
    }

    [Fact]
    public void Rules_of_iptables_ufw_and_nft_become_services()
    {
        AssertService(Carry("01-package.conf"), "tcp/22", TimeSpan.FromDays(30), opens: "openssh", closes: "closessh");
        AssertService(Carry("02-manual-example-2.conf"), "tcp/22", TimeSpan.FromSeconds(5), opens: "openclosessh");
        AssertService(Carry("03-manual-one-time.conf"), "tcp/25", TimeSpan.FromSeconds(5), opens: "openclosesmtp");
        AssertService(Carry("04-both-families.conf"), "tcp/22", TimeSpan.FromSeconds(10), opens: "ssh");
        AssertService(Carry("05-ufw.conf"), "tcp/22", TimeSpan.FromDays(30), opens: "openssh", closes: "closessh");
        AssertService(Carry("07-multiport-and-notice.conf"), "tcp/993", TimeSpan.FromHours(1), opens: "web-and-mail");
        AssertService(Carry("09-helper.conf"), "tcp/22", TimeSpan.FromSeconds(10), opens: "openclosessh");
        AssertService(Carry("10-odd.conf"), "tcp/2222", TimeSpan.FromSeconds(60), opens: "door-with-blanks");
    }

    [Fact]
    public void A_door_of_both_families_with_the_same_port_is_one_knock()
    {
        var configuration = Carry("04-both-families.conf");
        Assert.Equal(["ens3"], configuration.Interfaces.ToArray());
        Assert.Equal(IpFamily.Both, Assert.Single(configuration.Sequences).Family);
        Assert.Equal("tcp-22", Assert.Single(configuration.Warden.Services).Name);
    }

    [Fact]
    public void Other_commands_become_actions_without_a_shell_where_they_need_none()
    {
        AssertAction("06-nft-set.conf", "ssh", ["/usr/sbin/nft", "add", "element", "inet", "filter", "knocked", "{{", "{address}", "}}"], ["/usr/sbin/nft", "delete", "element", "inet", "filter", "knocked", "{{", "{address}", "}}"]);
        AssertAction("07-multiport-and-notice.conf", "web-and-mail", ["/usr/bin/logger", "-t", "knock", "somebody came from {address}"], []);
        AssertAction("08-wake-on-lan.conf", "wake", ["/bin/sh", "-c", "echo \"$(date) {address}\" >> /var/log/wake.log; /usr/bin/wakeonlan 00:11:22:33:44:55"], []);
        AssertAction("08-wake-on-lan.conf", "shutdown", ["/bin/sh", "-c", "sleep 5 && logger off"], []);
        AssertAction("01-package.conf", "openhttps", ["/usr/local/sbin/knock_add", "-i", "-c", "INPUT", "-p", "tcp", "-d", "443", "-f", "{address}"], []);
    }

    [Fact]
    public void What_is_left_out_is_told_with_its_line()
    {
        var notes = Notes(Text("10-odd.conf"));
        Assert.Contains(notes, n => n.Contains(":10: UseSyslog is not carried over", StringComparison.Ordinal));
        Assert.Contains(notes, n => n.Contains(":11: LogFile is not carried over", StringComparison.Ordinal));
        Assert.Contains(notes, n => n.Contains("[log only] runs nothing", StringComparison.Ordinal));
        Assert.Contains(notes, n => n.Contains(":15: [Door With Blanks]: 700 s for a sequence", StringComparison.Ordinal));
        var odd = Carry("10-odd.conf");
        Assert.Equal(["door-with-blanks", "door-with-blanks-6"], odd.Warden.Doors.Select(d => d.Name).ToArray());
    }

    [Theory]
    [InlineData("iptables -I INPUT -s %IP% -p tcp --dport 22 -j ACCEPT", "tcp/22")]
    [InlineData("/sbin/iptables -A INPUT -p tcp -s %IP% --dport ssh -j ACCEPT", "tcp/22")]
    [InlineData("/usr/sbin/iptables --append INPUT --source %IP% --protocol udp --destination-port 1194 --jump ACCEPT", "udp/1194")]
    [InlineData("sudo iptables -I INPUT 3 -s %IP% -p tcp -m state --state NEW,ESTABLISHED -m tcp --dport 22 -j ACCEPT", "tcp/22")]
    [InlineData("iptables -t filter -w 5 -I INPUT -s %IP% -m conntrack --ctstate NEW -p tcp --dport 22 -j ACCEPT", "tcp/22")]
    [InlineData("iptables -A INPUT -s %IP% -p tcp -m multiport --dports 80,443 -j ACCEPT", "tcp/80 tcp/443")]
    [InlineData("iptables -A INPUT -s %IP% -p tcp --dport 8000:8010 -j ACCEPT", "tcp/8000-8010")]
    [InlineData("iptables -A INPUT -s %IP% -p tcp --dport 22 -j ACCEPT; ip6tables -A INPUT -s %IP% -p tcp --dport 23 -j ACCEPT;", "tcp/22 tcp/23")]
    [InlineData("iptables -A INPUT -s %IP% -p tcp --dport 22 -j ACCEPT && iptables -A INPUT -s %IP% -p udp --dport 22 -j ACCEPT", "tcp/22 udp/22")]
    [InlineData("iptables -A INPUT -s %IP% -p tcp --dport 22 -j ACCEPT # open", "tcp/22")]
    [InlineData("ufw allow from %IP% to any port 22", "tcp/22 udp/22")]
    [InlineData("ufw insert 1 allow from %IP% to any port 22 proto tcp comment 'knocked'", "tcp/22")]
    [InlineData("ufw allow proto tcp from %IP% to any port 80,443", "tcp/80 tcp/443")]
    [InlineData("nft add rule inet filter input ip saddr %IP% tcp dport 22 accept", "tcp/22")]
    [InlineData("nft insert rule ip filter INPUT tcp dport 22 ip saddr %IP% ct state new counter accept", "tcp/22")]
    [InlineData("nft 'add rule ip6 filter input ip6 saddr %IP% udp dport 51820 accept'", "udp/51820")]
    [InlineData("knock_helper_ipt.sh -a -f %IP% -d 22 -p udp -mcomment", "udp/22")]
    public void These_open_a_port(string line, string ports) =>
        Assert.Equal(ports, FirewallCommand.Read(line) is { Adds: true } command ? string.Join(' ', command.Ports) : "none");

    [Theory]
    [InlineData("iptables -A INPUT -s %IP% -j ACCEPT")] // all ports
    [InlineData("iptables -A INPUT -s 192.0.2.1 -p tcp --dport 22 -j ACCEPT")]
    [InlineData("iptables -A INPUT -p tcp --dport 22 -j ACCEPT")] // for everybody
    [InlineData("iptables -A INPUT ! -s %IP% -p tcp --dport 22 -j ACCEPT")]
    [InlineData("iptables -A INPUT -s %IP% -p tcp --dport 22 -j DROP")]
    [InlineData("iptables -A INPUT -s %IP% -p tcp --dport 22 -j LOG")]
    [InlineData("iptables -A FORWARD -s %IP% -p tcp --dport 22 -j ACCEPT")]
    [InlineData("iptables -t nat -A PREROUTING -s %IP% -p tcp --dport 22 -j ACCEPT")]
    [InlineData("iptables -A INPUT -s %IP% -p tcp --sport 22 -j ACCEPT")]
    [InlineData("iptables -A INPUT -s %IP% -p tcp --dport 22 -m limit --limit 1/s -j ACCEPT")]
    [InlineData("iptables -A INPUT -s %IP% -p tcp --dport 22 -m state --state ESTABLISHED -j ACCEPT")]
    [InlineData("iptables -A INPUT -s %IP% -p tcp --dport 22 -j ACCEPT | tee /log")]
    [InlineData("iptables -A INPUT -s %IP% -p tcp --dport $PORT -j ACCEPT")]
    [InlineData("iptables -A INPUT -s %IP% -p tcp --dport 22 -j ACCEPT; logger %IP%")]
    [InlineData("iptables -A INPUT -s %IP% -p tcp --dport 22 -j ACCEPT; iptables -D INPUT -s %IP% -p tcp --dport 22 -j ACCEPT")]
    [InlineData("iptables -D INPUT 1")]
    [InlineData("ufw deny from %IP% to any port 22")]
    [InlineData("ufw allow from any to any port 22")]
    [InlineData("ufw allow from %IP%")]
    [InlineData("nft add rule inet filter forward ip saddr %IP% tcp dport 22 accept")]
    [InlineData("nft add rule inet filter input ip saddr %IP% accept")]
    [InlineData("nft add rule inet filter input ip saddr != %IP% tcp dport 22 accept")]
    [InlineData("nft add rule inet filter input ip saddr %IP% tcp dport 22 drop")]
    [InlineData("nft add element inet filter s { %IP% }")]
    [InlineData("nft add rule inet filter input limit rate 1/minute ip saddr %IP% tcp dport 22 accept")]
    [InlineData("nft add rule inet filter input vlan id 7 ip saddr %IP% tcp dport 22 accept")]
    [InlineData("nft add rule inet filter input mark 0x1 ip saddr %IP% tcp dport 22 accept")]
    [InlineData("nft add rule ip nat OUTPUT ip saddr %IP% tcp dport 22 accept")]
    [InlineData("ufw allow proto tcp from %IP% port 22 to any")]
    [InlineData("knock_helper_ipt.sh -t -a -f %IP% -d 22")]
    public void And_these_are_something_else(string line) => Assert.Null(FirewallCommand.Read(line));

    [Theory]
    [InlineData("a b  c", "a|b|c")]
    [InlineData("a 'b  c' \"d e\"f", "a|b  c|d ef")]
    [InlineData("a b\\ c \\$d", "a|b c|$d")]
    [InlineData("a b#c # d", "a|b#c")]
    [InlineData("a; b && c;", "a||b||c")]
    [InlineData("a '' { } x=y", "a||{|}|x=y")]
    [InlineData("a $b", null)]
    [InlineData("a \"$b\"", null)]
    [InlineData("a `b`", null)]
    [InlineData("a > b", null)]
    [InlineData("a & b", null)]
    [InlineData("a || b", null)]
    [InlineData("a *", null)]
    [InlineData("a ~", null)]
    [InlineData("a (b)", null)]
    [InlineData("A=b c", null)]
    [InlineData("{ a; }", null)]
    [InlineData("! a", null)]
    [InlineData("a 'b", null)]
    [InlineData("; a", null)]
    [InlineData("# a", null)]
    [InlineData("", null)]
    public void Words_are_a_shell_s(string line, string? words) =>
        Assert.Equal(words, ShellWords.Split(line) is { } commands ? string.Join("||", commands.Select(c => string.Join('|', c))) : null);

    [Fact]
    public void A_rule_that_only_an_action_takes_back_is_an_action_itself()
    {
        var configuration = Read("""
            [open]
            sequence = 1,3,5
            command = /sbin/iptables -A INPUT -s %IP% -p tcp --dport 22 -j ACCEPT
            [close]
            sequence = 5,3,1
            command = /sbin/iptables -D INPUT -s %IP% -p tcp --dport 22 -j ACCEPT; logger closed
            """);
        Assert.Equal(["open", "close"], configuration.Actions.Select(a => a.Service).ToArray());
        Assert.DoesNotContain(configuration.Warden.Services, s => !s.Ports.IsEmpty);
    }

    [Fact]
    public void A_rule_that_nobody_makes_is_taken_back_by_an_action()
    {
        var configuration = Read("[close]\nsequence = 5,3,1\ncommand = /sbin/iptables -D INPUT -s %IP% -p tcp --dport 22 -j ACCEPT\n");
        Assert.Equal("close", Assert.Single(configuration.Actions).Service);
    }

    [Fact]
    public void Runs_that_overlap_become_services_that_do_not()
    {
        var configuration = Read("""
            [a]
            sequence = 1,3,5
            command = iptables -A INPUT -s %IP% -p tcp --dport 8000:8010 -j ACCEPT
            [b]
            sequence = 5,3,1
            start_command = iptables -A INPUT -s %IP% -p tcp --dport 8005 -j ACCEPT
            stop_command = iptables -D INPUT -s %IP% -p tcp --dport 8005 -j ACCEPT
            """);
        Assert.Equal(["tcp-8000-8004", "tcp-8005", "tcp-8006-8010"], configuration.Warden.Doors[0].Opens.ToArray());
        Assert.Equal(["tcp-8005"], configuration.Warden.Doors[1].Opens.ToArray());
        Assert.Equal(TimeSpan.FromSeconds(10), configuration.Warden.Services.First(s => s.Name == "tcp-8005").OpenFor);
    }

    [Theory]
    [InlineData("x = 1\n[a]\nsequence = 1\n", 1)]
    [InlineData("[a]\nsequence = 1\nsequenze = 2\n", 3)]
    [InlineData("[a]\nsequence = 1,2:sctp\n", 2)]
    [InlineData("[a]\nsequence = 1\ntcpflags = syn, ack\n", 3)]
    [InlineData("[a]\nsequence = 1\ntarget = gate.example\n", 3)]
    [InlineData("[a]\nsequence = 1\nword\n", 3)]
    [InlineData("[a]\none_time_sequences = /does/not/exist\n", 2)]
    [InlineData("[options]\nUseSyslog\nlog = x\n[a]\nsequence=1\n", 3)]
    [InlineData("[options]\nUseSyslog\n", 0)]
    public void What_knockd_refuses_is_refused_with_its_line(string text, int line)
    {
        Assert.Null(KnockdImport.Read(text, new("knockd.conf"), out var faults));
        Assert.Equal(line, Assert.Single(faults).Line);
    }

    [Fact]
    public async Task The_command_refuses_in_the_same_words()
    {
        var path = Path.Combine(_folder.FullName, "knockd.conf");
        File.WriteAllText(path, "[a]\nsequence = 70000\n");
        var (code, output, error) = await CommandLineFrameTests.RunAsync("import", "knockd", path);
        Assert.Equal((2, ""), (code, output));
        Assert.Contains($"{path}:2: '70000' is no port", error, StringComparison.Ordinal);
        Assert.Contains("postern: error: knockd would not start with", error, StringComparison.Ordinal);
    }

    [Fact]
    public void Lines_are_cut_where_knockd_cuts_them()
    {
        var name = new string('x', 4095 - "[a]".Length - 2) + "y";
        var file = KnockdReader.Read($"[a]\nsequence = 1\n#{new string('c', 4094)}sequence = 2\n[{name}]\nsequence=3\0 4\n");
        Assert.Empty(file.Faults);
        Assert.Equal((ushort)2, Assert.Single(file.Doors[0].Steps).First);
        Assert.Equal(127, file.Doors[1].Name.Length);
        Assert.Equal(3, file.Doors[1].Steps[0].First);
    }

    private GateConfiguration Carry(string name) => Read(Text(name));

    private string Text(string name)
    {
        var sequences = Path.Combine(_folder.FullName, "smtp_sequences");
        File.WriteAllText(sequences, " 7001,8002,9003\n 1234,4321:udp,9991\n");
        File.SetUnixFileMode(sequences, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        return File.ReadAllText(Repository.File("tests/knockd/files/" + name)).Replace("@DIR@", _folder.FullName, StringComparison.Ordinal);
    }

    private static GateConfiguration Read(string text)
    {
        var import = KnockdImport.Read(text, Options, out var faults);
        Assert.True(import is not null, string.Join('\n', faults));
        var read = ConfigurationReader.ReadText("carried over", KnockdYaml.Write(import, "knockd.conf"));
        Assert.Empty(read.Faults);
        Assert.Empty(read.KeyFaults);
        return read.Configuration!;
    }

    private static KnockdImportOptions Options => new("knockd.conf") { ReadOneTime = path => File.Exists(path) ? File.ReadAllText(path) : null, IsProgram = path => path is "/usr/bin/logger" };

    private static string[] Notes(string text)
    {
        using var told = new StringWriter();
        KnockdImport.Read(text, Options, out _)!.Notes.Tell(told);
        return told.ToString().Split('\n');
    }

    private static void AssertService(GateConfiguration configuration, string ports, TimeSpan time, string opens, string? closes = null)
    {
        var service = configuration.Warden.Services.First(s => s.Ports.Any(p => p.ToString() == ports));
        Assert.Equal(ports, Assert.Single(service.Ports).ToString());
        Assert.Equal(time, service.OpenFor);
        Assert.Contains(service.Name, configuration.Warden.Doors.First(d => d.Name == opens).Opens);
        if (closes is not null)
            Assert.Contains(service.Name, configuration.Warden.Doors.First(d => d.Name == closes).Closes);
    }

    private void AssertAction(string file, string service, string[] run, string[] undo)
    {
        var configuration = Carry(file);
        var action = configuration.Actions.First(a => a.Service == service);
        Assert.Equal(run, action.Run);
        Assert.Equal(undo, action.Undo);
        Assert.Equal("root", action.RunAs);
        Assert.Contains(configuration.Warden.Doors, d => d.Opens.Contains(service));
    }
}
