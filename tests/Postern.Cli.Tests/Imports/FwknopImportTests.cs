using System.Runtime.CompilerServices;
using Postern.Cli.CommandLine;
using Postern.Cli.Configuration;
using Postern.Cli.Imports;
using Postern.Cli.Imports.Fwknop;

namespace Postern.Cli.Tests.Imports;

/// <summary>
/// Configurations as fwknop's manual, its tutorials and its users write them, beside what becomes of them: expected.yaml, expected.notes and the files of keys.
/// To write those anew after a change that is meant: POSTERN_WRITE_EXPECTED=1.
/// </summary>
public sealed class FwknopImportTests
{
    private static readonly string Folder = Path.Combine(Here(), "fwknop");

    public static TheoryData<string> Names => [.. Directory.GetDirectories(Folder).Select(f => Path.GetFileName(f)).Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Names))]
    public void It_becomes_what_stands_beside_it(string name)
    {
        var folder = Path.Combine(Folder, name);
        var notes = new ImportNotes();
        var gate = FwknopImport.Read(folder, notes);
        var told = new StringWriter();
        notes.Tell(told);
        var text = GateYaml.Write(gate, "/etc/fwknop", "/etc/postern/fwknop", notes);
        var keys = string.Concat(gate.Knocks.Select(GateYaml.Keys));
        foreach (var (file, actual) in (ReadOnlySpan<(string, string)>)[("expected.yaml", text), ("expected.notes", told.ToString()), ("expected.keys", keys)])
            Compare(Path.Combine(folder, file), actual.Replace(folder, "/etc/fwknop", StringComparison.Ordinal));
        Assert.All(new[] { text, told.ToString() }, t => Assert.DoesNotContain("passphrase", t, StringComparison.Ordinal));
        Assert.All(gate.Knocks, k => Assert.DoesNotContain(k.Key, text, StringComparison.Ordinal));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void What_it_becomes_is_a_configuration_without_a_fault(string name)
    {
        var folder = Directory.CreateTempSubdirectory("postern-import-");
        try
        {
            var notes = new ImportNotes();
            var gate = FwknopImport.Read(Path.Combine(Folder, name), notes);
            var file = Path.Combine(folder.FullName, "postern.yaml");
            WholeFile.Write(file, GateYaml.Write(gate, "/etc/fwknop", folder.FullName, notes), WholeFile.OwnerOnly);
            gate.Knocks.ForEach(k => WholeFile.Write(GateYaml.KeysPath(k, folder.FullName), GateYaml.Keys(k), WholeFile.OwnerOnly));
            var read = ConfigurationReader.Read(file);
            Assert.Empty(read.Faults);
            Assert.Empty(read.KeyFaults);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Theory]
    [InlineData("0.0.0.0/0")]
    [InlineData("ANY, 192.0.2.1")]
    public void A_source_that_is_everybody_stays_so(string source)
    {
        var gate = Read($"SOURCE {source}\nKEY a\nHMAC_KEY b\nOPEN_PORTS tcp/1\n", out _);
        Assert.True(gate.Knocks.Single().Sources is [] or ["0.0.0.0/0"]);
    }

    [Fact]
    public void A_source_that_cannot_be_read_becomes_nobody()
    {
        var gate = Read("SOURCE nonsense\nKEY a\nHMAC_KEY b\nOPEN_PORTS tcp/1\n", out var notes);
        Assert.Equal(["127.0.0.1"], gate.Knocks.Single().Sources);
        Assert.Equal(1, notes.Split("is no address").Length - 1);
    }

    [Fact]
    public void A_file_that_includes_itself_ends()
    {
        var folder = Directory.CreateTempSubdirectory("postern-import-");
        var file = Path.Combine(folder.FullName, "access.conf");
        File.WriteAllText(file, $"%include {file}\nSOURCE ANY\nKEY a\nHMAC_KEY b\nOPEN_PORTS tcp/1\n");
        var notes = new ImportNotes();
        Assert.Equal(4, FwknopImport.Read(file, notes).Knocks.Count);
        folder.Delete(recursive: true);
    }

    private static FwknopGate Read(string access, out string told)
    {
        var folder = Directory.CreateTempSubdirectory("postern-import-");
        try
        {
            File.WriteAllText(Path.Combine(folder.FullName, "access.conf"), access);
            var notes = new ImportNotes();
            var gate = FwknopImport.Read(folder.FullName, notes);
            using var writer = new StringWriter();
            notes.Tell(writer);
            told = writer.ToString();
            return gate;
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static void Compare(string file, string actual)
    {
        if (Environment.GetEnvironmentVariable("POSTERN_WRITE_EXPECTED") is "1")
            File.WriteAllText(file, actual);
        Assert.Equal(File.ReadAllText(file), actual);
    }

    private static string Here([CallerFilePath] string here = "") => Path.GetDirectoryName(here)!;
}
