using System.Text.RegularExpressions;
using Postern.Tests;

namespace Postern.Firewall.Tests;

/// <summary>What a scanner sees, and what really goes over the wire, beside a port where nothing listens.</summary>
public sealed partial class KernelAppearanceTests : IDisposable
{
    private static readonly ProtectedService Silent = Lab.Service("silent", "tcp/22 udp/22");
    private static readonly ProtectedService Closed = Lab.Service("closed", "tcp/80 udp/80", Appearance.Closed);
    private readonly Lab _lab = new();

    public KernelAppearanceTests()
    {
        Needs.Program("nmap");
        Needs.Program("tcpdump");
        Needs.Program("hping3");
        foreach (var port in (int[])[22, 80])
        {
            _lab.ListenTcp(port);
            _lab.EchoUdp(port);
        }

        // An answer of the kernel to many unreachable ports is throttled; the comparison is not about that.
        Lab.Shell(_lab.Host, "sysctl -qw net.ipv4.icmp_ratelimit=0 net.ipv6.icmp.ratelimit=0");
        _lab.Apply(Silent, Closed);
    }

    public void Dispose() => _lab.Dispose();

    [Theory]
    [InlineData("-sS", "tcp", "filtered", "closed")]
    [InlineData("-sU", "udp", "open|filtered", "closed")]
    [InlineData("-sA", "tcp", "filtered", "unfiltered")]
    [InlineData("-sF", "tcp", "open|filtered", "closed")]
    [InlineData("-sX", "tcp", "open|filtered", "closed")]
    [InlineData("-sN", "tcp", "open|filtered", "closed")]
    public void A_scan_tells_nothing_before_and_during_the_grant_of_another(string scan, string protocol, string silent, string closed)
    {
        for (var turn = 0; turn < 2; turn++)
        {
            foreach (var (options, host) in (ReadOnlySpan<(string[], string)>)[(["-S", Lab.StrangerV4], Lab.HostV4), (["-6", "-S", Lab.StrangerV6], Lab.HostV6)])
            {
                var output = Lab.Run("ip", ["netns", "exec", _lab.Client, "nmap", "-n", "-Pn", "-v", scan, "-e", "wan", "--max-retries", "1", "-p", "22,80,81", .. options, host]);
                Assert.Matches($@"22/{protocol}\s+{Regex.Escape(silent)} ", output);
                Assert.Matches($@"80/{protocol}\s+{closed} ", output);
                Assert.Matches($@"81/{protocol}\s+{closed} ", output);
            }

            foreach (var friend in (ReadOnlySpan<string>)[Lab.FriendV4, Lab.FriendV6])
            {
                _lab.Open(Silent, friend);
                _lab.Open(Closed, friend);
            }
        }
    }

    /// <summary>
    /// The answers of a protected port and of one where nothing listens, packet by packet, less the port's number.
    /// One thing differs and is the kernel's: a reset made by a rule does not repeat the type of service of the packet that it answers.
    /// </summary>
    [Theory]
    [InlineData("-S")]
    [InlineData("-A")]
    [InlineData("-F")]
    [InlineData("-S -A")]
    [InlineData("-F -P -U")]
    [InlineData("-S -d 40")]
    [InlineData("-2 -d 40")]
    [InlineData("-2 -d 1000 -o 10")]
    public void The_answer_of_a_closed_port_is_the_real_one(string probe)
    {
        var protectedPort = Answers(probe, 80);
        var real = Answers(probe, 81);
        TestContext.Current.TestOutputHelper?.WriteLine(real);
        Assert.NotEmpty(real);
        Assert.Equal(real.Replace("10.9.0.1.81", "PORT", StringComparison.Ordinal), protectedPort.Replace("10.9.0.1.80", "PORT", StringComparison.Ordinal));
        Assert.Empty(Answers(probe, 22));
    }

    /// <summary>A frame for everybody with a packet for one: TCP does not answer that, but a rule that resets would.</summary>
    [Fact]
    public void What_was_sent_to_all_is_not_answered()
    {
        Assert.NotEmpty(Answers("-S", 80));
        Lab.Run("ip", "-n", _lab.Client, "neigh", "replace", Lab.HostV4, "lladdr", "ff:ff:ff:ff:ff:ff", "dev", "wan");
        Assert.Empty(Answers("-S", 81));
        Assert.Empty(Answers("-S", 80));
    }

    private string Answers(string probe, int port)
    {
        var dump = _lab.Start(_lab.Client, "tcpdump", "-n", "-v", "-t", "-S", "--immediate-mode", "-l", "-i", "wan", "src 10.9.0.1 and not arp");
        while (dump.StandardError.ReadLine() is { } line && !line.Contains("listening on", StringComparison.Ordinal))
        {
        }

        Lab.Try("ip", ["netns", "exec", _lab.Client, "hping3", "-q", "-n", "-c", "1", "-s", "5000", "-M", "1000", "-L", "77", "-p", $"{port}", .. probe.Split(' '), Lab.HostV4]);
        Thread.Sleep(200);
        Lab.Run("kill", "-INT", $"{dump.Id}");
        var seen = dump.StandardOutput.ReadToEnd().ReplaceLineEndings("\n");
        dump.WaitForExit();

        // The identification counts up, and the checksums follow it and the ports; between two namespaces nobody fills in a checksum
        // that the kernel leaves to the network card. What is quoted in an ICMP error holds the port.
        seen = Identification().Replace(seen, match => match.Groups["number"].Value == "0" ? "id 0" : "id N");
        seen = Checksum().Replace(seen, "cksum");
        return QuotedPort().Replace(seen, "10.9.0.1 udp port").Trim();
    }

    [GeneratedRegex(@"\bid (?<number>\d+)", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Identification();

    [GeneratedRegex(@"cksum 0x[0-9a-f]+ \((correct|incorrect -> 0x[0-9a-f]+)\)", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Checksum();

    [GeneratedRegex(@"10\.9\.0\.1 udp port (\d+|http|hosts2-ns)|10\.9\.0\.1\.(80|81)(?=: UDP)", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex QuotedPort();
}
