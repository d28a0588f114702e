using System.Diagnostics;
using System.Runtime.Versioning;
using Postern.Cli.Configuration;
using Postern.Tests;

namespace Postern.Cli.Tests.Configuration;

/// <summary>What only shows with real files: several of them, their modes, and those that cannot be read.</summary>
[SupportedOSPlatform("linux")]
public sealed class FilesTests : IDisposable
{
    private const string Service = "services: {s: {ports: [tcp/22]}}\n";
    private const string Knock = "knocks: {k: {sequence: [tcp/1, tcp/5, tcp/3], opens: [s]}}\n";

    private readonly string _folder = Directory.CreateTempSubdirectory("postern-test-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private string Main => Path.Combine(_folder, "postern.yaml");

    private string Extra(string name) => Path.Combine(_folder, "postern.d", name);

    private void Write(string path, string text, UnixFileMode mode = UnixFileMode.UserRead | UnixFileMode.UserWrite)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text);
        File.SetUnixFileMode(path, mode);
    }

    private string[] Faults() => [.. ConfigurationReader.Read(Main).Faults.Select(f => f.ToString())];

    [Fact]
    public void Files_beside_are_laid_together_in_the_order_of_their_names()
    {
        Write(Main, Service);
        Write(Extra("20.yaml"), "services: {u: {ports: [tcp/24]}}\npolicy: {deny: [192.0.2.7]}\n");
        Write(Extra("10.yaml"), "services: {t: {ports: [tcp/23]}}\n" + Knock);
        Write(Extra(".hidden.yaml"), "nonsense");
        Write(Extra("README"), "nonsense");
        Write(Extra("30.yml"), "nonsense");
        var read = ConfigurationReader.Read(Main);
        Assert.Empty(read.Faults);
        Assert.Equal(["s", "t", "u"], read.Configuration!.Warden.Services.Select(s => s.Name).ToArray());
        Assert.Equal([Main, Extra("10.yaml"), Extra("20.yaml")], read.Configuration.Files.ToArray());
        Assert.Equal("192.0.2.7/32", read.Configuration.Warden.Policy.Deny.Single().ToString());
        Assert.Equal($"{Extra("30.yml")}: not read; only names that end in .yaml are", read.Warnings[^1].ToString());
    }

    [Fact]
    public void What_is_set_in_two_files_names_both_places()
    {
        Write(Main, "gate:\n  traps: off\n" + Service + Knock);
        Write(Extra("10.yaml"), "gate: {traps: off}\nservices:\n  s: {ports: [tcp/23]}\nknocks:\n  k: {}\n");
        Assert.Equal(
            [
                $"{Extra("10.yaml")}:1:8: 'traps' is already set at {Main}:2:3; keep one of the two",
                $"{Extra("10.yaml")}:3:3: 's' is already set at {Main}:3:12; keep one of the two",
                $"{Extra("10.yaml")}:5:3: 'k' is already set at {Main}:4:10; keep one of the two",
            ],
            Faults());
    }

    [Fact]
    public void A_file_that_is_no_yaml_does_not_put_blame_on_the_others()
    {
        Write(Main, Knock + "gate: {traps: maybe}\n");
        Write(Extra("10.yaml"), "services:\n\ts: {}\n");
        Assert.Equal(
            [
                $"{Extra("10.yaml")}:2:1: a tab in the indentation; indent with spaces",
                $"{Main}:2:15: 'traps' cannot be 'maybe'; write auto or off",
            ],
            Faults());
    }

    [Fact]
    public void No_file_is_a_fault()
    {
        Assert.Equal([$"{Main}: no such file; name the configuration with --config FILE, or make one with 'postern init'"], Faults());
        Assert.True(ConfigurationReader.Read(Main).Faults[0].IsUnreadable);
        Assert.NotEmpty(ConfigurationReader.Read("").Faults);
        Assert.NotEmpty(ConfigurationReader.Read("a\0b").Faults);
        Assert.NotEmpty(ConfigurationReader.Read(Path.Combine(_folder, "no", "such.yaml")).Faults);
    }

    [Fact]
    public void A_folder_is_a_fault()
    {
        Write(Main, "gate:\n");
        Directory.CreateDirectory(Extra("10.yaml"));
        Assert.Equal([$"{Extra("10.yaml")}: is a folder; name a file"], Faults());
        Assert.Equal($"{_folder}: is a folder; name a file", ConfigurationReader.Read(_folder).Faults[0].ToString());
    }

    [Fact]
    public void A_file_that_one_may_not_read_is_a_fault()
    {
        Assert.SkipWhen(Environment.IsPrivilegedProcess, "root may read everything");
        Write(Main, "gate:\n", UnixFileMode.None);
        Assert.Equal([$"{Main}: permission denied; read it as root, or mend its permissions"], Faults());
    }

    [Fact]
    public void A_file_without_end_is_a_fault() =>
        Assert.Equal("/dev/zero:1:1: larger than 1 MiB; name a configuration; no gate needs one so large", ConfigurationReader.Read("/dev/zero").Faults[0].ToString());

    [Theory]
    [InlineData(1 << 20, true)]
    [InlineData((1 << 20) + 1, false)]
    public void A_mebibyte_is_read_and_not_a_byte_more(int size, bool fine)
    {
        Write(Main, "gate:\n" + new string('#', size - 6));
        Assert.Equal(fine ? [] : [$"{Main}:1:1: larger than 1 MiB; name a configuration; no gate needs one so large"], Faults());
    }

    [Theory]
    [InlineData(new byte[] { 0xff, 0xfe, (byte)'g', 0 }, "1:1: not UTF-8 but UTF-16; save the file as UTF-8")]
    [InlineData(new byte[] { (byte)'#', (byte)'\n', (byte)'a', 0xe9, (byte)':' }, "2:2: the byte 0xe9 is not UTF-8; save the file as UTF-8")]
    [InlineData(new byte[] { (byte)'a', 0xc3 }, "1:2: the byte 0xc3 is not UTF-8; save the file as UTF-8")]
    [InlineData(new byte[] { (byte)'a', (byte)'\n', 0 }, "2:1: a control character (0x00); remove it; a configuration is plain text")]
    public void Bytes_that_are_no_text_are_a_fault(byte[] bytes, string expected)
    {
        File.WriteAllBytes(Main, bytes);
        Assert.Equal([$"{Main}:{expected}"], Faults());
    }

    [Fact]
    public void A_byte_order_mark_and_other_line_ends_are_fine()
    {
        File.WriteAllBytes(Main, [0xef, 0xbb, 0xbf, .. "gate:\r\n  traps: maybe\r\n"u8]);
        Assert.Equal([$"{Main}:2:10: 'traps' cannot be 'maybe'; write auto or off"], Faults());
    }

    [Theory]
    [InlineData(UnixFileMode.UserRead | UnixFileMode.GroupRead, null)]
    [InlineData(UnixFileMode.UserRead | UnixFileMode.OtherRead, "other users of this host can read your knock sequences; chmod 640 ")]
    [InlineData(UnixFileMode.UserRead | UnixFileMode.GroupWrite, "its group can change what the gate lets in, and runs; chmod 640 ")]
    public void Others_must_not_read_the_knocks(UnixFileMode mode, string? expected)
    {
        Write(Main, Service + Knock, mode);
        var read = ConfigurationReader.Read(Main);
        Assert.Equal(expected is null ? [] : [$"{Main}: {expected}{Main}"], read.Warnings.Select(w => w.ToString()).ToArray());
        Assert.NotNull(read.Configuration);
    }

    [Fact]
    public void What_everybody_can_write_to_is_not_taken()
    {
        Write(Main, Service + Knock, UnixFileMode.UserRead | UnixFileMode.OtherWrite);
        var read = ConfigurationReader.Read(Main);
        Assert.Null(read.Configuration);
        Assert.Equal($"{Main}: every user of this host can change what the gate lets in, and runs; chmod 640 {Main}", Assert.Single(read.Faults).ToString());
    }

    [Fact]
    public void What_belongs_to_somebody_else_is_not_taken()
    {
        Needs.Root();
        Write(Main, Service + Knock, UnixFileMode.UserRead);
        Assert.Equal(0, Chown(Main, 65534, 65534));
        Assert.Contains("belongs to another user", Assert.Single(ConfigurationReader.Read(Main).Faults).ToString(), StringComparison.Ordinal);
    }

    [System.Runtime.InteropServices.DllImport("libc", EntryPoint = "chown", CharSet = System.Runtime.InteropServices.CharSet.Ansi)]
    private static extern int Chown(string path, uint user, uint group);

    [Fact]
    public void What_holds_no_knock_may_be_read_by_all()
    {
        Write(Main, "gate:\n", UnixFileMode.UserRead | UnixFileMode.OtherRead);
        Assert.Empty(ConfigurationReader.Read(Main).Warnings);
    }

    [Fact]
    public async Task A_pipe_can_be_read()
    {
        Needs.Program("mkfifo");
        var pipe = Path.Combine(_folder, "pipe");
        using (var make = Process.Start(Needs.Find("mkfifo")!, [pipe]))
            await make.WaitForExitAsync();
        var writer = Task.Run(() => File.WriteAllText(pipe, "gate: {traps: off}\n"));
        Assert.Equal(TrapSetting.Off, ConfigurationReader.Read(pipe).Configuration!.Traps);
        await writer.WaitAsync(TimeSpan.FromSeconds(30));
    }
}
