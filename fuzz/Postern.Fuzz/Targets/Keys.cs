using System.Text;
using Postern.Keys;
using Postern.Keys.Ssh;

namespace Postern.Fuzz.Targets;

/// <summary>Keys that were made for tests and for nothing else: those of spec/vectors, and one of ssh-keygen's.</summary>
internal static class Keys
{
    public const string NameSpace = "spa@postern";

    public static BoxKeyPair Gate { get; } = BoxKeyPair.From(Convert.FromHexString("88e3ade9826216e8374df6a64fbb86475608d0bf02c292d9817910290ddfad2d"));

    public static BoxKeyPair Receipt { get; } = BoxKeyPair.From(Convert.FromHexString("5f49cded5176ea59a0ab9a2bd5a909bcaf2c1fd2d9d553d8010e8d666d6c321b"));

    public static OuterKey Outer { get; } = GateSecret.From(Convert.FromHexString("8606cd4dbdbd099d2b11ca403e529c7c55570f2ec08e70db21d7158fce495697")).DeriveOuterKey();

    public static SshPrivateKey Alice { get; } = SshPrivateKey.Read(Encoding.ASCII.GetBytes("""
        -----BEGIN OPENSSH PRIVATE KEY-----
        b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtzc2gtZW
        QyNTUxOQAAACBaQETGgXwZJcaYYdphJMeNsPcVL2RJSIFMLZvLx42Z5wAAAJBkvNeEZLzX
        hAAAAAtzc2gtZWQyNTUxOQAAACBaQETGgXwZJcaYYdphJMeNsPcVL2RJSIFMLZvLx42Z5w
        AAAECSfnsQLEB7hZm9HY+Uv6+ge2vAvzY51NI6F/d2JfvEqVpARMaBfBklxphh2mEkx42w
        9xUvZElIgUwtm8vHjZnnAAAACmFsaWNlQHRlc3QBAgM=
        -----END OPENSSH PRIVATE KEY-----
        """), () => null);

    public static byte[] Message { get; } = "what is signed here"u8.ToArray();

    /// <summary>One of each type that can sign a request.</summary>
    public static IReadOnlyList<SshPublicKey> All { get; } = [Alice.PublicKey, .. OfVectors()];

    private static IEnumerable<SshPublicKey> OfVectors() => Directory.GetFiles(Path.Combine(Repository.Root, "spec/vectors/spa"), "*.vector")
        .SelectMany(File.ReadLines).Where(l => l.StartsWith("key: ", StringComparison.Ordinal)).Select(l => l.Split(' ', 3)[2]).Distinct(StringComparer.Ordinal)
        .Order(StringComparer.Ordinal).Select(l => SshPublicKey.TryParse(l, out var key) ? key : null).OfType<SshPublicKey>().DistinctBy(k => k.Type).OrderBy(k => k.Type);
}
