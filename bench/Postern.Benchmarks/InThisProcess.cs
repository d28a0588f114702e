using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Toolchains.InProcess.Emit;

namespace Postern.Benchmarks;

/// <summary>BenchmarkDotNet's own processes would be started outside the network namespace; short, since medians of many rounds say enough here.</summary>
internal class InThisProcess : ManualConfig
{
    private static readonly Job Short = Job.ShortRun.WithIterationCount(5).WithToolchain(InProcessEmitToolchain.Instance);

    public InThisProcess() => AddJob(Short);

    private InThisProcess(Job job) => AddJob(job);

    /// <summary>For what fills something up: so many calls that the figure is good, and no more than fit in.</summary>
    internal sealed class InSmallRounds() : InThisProcess(Short.WithInvocationCount(4096).WithUnrollFactor(16).WithIterationCount(10));
}
