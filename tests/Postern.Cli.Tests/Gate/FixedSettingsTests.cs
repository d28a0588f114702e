using Postern.Cli.Configuration;
using Postern.Cli.Gate;

namespace Postern.Cli.Tests.Gate;

/// <summary>What a reload may not change: the gate was let see so many folders when it started, and no others.</summary>
public sealed class FixedSettingsTests
{
    [Theory]
    [InlineData("k: {method: fwknop, keys: /a/k.keys, opens: [s]}", "k: {method: fwknop, keys: /b/k.keys, opens: [s]}")]
    [InlineData("k: {method: icmp, secret_file: /a/k, opens: [s]}", "k: {method: icmp, secret_file: /b/k, opens: [s]}")]
    [InlineData("k: {method: one-time, sequences_file: /a/k, opens: [s]}", "k: {method: one-time, sequences_file: /b/k, opens: [s]}")]
    public void A_file_in_a_folder_that_the_gate_cannot_look_into_is_refused(string knock, string moved)
    {
        var (now, next) = (Read(knock), Read(moved));
        Assert.Contains("cannot look into /b", FixedSettings.ChangedIn(now, next), StringComparison.Ordinal);
        Assert.Null(FixedSettings.ChangedIn(now, Read(knock.Replace("/a/k", "/a/other", StringComparison.Ordinal))));
        Assert.Null(FixedSettings.ChangedIn(now, now));
    }

    /// <summary>As an import makes one, beside the configuration that is in force.</summary>
    [Fact]
    public void A_folder_within_one_that_it_sees_is_seen()
    {
        var now = Read("k: {method: fwknop, keys: /a/k.keys, opens: [s]}");
        Assert.Null(FixedSettings.ChangedIn(now, Read("k: {method: fwknop, keys: /a/fwknop/k.keys, opens: [s]}")));
        Assert.Contains("cannot look into /ab", FixedSettings.ChangedIn(now, Read("k: {method: fwknop, keys: /ab/k.keys, opens: [s]}")), StringComparison.Ordinal);
    }

    private static GateConfiguration Read(string knock) =>
        ConfigurationReader.ReadText("f", $"services:\n  s: {{ports: [tcp/22]}}\nknocks:\n  {knock}\n").Configuration!;
}
