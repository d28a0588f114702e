using Postern.Tests;

namespace Postern.Client.Tests;

/// <summary>The peer that is out there: Debian's knockd opens for our client.</summary>
public sealed class KnockdTests(ITestOutputHelper log)
{
    [Theory(Timeout = 60_000)]
    [InlineData("7000:tcp,9000:tcp,8000:tcp", "tcp/7000,tcp/9000,tcp/8000")]
    [InlineData("7000:udp,9000:udp,8000:udp", "udp/7000,udp/9000,udp/8000")]
    [InlineData("7000:tcp,9000:udp,8000:tcp,6000:udp", "tcp/7000,udp/9000,tcp/8000,udp/6000")]
    public async Task Knockd_opens(string theirs, string ours)
    {
        Needs.Program("knockd");
        using var street = new Street();
        street.Rules("ip saddr @open accept; tcp dport 22 drop;");
        using var ssh = street.Listen(22);
        var configuration = Path.GetTempFileName();
        try
        {
            await File.WriteAllTextAsync(configuration, $"[options]\n\tlogfile = /dev/null\n[door]\n\tsequence = {theirs}\n\tseq_timeout = 10\n\ttcpflags = syn\n\tcommand = {Needs.Find("nft")} add element inet t open {{ %IP% }}\n");
            using var knockd = street.Gate.Start("knockd", "-i", NetworkNamespace.Interface, "-c", configuration, "-p", configuration + ".pid");
            try
            {
                await Task.Delay(1_000); // it does not say when it is ready
                var result = await street.AtClient(() => Knocker.KnockAsync(new([Street.Gate4], Street.Steps(ours)) { Ports = [22] }, null, TestContext.Current.CancellationToken));

                log.WriteLine($"{result.SinceKnock.TotalMilliseconds:0.0} ms, {result.Rounds} rounds");
                Assert.Equal(KnockOutcome.Done, result.Outcome);
                Assert.InRange(result.Rounds, 1, 2);
            }
            finally
            {
                knockd.Kill();
                await knockd.WaitForExitAsync();
            }
        }
        finally
        {
            File.Delete(configuration);
            File.Delete(configuration + ".pid");
        }
    }
}
