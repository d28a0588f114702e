using System.Buffers.Binary;
using System.Text;
using Postern.Fuzz.Engine;
using Postern.Keys;
using Postern.Keys.Ssh;
using Postern.Keys.Ssh.Agent;
using Postern.Keys.Ssh.Wire;

namespace Postern.Fuzz.Targets;

/// <summary>SSH keys in all their forms, and signatures: what is taken is written in one way only, and what is a key can be used.</summary>
internal static class KeyTargets
{
    private const string Head = "-----BEGIN OPENSSH PRIVATE KEY-----\n";
    private const string Foot = "\n-----END OPENSSH PRIVATE KEY-----\n";

    public static void PublicKeyLine(ReadOnlySpan<byte> input)
    {
        var text = Encoding.UTF8.GetString(input);
        Spent.Begin();
        var isRead = SshPublicKey.TryParse(text, out var key);
        Spent.End();
        if (!isRead)
            return;
        Oracle.Same(key!.ToString(), string.Join(' ', text.Split(' ').Take(2)), "a line of a key that is not written so");
        Check(key);
    }

    public static void PublicKeyBlob(ReadOnlySpan<byte> input)
    {
        Spent.Begin();
        var isRead = SshPublicKey.TryRead(input, out var key);
        Spent.End();
        if (!isRead)
            return;
        Oracle.Same(input, key!.Blob, "another blob");
        Check(key);
    }

    public static void AuthorizedKeyLine(ReadOnlySpan<byte> input)
    {
        var text = Encoding.UTF8.GetString(input);
        Spent.Begin();
        var line = Postern.Keys.Ssh.AuthorizedKeyLine.Read(text, out var fault);
        Spent.End();
        Oracle.That(line is null || fault is null, "a line with a fault");
        Oracle.That(fault is not { } f || (f.Column >= 1 && f.Column <= text.Length + 1), "a fault that is not on the line");
        if (line is null)
            return;
        Oracle.That(line.KeyColumn >= 1 && line.KeyColumn <= text.Length, "a key that is not on the line");
        foreach (var option in line.Options)
        {
            Oracle.That(string.Equals(text.Substring(option.Column - 1, option.Name.Length), option.Name, StringComparison.OrdinalIgnoreCase), "an option that stands elsewhere");
            for (var i = 0; i < option.Value?.Length; i++)
                Oracle.That(text[option.ColumnOf(i) - (option.Value[i] == '"' ? 0 : 1)] == option.Value[i], "a value that stands elsewhere");
        }

        var written = Write(line);
        var again = Postern.Keys.Ssh.AuthorizedKeyLine.Read(written, out var secondFault);
        Oracle.That(again is not null, $"a line written again is not read: {secondFault?.Message} in {written}");
        Oracle.Same(written, Write(again!), "a line that is read otherwise when it is written again");
        Oracle.That(again!.Key.Equals(line.Key) && again.Options.Select(o => (o.Name, o.Value)).SequenceEqual(line.Options.Select(o => (o.Name, o.Value))), "another line");
    }

    public static void PrivateKeyFile(ReadOnlySpan<byte> input) => ReadPrivate(input, () => null);

    /// <summary>What stands between the dashes, before its base64.</summary>
    public static void PrivateKeyBytes(ReadOnlySpan<byte> input)
    {
        var rounds = RoundsOf(input);
        ReadPrivate(Encoding.ASCII.GetBytes(Head + Convert.ToBase64String(input) + Foot), () => rounds <= 1 ? "fuzz" : null);
    }

    /// <summary>Its first byte says of which key.</summary>
    public static void Signature(ReadOnlySpan<byte> input)
    {
        if (input.IsEmpty)
            return;
        var key = Keys.All[input[0] % Keys.All.Count];
        var signature = input[1..];
        Spent.Begin();
        var isGood = key.Verify(Keys.NameSpace, Keys.Message, signature);
        Spent.End();
        if (!isGood)
            return;
        var reader = new SshReader(signature);
        Oracle.That(reader.TryString(out var algorithm) && reader.TryString(out _), "a signature without its parts");
        Oracle.That(!algorithm.IsEmpty, "a signature of no algorithm");
        if (key.Type == SshKeyType.Ed25519)
            Oracle.Same(Keys.Alice.Sign(Keys.NameSpace, Keys.Message), signature, "a second signature of ed25519");
    }

