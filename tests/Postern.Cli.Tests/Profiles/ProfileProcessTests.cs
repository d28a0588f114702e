using System.Text.Json;

namespace Postern.Cli.Tests.Profiles;

/// <summary>`postern profile` and knocking by one, as a user does it, with keys that ssh-keygen made.</summary>
public sealed class ProfileProcessTests : IDisposable
{
    private readonly UserHome _user = new();

    [Fact(Timeout = 120_000)]
    public async Task A_profile_is_added_listed_shown_and_removed()
    {
        await Task.Yield();
        Assert.Equal((0, "", ""), _user.Postern("profile", "list"));
        var added = _user.PosternTold(_user.Invitation(services: "ssh,vpn") + "\n", "profile", "add", "-", "--name", "work.gate");
        Assert.Equal((0, "added 'work.gate' (gate.example.org); knock with: postern knock work.gate\n", ""), added);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(_user.ProfilePath("work.gate")));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(Path.GetDirectoryName(_user.ProfilePath("work.gate"))!));

        var again = _user.PosternTold(_user.Invitation(), "profile", "add", "-", "--name", "work.gate");
        Assert.Equal(2, again.Code);
        CommandLineFrameTests.AssertTwoLines(again.Error, "there is a profile 'work.gate' already", "--name");

        var file = Path.Combine(_user.Folder, "invitation.txt");
        await File.WriteAllTextAsync(file, $"\n  {_user.Invitation()}  \n");
        Assert.Equal(0, _user.Postern("profile", "add", file, "--key", "~/.ssh/other").Code);
        Assert.Equal((0, "home       gate.example.org  ssh\nwork.gate  gate.example.org  ssh, vpn\n", ""), _user.Postern("profile", "list"));

        var shown = _user.Postern("profile", "show", "home");
        Assert.Contains("key: '~/.ssh/other'\n", shown.Output, StringComparison.Ordinal);
        Assert.Contains("ports:\n  'ssh': [tcp/22]\n", shown.Output, StringComparison.Ordinal);
        Assert.Contains("gate_secret: (not shown", shown.Output, StringComparison.Ordinal);
        using var json = JsonDocument.Parse(_user.Postern("profile", "show", "home", "--json", "--secrets").Output);
        Assert.Equal(43, json.RootElement.GetProperty("gate_secret").GetString()!.Length);
        Assert.DoesNotContain("gate_secret", _user.Postern("profile", "list", "--json").Output, StringComparison.Ordinal);

        Assert.Equal((0, "removed 'home'\n", ""), _user.Postern("profile", "remove", "home"));
        var missing = _user.Postern("profile", "remove", "work");
        Assert.Equal(2, missing.Code);
        CommandLineFrameTests.AssertTwoLines(missing.Error, "there is no profile 'work'", "profile");
    }

    [Fact(Timeout = 120_000)]
    public async Task What_is_no_invitation_is_said_without_showing_it()
    {
        await Task.Yield();
        var cut = _user.Invitation().Split('&')[0];
        var (code, _, error) = _user.PosternTold(cut, "profile", "add", "-");
        Assert.Equal(2, code);
        CommandLineFrameTests.AssertTwoLines(error, "the gate's key is missing", "quoted: the shell cuts at '&'");
        var onLine = _user.Postern("profile", "add", _user.Invitation());
        Assert.Equal(0, onLine.Code);
        Assert.Contains("other users of this computer can see a command line", onLine.Error, StringComparison.Ordinal);
        Assert.Equal(2, _user.PosternTold(_user.Invitation(), "profile", "add", "-", "--name", "../x").Code);
        Assert.Equal(2, _user.Postern("profile", "add", "/does/not/exist").Code);
    }

    [Fact(Timeout = 120_000)]
    public async Task A_profile_that_others_can_read_or_write_is_refused()
    {
        await Task.Yield();
        _user.PosternTold(_user.Invitation(), "profile", "add", "-");
        _user.MakeKey();
        var file = _user.ProfilePath("home");
        File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.GroupRead);
        var (code, _, error) = _user.Postern("knock", "home", "--dry-run");
        Assert.Equal(2, code);
        CommandLineFrameTests.AssertTwoLines(error, "other users may read the gate secret", $"chmod 600 {file}");

        File.SetUnixFileMode(file, UnixFileMode.UserRead);
        File.SetUnixFileMode(Path.GetDirectoryName(file)!, (UnixFileMode)0b111_111_111);
        CommandLineFrameTests.AssertTwoLines(_user.Postern("knock", "home", "--dry-run").Error, "other users may put profiles", "chmod 700");
    }

    [Fact(Timeout = 120_000)]
    public async Task A_fault_in_the_file_is_said_with_its_place()
    {
        await Task.Yield();
        _user.PosternTold(_user.Invitation(), "profile", "add", "-");
        await File.AppendAllTextAsync(_user.ProfilePath("home"), "hots: a\n");
        var (code, _, error) = _user.Postern("knock", "home");
        Assert.Equal(2, code);
        CommandLineFrameTests.AssertTwoLines(error, "home.yaml:11:1: unknown key 'hots'", "did you mean 'host'?");
    }

    [Theory(Timeout = 120_000)]
    [InlineData("ed25519", "id_ed25519", 320)]
    [InlineData("ecdsa", "id_ecdsa", 320)]
    [InlineData("rsa", "id_rsa", 1200)]
    public async Task A_dry_run_shows_the_packet_and_the_gate_can_open_it(string type, string name, int size)
    {
        await Task.Yield();
        _user.PosternTold(_user.Invitation(host: "no-such-host.invalid", services: "ssh,web"), "profile", "add", "-");
        var key = _user.MakeKey(type, name: name);
        var (code, output, error) = _user.Postern("knock", "home", "ssh", "web", "--for", "10m", "--address", "192.0.2.7", "--source-port", "40000", "--dry-run", "--json");
        Assert.Equal((0, ""), (code, error));
        using var json = JsonDocument.Parse(output);
        var packet = Convert.FromHexString(json.RootElement.GetProperty("packet").GetString()!);
        Assert.True(packet.Length == size || (type == "rsa" && packet.Length is 512 or 1200), $"{packet.Length}");

        using var outer = _user.Secret.DeriveOuterKey();
        var reader = new Postern.Knocks.Spa.SpaReader(outer, _user.GateKey);
        Assert.Equal(Postern.Reports.Refusal.None, reader.OpenOuter(packet, out var box));
        Assert.Equal(Postern.Reports.Refusal.None, reader.Open(box, out var whole));
        Assert.Equal(Postern.Reports.Refusal.None, Postern.Reports.Spa.SignedRequest.Read(whole.Span, out var request));
        Assert.True(Postern.Keys.Ssh.SshPublicKey.TryParse(File.ReadAllText(key + ".pub").Trim(), out var known));
        Assert.True(known.Verify("spa@postern", request.Signed, request.Signature));
        Assert.Equal((2, 600u, (ushort)40_000, "192.0.2.7", known.Hint), (request.ServiceCount, request.Seconds, request.SourcePort, request.Address.ToString(), request.KeyHint));

        var text = _user.Postern("close", "home", "ssh", "--dry-run");
        Assert.Contains("ask          close\nservices     ssh\n", text.Output, StringComparison.Ordinal);
        Assert.Contains($"key          {known.Fingerprint} (test@home)\n", text.Output, StringComparison.Ordinal);
    }

    [Fact(Timeout = 120_000)]
    public async Task Processes_at_once_never_share_a_time_or_have_two_devices()
    {
        _user.PosternTold(_user.Invitation(), "profile", "add", "-");
        _user.MakeKey();
        var runs = Enumerable.Range(0, 6).Select(_ => Task.Run(() => _user.Postern("knock", "home", "--dry-run", "--json").Output)).ToArray();
        var reports = (await Task.WhenAll(runs)).Select(r => JsonDocument.Parse(r).RootElement).ToList();
        Assert.Equal(6, reports.Select(r => r.GetProperty("time_ns").GetString()).Distinct().Count());
        Assert.Single(reports.Select(r => r.GetProperty("device").GetString()).Distinct());
    }

    [Fact(Timeout = 120_000)]
    public async Task The_key_is_found_as_ssh_finds_it()
    {
        await Task.Yield();
        Needs("ssh-agent");
        _user.PosternTold(_user.Invitation(), "profile", "add", "-");
        var none = _user.Postern("knock", "home", "--dry-run");
        Assert.Equal(2, none.Code);
        CommandLineFrameTests.AssertTwoLines(none.Error, "there is no SSH key", "ssh-keygen -t ed25519");

        var socket = Path.Combine(_user.Folder, "agent");
        var agent = System.Diagnostics.Process.Start(new System.Diagnostics.ProcessStartInfo("ssh-agent", ["-D", "-a", socket]) { RedirectStandardOutput = true, UseShellExecute = false })!;
        try
        {
            Assert.True(SpinWait.SpinUntil(() => File.Exists(socket), TimeSpan.FromSeconds(10)));
            _user.Environment["SSH_AUTH_SOCK"] = socket;
            var empty = _user.Postern("knock", "home", "--dry-run");
            Assert.Equal(2, empty.Code);
            CommandLineFrameTests.AssertTwoLines(empty.Error, "the SSH agent has no keys", "ssh-add");

            var first = _user.MakeKey();
            var second = _user.MakeKey(passphrase: "secret", name: "other");
            Assert.Equal(0, _user.Run("ssh-add", "", first).Code);
            Assert.Contains(Fingerprint(first), _user.Postern("knock", "home", "--dry-run").Output, StringComparison.Ordinal);

            // Not in the agent, with a passphrase, and nobody to ask: standard input is not a terminal.
            var locked = _user.Run("setsid", "secret\n", "-w", "dotnet", Path.Combine(AppContext.BaseDirectory, "postern.dll"), "knock", "home", "--dry-run", "--key", second);
            Assert.Equal(2, locked.Code);
            Assert.Contains(second, locked.Error, StringComparison.Ordinal);
            var absent = _user.Postern("knock", "home", "--dry-run", "--key", $"agent {Fingerprint(second)}");
            CommandLineFrameTests.AssertTwoLines(absent.Error, "does not have the key", "ssh-add -l");

            // In the agent, the file's passphrase is not needed.
            File.Move(second, second + ".away");
            Assert.Equal(0, _user.Run("sh", "", "-c", $"cp {first} {second} && chmod 600 {second}").Code);
            Assert.Contains(Fingerprint(first), _user.Postern("knock", "home", "--dry-run", "--key", first + ".pub").Output, StringComparison.Ordinal);
        }
        finally
        {
            agent.Kill();
            agent.WaitForExit();
            agent.Dispose();
        }
    }

    [Fact(Timeout = 120_000)]
    public async Task A_passphrase_is_asked_on_the_terminal_and_not_shown()
    {
        await Task.Yield();
        Needs("script");
        _user.PosternTold(_user.Invitation(), "profile", "add", "-");
        _user.MakeKey(passphrase: "open sesame");
        var (_, output, _) = _user.Run("script", "open sesame\n", "-qec", $"dotnet '{Path.Combine(AppContext.BaseDirectory, "postern.dll")}' knock home --dry-run", "/dev/null");
        Assert.Contains("passphrase of ", output, StringComparison.Ordinal);
        Assert.Contains("services     ssh", output, StringComparison.Ordinal);
    }

    [Theory(Timeout = 120_000)]
    [InlineData("knock home --dry-run --carrier tcp", "has no carrier of tcp: udp/62201", "--carrier tcp/")]
    [InlineData("knock home --dry-run --carrier sctp", "'sctp' is no carrier", "udp, icmp or tcp")]
    [InlineData("knock home --dry-run --address http://a", "--address cannot be 'http://a'", "https://")]
    [InlineData("knock home --dry-run SSH", "'SSH' cannot be the name of a service", "a-z")]
    [InlineData("knock home shh", "knows no service 'shh'", "did you mean 'ssh'?")]
    [InlineData("knock hom ssh", "there is no profile 'hom'", "did you mean 'home'?")]
    [InlineData("knock home --dry-run a b c d e f g h i", "more than 8 services", "twice")]
    [InlineData("knock hom --dry-run", "there is no profile 'hom', and no --sequence is given", "profile")]
    [InlineData("knock home -s tcp/1 --for 10m --dry-run", "--for is for profiles", "profile")]
    [InlineData("connect hom 22", "there is no profile 'hom'", "profile list")]
    [InlineData("connect home 0", "0 is no PORT", "22")]
    public async Task What_does_not_fit_is_said_in_two_lines(string line, string message, string hint)
    {
        await Task.Yield();
        _user.PosternTold(_user.Invitation(), "profile", "add", "-");
        _user.MakeKey();
        var (code, _, error) = _user.Postern(line.Split(' '));
        Assert.Equal(2, code);
        CommandLineFrameTests.AssertTwoLines(error, message, hint);
    }

    private string Fingerprint(string key) => _user.Run("ssh-keygen", "", "-lf", key).Output.Split(' ')[1];

    private static void Needs(string program) => Postern.Tests.Needs.Program(program);

    public void Dispose() => _user.Dispose();
}
