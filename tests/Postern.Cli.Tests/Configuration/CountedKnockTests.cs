using Postern.Cli.Configuration;
using Postern.Cli.Profiles;

namespace Postern.Cli.Tests.Configuration;

/// <summary>Knocks by tokens in a SYN or a ping, and profiles for them: what is read is written, and read again to the same.</summary>
public sealed class CountedKnockTests
{
    [Fact]
    public void A_configuration_with_them_prints_as_text_that_reads_back_to_the_same()
    {
        var read = Read("""
            services:
              ssh: {ports: [tcp/22]}
            knocks:
              a: {method: syn, secret_file: /none/a, ports: [tcp/443, tcp/8000-8010], opens: [ssh]}
              b: {method: syn, secret_file: /none/b, ports: [tcp/22], grant: connection, step: 60s, bind: address, opens: [ssh]}
              c: {method: icmp, secret_file: /none/c, step: 10s, opens: [ssh]}
            """);
        var text = ConfigurationWriter.Write(read);
        Assert.Contains("  b:\n    method: syn\n    secret_file: '/none/b'\n    ports: [tcp/22]\n    grant: connection\n    step: 1m\n    bind: address\n    opens: [ssh]\n    closes: []\n", text);
        Assert.Equal(text, ConfigurationWriter.Write(Read(text)));
    }

    [Theory]
    [InlineData("syn", "syn_ports: [tcp/443, tcp/22]\nstep: 30s\nbind: address\n")]
    [InlineData("icmp", "step: 1m\nbind: nothing\n")]
    public void A_profile_is_written_as_it_was_read(string method, string own)
    {
        var text = $"method: {method}\nhost: 'gate.example.org'\nsecret: 000102030405060708090a0b0c0d0e0f\nservices: ['ssh']\nports:\n  'ssh': [tcp/22]\n{own}";
        using var profile = ReadProfile(text);
        var written = ProfileWriter.Write(profile, secrets: true);
        Assert.Contains(text, written);
        using var again = ReadProfile(written);
        Assert.Equal(written, ProfileWriter.Write(again, secrets: true));
    }

    [Theory]
    [InlineData("", "'syn_ports' is missing")]
    [InlineData("syn_ports: [udp/22]", "'udp/22' is not a port of TCP")]
    [InlineData("syn_ports: [tcp/20-22]", "'tcp/20-22' is not a port of TCP")]
    public void A_profile_without_a_port_for_its_SYNs_is_a_fault(string ports, string expected)
    {
        var faults = new FaultList();
        Assert.Null(ProfileReader.Read("p", "f", $"method: syn\nhost: gate.example.org\nsecret: 000102030405060708090a0b0c0d0e0f\n{ports}\n", faults));
        Assert.StartsWith("f:", Assert.Single(faults.Faults).ToString());
        Assert.Contains(expected, faults.Faults.Single().ToString());
    }

    private static GateConfiguration Read(string yaml)
    {
        var read = ConfigurationReader.ReadText("f", yaml);
        Assert.Empty(read.Faults);
        return read.Configuration!;
    }

    private static Profile ReadProfile(string text)
    {
        var faults = new FaultList();
        var profile = ProfileReader.Read("p", "f", text, faults);
        Assert.Empty(faults.Faults);
        return profile!;
    }
}
