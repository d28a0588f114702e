using BenchmarkDotNet.Attributes;
using Postern.Firewall;
using Postern.Reports;

namespace Postern.Benchmarks;

/// <summary>
/// One grant more, with so many in force already, in the kernel. Changes the rules of the network namespace that it runs in: use
/// <c>bench/run</c>, which makes one.
/// </summary>
[MemoryDiagnoser]
[Config(typeof(InThisProcess.InSmallRounds))]
public class GrantBenchmarks
{
    private static readonly ProtectedService Ssh = new("ssh", [new(Transport.Tcp, 22)], Appearance.Silent);

    private NftablesFirewall _firewall = null!;
    private uint _next;

    [Params(0, 10_000, 100_000)]
    public int InForce { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        _firewall = new();
        _firewall.TearDown();
        _firewall.Apply(new([Ssh], []));
        for (var i = 0; i < InForce; i++)
            Open(0x0b00_0000 + (uint)i, TimeSpan.FromHours(1));
    }

    [GlobalCleanup]
    public void Cleanup()
    {
        _firewall.TearDown();
        _firewall.Dispose();
    }

    [Benchmark(Description = "open")]
    public void One() => Open(0x0a00_0000 + _next++, TimeSpan.FromSeconds(30));

    [Benchmark(Description = "extend")]
    public void Again() => Open(0x0a00_0001, TimeSpan.FromSeconds(30));

    private void Open(uint address, TimeSpan time)
    {
        var result = _firewall.Open(Ssh, new(Address.FromV4(address)), time);
        if (!result.Done)
            throw new InvalidOperationException($"the kernel refused: errno {result.Error}");
    }
}
