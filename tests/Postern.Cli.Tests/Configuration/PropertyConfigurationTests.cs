using System.Collections.Immutable;
using System.Diagnostics;
using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Postern.Cli.Configuration;
using Postern.Firewall;
using Postern.Knocks.Sequences;
using Postern.Packets;
using Postern.Reports;
using Postern.Warden;

namespace Postern.Cli.Tests.Configuration;

/// <summary>What holds for every configuration, and for everything that is none.</summary>
public sealed class PropertyConfigurationTests
{
    private static readonly Config Runs = Config.QuickThrowOnFailure.WithMaxTest(150);

    [Fact]
    public void Every_configuration_prints_as_text_that_reads_back_to_the_same() =>
        Check.One(Runs, Prop.ForAll(Generate.Configurations.ToArbitrary(), configuration =>
        {
            var text = ConfigurationWriter.Write(configuration);
            var read = ConfigurationReader.ReadText("printed", text);
            Assert.Empty(read.Faults);
            AssertSame(configuration, read.Configuration!);
            Assert.Equal(text, ConfigurationWriter.Write(read.Configuration!));
        }));

    [Fact]
    public void No_bytes_make_the_reader_throw() =>
        Check.One(Runs, Prop.ForAll(ArbMap.Default.GeneratorFor<byte[]>().ToArbitrary(), bytes =>
        {
            var faults = new FaultList();
            if (ConfigurationFiles.Decode("f", bytes, faults) is { } text)
                ReadWithin(text);
            else
                Assert.Equal(1, faults.Count);
        }));

    [Fact]
    public void No_change_to_a_configuration_makes_the_reader_throw() =>
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(2000), Prop.ForAll(Generate.Mutations(Example).ToArbitrary(), ReadWithin));

    [Theory]
    [InlineData("[")]
    [InlineData("{a: ")]
    [InlineData("- ")]
    [InlineData("? ")]
    [InlineData("a: b\n")]
    [InlineData("a\n")]
    [InlineData("a: [b,\n")]
    [InlineData("#")]
    [InlineData("'")]
    [InlineData("\"\\n")]
    [InlineData("&a ")]
    [InlineData("!a ")]
    [InlineData("*a ")]
    [InlineData("--- \n")]
    [InlineData("\t\n")]
    [InlineData("\ta\n")]
    [InlineData("|\n ")]
    [InlineData("%YAML 1.1\n")]
    [InlineData("a ")]
    [InlineData("a,")]
    [InlineData("knocks: {k: {opens: [x, y, z]}}\n")]
    public void A_mebibyte_of_the_same_is_read_in_seconds(string piece) =>
        ReadWithin(string.Concat(Enumerable.Repeat(piece, (1 << 20) / piece.Length)));

    [Fact]
    public void Names_without_number_are_read_in_seconds()
    {
        var many = string.Join(", ", Enumerable.Range(0, 60_000).Select(i => $"service{i}"));
        var services = string.Concat(Enumerable.Range(0, 1024).Select(i => $"  server{i}: {{ports: [tcp/{i + 1}]}}\n"));
        ReadWithin($"services:\n{services}knocks: {{k: {{sequence: [tcp/2000], opens: [{many}]}}}}");
    }

    private const string Example = """
        gate: {interfaces: [eth0, ppp0], capture: packet, traps: auto}
        services:
          ssh:
            ports: [tcp/22, "udp/60000-61000"]
            open_for: 1h30m # comment
            appear: 'silent'
        knocks:
          office:
            method: sequence
            sequence:
            - tcp/7000
            - icmp/120
            tcp_flags: "syn,!ack"
            opens: ssh
        policy: {allow: [192.0.2.0/24, 2001:db8::/32], hours: "Mon-Fri 07:00-20:00"}

        """;

    private static void ReadWithin(string text)
    {
        var clock = Stopwatch.StartNew();
        var read = ConfigurationReader.ReadText("f", text);
        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(10), $"took {clock.Elapsed}");
        Assert.Equal(read.Configuration is null, read.Faults.Length > 0);
        var lines = text.Count(c => c is '\n' or '\r' or '\u2028' or '\u0085') + 2;
        foreach (var fault in read.Faults.Concat(read.Warnings))
        {
            Assert.InRange(fault.Line, 1, lines);
            Assert.True(fault.Column >= 1);
            Assert.Contains("; ", fault.Message);
            Assert.DoesNotContain(fault.ToString(), char.IsControl);
        }
    }

    private static void AssertSame(GateConfiguration expected, GateConfiguration actual)
    {
        Assert.Equal(expected.Interfaces, actual.Interfaces);
        Assert.Equal(expected.ControlSocket, actual.ControlSocket);
        Assert.Equal(expected.Traps, actual.Traps);
        Assert.Equal(expected.Warden.MaxGrants, actual.Warden.MaxGrants);
        Assert.Equal(expected.Warden.Policy.Allow, actual.Warden.Policy.Allow);
        Assert.Equal(expected.Warden.Policy.Deny, actual.Warden.Policy.Deny);
        Assert.Equal(expected.Warden.Policy.Hours, actual.Warden.Policy.Hours);
        Assert.Equal(expected.Warden.Services.Length, actual.Warden.Services.Length);
        foreach (var (e, a) in expected.Warden.Services.Zip(actual.Warden.Services))
        {
            Assert.Equal((e.Name, e.OpenFor, e.Appear, e.Action), (a.Name, a.OpenFor, a.Appear, a.Action));
            Assert.Equal(e.Ports, a.Ports);
        }

        Assert.Equal(expected.Actions.Length, actual.Actions.Length);
        foreach (var (e, a) in expected.Actions.Zip(actual.Actions))
        {
            Assert.Equal(e.Run, a.Run);
            Assert.Equal(e.Undo, a.Undo);
            Assert.Equal((e.Service, e.RunAs, e.TimeLimit), (a.Service, a.RunAs, a.TimeLimit));
        }

        Assert.DoesNotContain(actual.Protection.Services, s => actual.Actions.Any(a => a.Service == s.Name));
        foreach (var (e, a) in expected.Protection.Services.Zip(actual.Protection.Services))
        {
            Assert.Equal((e.Name, e.Appear), (a.Name, a.Appear));
            Assert.Equal(e.Ports, a.Ports);
        }

        Assert.Equal(expected.Sequences.Length, actual.Sequences.Length);
        Assert.Equal<string>([.. actual.Sequences.Select(s => s.Name)], [.. actual.Warden.Doors.Select(d => d.Name)]);
        foreach (var (e, a) in expected.Sequences.Zip(actual.Sequences))
        {
            Assert.Equal((e.Name, e.Order, e.Within, e.TcpFlags, e.Alone, e.Family), (a.Name, a.Order, a.Within, a.TcpFlags, a.Alone, a.Family));
            Assert.Equal(e.To, a.To);
            Assert.Equal(e.Steps, a.Steps);
        }

        foreach (var (e, a) in expected.Warden.Doors.Zip(actual.Warden.Doors))
        {
            Assert.Equal(e.Name, a.Name);
            Assert.Equal(e.Opens, a.Opens);
            Assert.Equal(e.Closes, a.Closes);
        }
    }
}
