using System.Buffers.Binary;
using Postern.Confinement.SystemCalls;

namespace Postern.Confinement.Tests;

/// <summary>The programs of both architectures, run by the rules of bpf(4); the kernel of the other one is not here to ask.</summary>
public sealed class FilterProgramTests
{
    private const uint Self = 4711;
    private const uint Denied = 0x0005_0001;
    private const uint NoCall = 0x0005_0026;

    public static TheoryData<SystemCallProfile, string> All =>
        new MatrixTheoryData<SystemCallProfile, string>([SystemCallProfile.Sentry, SystemCallProfile.Warden], ["x64", "arm64"]);

    [Theory]
    [InlineData("x64")]
    [InlineData("arm64")]
    public void Numbers_are_those_of_the_headers(string architecture)
    {
        var headers = architecture is "x64" ? KernelHeaders.X64 : KernelHeaders.Generic;
        Assert.SkipWhen(headers is null, "needs the kernel's headers (linux-libc-dev)");
        var table = Table(architecture);
        foreach (var name in table.Names.Where(name => headers!.ContainsKey(name)))
            Assert.Equal((name, (int?)headers![name]), (name, table.Find(name)));
        Assert.True(table.Names.Count(headers!.ContainsKey) > 150);
    }

    [Theory]
    [MemberData(nameof(All))]
    public void What_nobody_named_is_denied(SystemCallProfile profile, string architecture)
    {
        var (program, table) = Program(profile, architecture);
        var named = table.Names.Select(table.Find).ToHashSet();
        for (var number = 0; number < SystemCallTable.Unknown; number++)
        {
            if (!named.Contains(number))
                Assert.Equal(Denied, Run(program, table.Architecture, (uint)number));
        }

        Assert.Equal(NoCall, Run(program, table.Architecture, SystemCallTable.Unknown));
        Assert.Equal(NoCall, Run(program, table.Architecture, SystemCallTable.X32 - 1));
        Assert.Equal(Verdict.Kill, Run(program, table.Architecture, SystemCallTable.X32));
        Assert.Equal(Verdict.Kill, Run(program, table.Architecture, uint.MaxValue));
    }

    /// <summary>int 0x80 of i386, 32-bit ARM, and the architecture of the other list.</summary>
    [Theory]
    [MemberData(nameof(All))]
    public void Other_architectures_die(SystemCallProfile profile, string architecture)
    {
        var (program, table) = Program(profile, architecture);
        foreach (var other in new[] { 0x4000_0003u, 0x4000_0028u, SystemCallTable.X64.Architecture, SystemCallTable.Arm64.Architecture }.Where(a => a != table.Architecture))
            Assert.Equal(Verdict.Kill, Run(program, other, (uint)table.Find("read")!));
    }

    [Theory]
    [MemberData(nameof(All))]
    public void Arguments_are_judged(SystemCallProfile profile, string architecture)
    {
        var (program, table) = Program(profile, architecture);
        uint Of(string name, params ulong[] arguments) => Run(program, table.Architecture, (uint)table.Find(name)!, arguments);

        Assert.Equal(Verdict.Allow, Of("read"));
        Assert.Equal(Verdict.Kill, Of("execve"));
        Assert.Equal(Verdict.Kill, Of("ptrace"));
        Assert.Equal(NoCall, Of("clone3"));
        Assert.Equal(Verdict.Allow, Of("clone", 0x3D_0F00)); // what libc asks for a thread
        Assert.Equal(Denied, Of("clone", 0x11));
        Assert.Equal(Denied, Of("clone", 0x3D_0F00 | 0x4000_0000)); // with a network of its own
        Assert.Equal(Denied, Of("clone", 0x3D_0F00 | 0x80)); // with a time of its own
        Assert.Equal(Verdict.Allow, Of("tgkill", Self));
        Assert.Equal(Denied, Of("tgkill", Self + 1));
        Assert.Equal(Verdict.Allow, Of("prlimit64", 0, 7, 0, 1));
        Assert.Equal(Denied, Of("prlimit64", 0, 7, 0x7FFF_0000_0000, 0));

        var sentry = profile == SystemCallProfile.Sentry;
        Assert.Equal(sentry ? Verdict.Kill : Verdict.Allow, Of("socket", 1));
        Assert.Equal(sentry ? Verdict.Kill : Verdict.Deny(97), Of("socket", 2));
        Assert.Equal(sentry ? Denied : Verdict.Allow, Of("openat"));
        Assert.Equal(sentry ? Denied : Verdict.Allow, Of("sendto", 3, 0, 0, 0, 0x7FFF_0000_0000));
        Assert.Equal(Verdict.Allow, Of("sendto", 3, 1, 1, 0, 0, 0));
        Assert.Equal(Verdict.Allow, Of("ioctl", 3, 0x8910));
        Assert.Equal(Denied, Of("ioctl", 3, 0x8914));
    }

    /// <summary>4096 instructions is what the kernel takes; less than a tenth of it is what a filter should cost.</summary>
    [Theory]
    [MemberData(nameof(All))]
    public void Programs_are_short(SystemCallProfile profile, string architecture) => Assert.InRange(Program(profile, architecture).Program.Lines.Length, 50, 700);

    private static (FilterProgram Program, SystemCallTable Table) Program(SystemCallProfile profile, string architecture) =>
        (Profiles.Of(profile, Table(architecture), Self), Table(architecture));

    private static SystemCallTable Table(string architecture) => architecture is "x64" ? SystemCallTable.X64 : SystemCallTable.Arm64;

    private static uint Run(FilterProgram program, uint architecture, uint number, params ulong[] arguments)
    {
        var data = new byte[64];
        BinaryPrimitives.WriteUInt32LittleEndian(data, number);
        BinaryPrimitives.WriteUInt32LittleEndian(data.AsSpan(4), architecture);
        for (var i = 0; i < arguments.Length; i++)
            BinaryPrimitives.WriteUInt64LittleEndian(data.AsSpan(16 + (8 * i)), arguments[i]);

        var accumulator = 0u;
        for (var at = 0; ; at++)
        {
            var line = program.Lines[at];
            switch (line.Code)
            {
                case 0x20: accumulator = BinaryPrimitives.ReadUInt32LittleEndian(data.AsSpan((int)line.Constant)); break;
                case 0x54: accumulator &= line.Constant; break;
                case 0x15: at += accumulator == line.Constant ? line.Yes : line.No; break;
                case 0x35: at += accumulator >= line.Constant ? line.Yes : line.No; break;
                case 0x06: return line.Constant;
                default: throw new InvalidOperationException($"code {line.Code:x}");
            }
        }
    }
}
