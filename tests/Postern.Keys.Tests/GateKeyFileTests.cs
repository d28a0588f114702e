using System.Diagnostics;
using System.Text;
using Postern.Keys;
using Postern.Tests;

namespace Postern.Keys.Tests;

public sealed class GateKeyFileTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("postern-gate-").FullName;

    private string File1 => Path.Combine(_folder, "gate.key");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void What_is_written_is_read()
    {
        using var key = GateKey.Generate();
        GateKeyFile.Create(File1, key);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(File1));
        using var read = GateKeyFile.Read(File1);
        Assert.Equal(key.Pair.Public.Bytes, read.Pair.Public.Bytes);
        Assert.Equal(key.Pair.Bytes, read.Pair.Bytes);
        Assert.Equal(key.Secret.Bytes, read.Secret.Bytes);
        Assert.EndsWith("=\n", File.ReadAllText(File1), StringComparison.Ordinal);
    }

    [Fact]
    public void One_that_is_there_stays()
    {
        using var key = GateKey.Generate();
        using var other = GateKey.Generate();
        GateKeyFile.Create(File1, key);
        Assert.Contains("there already", Assert.Throws<GateKeyException>(() => GateKeyFile.Create(File1, other)).Message, StringComparison.Ordinal);
        using var read = GateKeyFile.Read(File1);
        Assert.Equal(key.Secret.Bytes, read.Secret.Bytes);
    }

    [Fact]
    public void Where_nothing_can_be_written()
    {
        using var key = GateKey.Generate();
        Assert.Throws<GateKeyException>(() => GateKeyFile.Create(Path.Combine(_folder, "none", "gate.key"), key));
        Assert.Throws<GateKeyException>(() => GateKeyFile.Create("/proc/gate.key", key));
        if (Environment.IsPrivilegedProcess)
            Assert.Throws<GateKeyException>(() => GateKeyFile.Create("/dev/full/gate.key", key));
    }

    [Theory]
    [InlineData(UnixFileMode.GroupRead)]
    [InlineData(UnixFileMode.GroupWrite)]
    [InlineData(UnixFileMode.OtherRead)]
    [InlineData(UnixFileMode.OtherWrite)]
    public void Others_must_not_read_it(UnixFileMode mode)
    {
        using var key = GateKey.Generate();
        GateKeyFile.Create(File1, key);
        File.SetUnixFileMode(File1, UnixFileMode.UserRead | mode);
        Assert.StartsWith("chmod 600", Assert.Throws<GateKeyException>(() => GateKeyFile.Read(File1)).Hint, StringComparison.Ordinal);
    }

    [Fact]
    public void Nobody_else_may_own_it()
    {
        Needs.Root();
        using var key = GateKey.Generate();
        GateKeyFile.Create(File1, key);
        using (var chown = Process.Start(Needs.Find("chown")!, ["12345", File1]))
            chown.WaitForExit();
        Assert.Contains("not root's", Assert.Throws<GateKeyException>(() => GateKeyFile.Read(File1)).Message, StringComparison.Ordinal);
    }

    public static TheoryData<string> Bad => new()
    {
        "",
        "private: " + Zeros(32) + "\n",
        "secret: " + Zeros(32) + "\n",
        "private: " + Zeros(32) + "\nprivate: " + Zeros(32) + "\n",
        "private: " + Zeros(31) + "\nsecret: " + Zeros(32) + "\n",
        "private: " + Zeros(33) + "\nsecret: " + Zeros(32) + "\n",
        "private: " + Zeros(32) + " \nsecret: " + Zeros(32) + "\n",
        "private:" + Zeros(32) + "\nsecret: " + Zeros(32) + "\n",
        "private: " + Zeros(32).Replace("A=", "B=") + "\nsecret: " + Zeros(32) + "\n",
        "private: " + Zeros(32) + "\nsecret: " + Zeros(32) + "\nmore: 1\n",
        new string('#', 5000),
    };

    [Theory]
    [MemberData(nameof(Bad))]
    public void What_is_no_gate_key(string text)
    {
        Put(text);
        Assert.NotEmpty(Assert.Throws<GateKeyException>(() => GateKeyFile.Read(File1)).Hint);
    }

    [Fact]
    public void Lines_in_any_order_and_of_Windows()
    {
        Put("secret: " + Zeros(32) + "\r\n\r\n# mine\r\nprivate: " + Zeros(32));
        GateKeyFile.Read(File1).Dispose();
    }

    [Fact]
    public void None_there()
    {
        Assert.Contains("postern init", Assert.Throws<GateKeyException>(() => GateKeyFile.Read(File1)).Hint, StringComparison.Ordinal);
        Assert.Throws<GateKeyException>(() => GateKeyFile.Read(_folder));
    }

    private static string Zeros(int count) => Convert.ToBase64String(new byte[count]);

    private void Put(string text)
    {
        File.WriteAllBytes(File1, Encoding.ASCII.GetBytes(text));
        File.SetUnixFileMode(File1, UnixFileMode.UserRead);
    }
}
