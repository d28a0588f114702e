using System.CommandLine;
using System.Runtime.Versioning;
using System.Text.Json;
using Postern.Cli.Commands;
using Postern.Cli.Configuration;

namespace Postern.Cli.Tests.Commands;

[SupportedOSPlatform("linux")]
public sealed class CheckCommandTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("postern-test-").FullName;

    private string Main => Path.Combine(_folder, "postern.yaml");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private (int Exit, string Output, string Error) Run(string yaml, params string[] options)
    {
        File.WriteAllText(Main, yaml);
        File.SetUnixFileMode(Main, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        return Invoke(["--config", Main, .. options]);
    }

    private static (int Exit, string Output, string Error) Invoke(params string[] arguments)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        var exit = CheckCommand.Create().Parse(arguments).Invoke(new() { Output = output, Error = error });
        return (exit, output.ToString(), error.ToString());
    }

    [Fact]
    public void What_is_fine_is_told_in_a_line() =>
        Assert.Equal(
            (0, $"{Main}: fine: 1 service, 1 knock\n", ""),
            Run("services: {s: {ports: [tcp/22]}}\nknocks: {k: {sequence: [tcp/1, tcp/5, tcp/3], opens: [s]}}\n"));

    [Fact]
    public void Warnings_do_not_change_the_exit_code() =>
        Assert.Equal(
            (0, $"{Main}: fine: 1 service, 0 knocks\n", $"{Main}:1:12: warning: no knock opens the service 's'; write a knock that does: opens: [s]\n"),
            Run("services: {s: {ports: [tcp/22]}}\n"));

    [Fact]
    public void Faults_are_listed_before_the_two_lines() =>
        Assert.Equal(
            (1, "", $"{Main}:1:15: 'traps' cannot be 'maybe'; write auto or off\n{Main}:2:1: unknown key 'polcy' in the configuration; did you mean 'policy'?\n"
                + "postern: error: 2 faults in the configuration\npostern: hint: each line above says where, and what to write instead; 'man 5 postern.yaml' describes every key\n"),
            Run("gate: {traps: maybe}\npolcy: {}\n"));

    [Fact]
    public void A_file_that_cannot_be_read_is_wrong_use()
    {
        var (exit, output, error) = Invoke("--config", Path.Combine(_folder, "none.yaml"));
        Assert.Equal((2, ""), (exit, output));
        Assert.StartsWith($"{_folder}/none.yaml: no such file; ", error);
        Assert.Equal(2, Invoke("--config", Path.Combine(_folder, "none.yaml"), "--json").Exit);
    }

    [Fact]
    public void Print_gives_what_reads_back_to_the_same()
    {
        var (exit, output, _) = Run("services: {s: {ports: [tcp/22], open_for: 90s}}\nknocks: {k: {sequence: [tcp/1, tcp/5, tcp/3], opens: s}}\n", "--print");
        Assert.Equal(0, exit);
        Assert.Contains("    open_for: 1m30s\n", output);
        Assert.Equal((0, output, ""), Run(output, "--print"));
        Assert.Equal(output, ConfigurationWriter.Write(ConfigurationReader.ReadText("f", output).Configuration!));
    }

    [Fact]
    public void Json_has_faults_and_warnings()
    {
        var (exit, output, error) = Run("gate: {traps: maybe}\nservices: {s: {ports: [tcp/22]}}\nknocks: {k: {sequence: [tcp/1], opens: [s]}}\n", "--json");
        Assert.Equal((1, ""), (exit, error));
        using var json = JsonDocument.Parse(output);
        var fault = json.RootElement.GetProperty("faults").EnumerateArray().Single();
        Assert.Equal($$"""{"file":"{{Main}}","line":1,"column":15,"message":"'traps' cannot be 'maybe'; write auto or off"}""", fault.GetRawText());
        Assert.Equal(3, json.RootElement.GetProperty("warnings")[0].GetProperty("line").GetInt32());
        Assert.Equal((0, """{"faults":[],"warnings":[]}""" + "\n", ""), Run("gate: {traps: auto}\n", "--json"));
    }

    [Fact]
    public void Print_and_json_exclude_each_other() =>
        Assert.StartsWith("--print and --json cannot be used together", CheckCommand.Create().Parse(["--print", "--json"]).Errors.Single().Message, StringComparison.Ordinal);
}