    /// <summary>What an agent says it has.</summary>
    public static void AgentKeys(ReadOnlySpan<byte> input)
    {
        using var agent = new SshAgent(new AgentConnection(new Answering(input)));
        Spent.Begin();
        try
        {
            var keys = agent.Keys();
            Spent.End();
            foreach (var key in keys)
            {
                Oracle.That(!key.Comment.Any(char.IsControl), "a comment that moves the terminal");
                Check(key.PublicKey);
            }
        }
        catch (SshKeyException)
        {
            Spent.End();
        }
    }

    /// <summary>What it answers when it is to sign.</summary>
    public static void AgentSignature(ReadOnlySpan<byte> input)
    {
        using var signer = new AgentSigner(new AgentConnection(new Answering(input)), Keys.Alice.PublicKey, "alice");
        Spent.Begin();
        try
        {
            var signature = signer.Sign(Keys.NameSpace, Keys.Message);
            Spent.End();
            Oracle.That(Keys.Alice.PublicKey.Verify(Keys.NameSpace, Keys.Message, signature), "a signature that is none was handed on");
        }
        catch (SshKeyException)
        {
            Spent.End();
        }
    }

    public static void GateKeyFile(ReadOnlySpan<byte> input)
    {
        var path = Scratch.Write("gate.key", input);
        Spent.Begin();
        try
        {
            using var key = Postern.Keys.GateKeyFile.Read(path);
            Spent.End();
            File.Delete(path);
            Postern.Keys.GateKeyFile.Create(path, key);
            using var again = Postern.Keys.GateKeyFile.Read(path);
            Oracle.Same(Secrets(key), Secrets(again), "another key");
        }
        catch (GateKeyException)
        {
            Spent.End();
        }
    }

    private static byte[] Secrets(GateKey key)
    {
        var bytes = new byte[BoxKeyPair.PrivateKeySize + GateSecret.Size];
        key.Pair.Export(bytes);
        key.Secret.Export(bytes.AsSpan(BoxKeyPair.PrivateKeySize));
        return bytes;
    }

    private static void ReadPrivate(ReadOnlySpan<byte> file, Func<string?> passphrase)
    {
        Spent.Begin();
        try
        {
            using var key = SshPrivateKey.Read(file, passphrase);
            Spent.End();
            Oracle.That(!key.Comment.Any(char.IsControl), "a comment that moves the terminal");
            var signature = key.Sign(Keys.NameSpace, Keys.Message);
            Oracle.That(key.PublicKey.Verify(Keys.NameSpace, Keys.Message, signature), "a signature that is none was handed out");
        }
        catch (SshKeyException)
        {
            Spent.End();
        }
    }

    /// <summary>Many rounds take many times ten milliseconds, and find nothing that one does not.</summary>
    private static uint RoundsOf(ReadOnlySpan<byte> input)
    {
        var reader = new SshReader(input);
        if (!reader.TryBytes("openssh-key-v1\0".Length, out _) || !reader.TryString(out _) || !reader.TryString(out _) || !reader.TryString(out var options))
            return uint.MaxValue;
        var inner = new SshReader(options);
        return inner.TryString(out _) && inner.TryUInt32(out var rounds) ? rounds : uint.MaxValue;
    }

    private static void Check(SshPublicKey key)
    {
        Oracle.That(SshPublicKey.TryParse(key.ToString(), out var again) && again.Equals(key) && again.Type == key.Type, "a key that reads otherwise when it is written");
        Oracle.That(!key.Verify(Keys.NameSpace, Keys.Message, []), "nothing is a signature");
    }

    private static string Write(AuthorizedKeyLine line)
    {
        var options = string.Join(',', line.Options.Select(o => o.Value is null ? o.Name : $"{o.Name}=\"{o.Value.Replace("\"", "\\\"", StringComparison.Ordinal)}\""));
        return $"{options}{(options.Length > 0 ? " " : "")}{line.Key}{(line.Comment.Length > 0 ? " " : "")}{line.Comment}";
    }

    /// <summary>An agent that answers one thing, whatever it is asked.</summary>
    private sealed class Answering : MemoryStream
    {
        public Answering(ReadOnlySpan<byte> answer)
            : base(Framed(answer), writable: false) { }

        public override bool CanWrite => true;

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) => default;

        private static byte[] Framed(ReadOnlySpan<byte> answer)
        {
            var framed = new byte[sizeof(uint) + answer.Length];
            BinaryPrimitives.WriteInt32BigEndian(framed, answer.Length);
            answer.CopyTo(framed.AsSpan(sizeof(uint)));
            return framed;
        }
    }
}
