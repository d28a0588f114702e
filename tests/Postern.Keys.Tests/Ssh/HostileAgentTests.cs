using System.Buffers.Binary;
using System.Net.Sockets;
using System.Security.Cryptography;
using Postern.Keys.Ssh;
using Postern.Keys.Ssh.Wire;
using Postern.Tests;
using static Postern.Tests.OpenSshSignatures;

namespace Postern.Keys.Tests.Ssh;

/// <summary>An agent that answers what it likes.</summary>
public sealed class HostileAgentTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("postern-agent-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    public static TheoryData<string, byte[]> BadLists => new()
    {
        { "nothing", [] },
        { "no length", [0, 0] },
        { "an empty answer", [0, 0, 0, 0] },
        { "a huge answer", [0xff, 0xff, 0xff, 0xff, 12] },
        { "an answer cut off", [0, 0, 0, 9, 12, 0, 0] },
        { "another answer", Framed([6]) },
        { "failure", Framed([5]) },
        { "no count", Framed([12, 0, 0]) },
        { "too many", Framed([12, 0, 0, 8, 1]) },
        { "fewer than said", Framed([12, 0, 0, 0, 1]) },
        { "more than said", Framed([12, 0, 0, 0, 0, 0]) },
        { "a key without a comment", Framed(new SshWriter().Byte(12).UInt32(1).String("x"u8).ToArray()) },
        { "a string longer than the answer", Framed([12, 0, 0, 0, 1, 0x7f, 0xff, 0xff, 0xff]) },
        { "a string of 4 GiB", Framed([12, 0, 0, 0, 1, 0xff, 0xff, 0xff, 0xff]) },
    };

    [Theory]
    [MemberData(nameof(BadLists))]
    public void Lists_that_are_none(string name, byte[] answer)
    {
        _ = name;
        using var agent = Connect(answer);
        Assert.Throws<SshKeyException>(agent.Keys);
    }

    public static TheoryData<string, byte[]> BadSignatures => new()
    {
        { "nothing", [] },
        { "refused", Framed([5]) },
        { "no signature", Framed([14]) },
        { "an empty one", Framed([14, 0, 0, 0, 0]) },
        { "trailing bytes", Framed([14, 0, 0, 0, 0, 0]) },
        { "zeros", Framed(new SshWriter().Byte(14).String(new SshWriter().String("ssh-ed25519"u8).String(new byte[64]).ToArray()).ToArray()) },
        { "SHA-1", Framed(new SshWriter().Byte(14).String(new SshWriter().String("ssh-rsa"u8).String(new byte[256]).ToArray()).ToArray()) },
    };

    [Theory]
    [MemberData(nameof(BadSignatures))]
    public void Signatures_that_are_none(string name, byte[] answer)
    {
        _ = name;
        using var rsa = RSA.Create(2048);
        foreach (var key in new[] { SoftSecurityKey.Ed25519().Blob, Blob(rsa) })
        {
            using var agent = Connect(List(key, "the key"), answer);
            var signer = agent.Keys()[0];
            var e = Assert.Throws<SshKeyException>(() => signer.Sign(NameSpace, [1]));
            Assert.NotEmpty(e.Hint);
        }
    }

    /// <summary>A key made with no-touch-required signs so; better said here than by a gate that is silent.</summary>
    [Fact]
    public void A_security_key_that_was_not_touched()
    {
        var device = SoftSecurityKey.Ecdsa();
        using var agent = Connect(List(device.Blob, "token"), Signature(device.Sign(NameSpace, [1], flags: 0, 1)));
        Assert.Contains("without being touched", Assert.Throws<SshKeyException>(() => agent.Keys()[0].Sign(NameSpace, [1])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_security_key_that_was_touched()
    {
        var device = SoftSecurityKey.Ecdsa();
        var signature = device.Sign(NameSpace, [1], flags: 1, 1);
        using var agent = Connect(List(device.Blob, "token"), Signature(signature));
        Assert.Equal(signature, agent.Keys()[0].Sign(NameSpace, [1]));
    }

    /// <summary>Some agents write an RSA signature as a number, without the zeros before it.</summary>
    [Fact]
    public void An_RSA_signature_without_its_zeros_is_made_whole()
    {
        using var rsa = RSA.Create(2048);
        for (var i = 0; ; i++)
        {
            var message = BitConverter.GetBytes(i);
            var raw = rsa.SignData(SshSig.Data(NameSpace, message), HashAlgorithmName.SHA512, RSASignaturePadding.Pkcs1);
            if (raw[0] != 0)
                continue;
            var cut = new SshWriter().String("rsa-sha2-512"u8).String(raw.AsSpan().TrimStart((byte)0)).ToArray();
            using var agent = Connect(List(Blob(rsa), "rsa"), Signature(cut));
            var signer = agent.Keys()[0];
            Assert.False(signer.PublicKey.Verify(NameSpace, message, cut));
            Assert.True(signer.PublicKey.Verify(NameSpace, message, signer.Sign(NameSpace, message)));
            return;
        }
    }

    [Fact]
    public void A_comment_moves_no_terminal()
    {
        using var agent = Connect(List(SoftSecurityKey.Ed25519().Blob, "a\u001b[2Jb\n"));
        Assert.Equal("a?[2Jb?", agent.Keys()[0].Comment);
    }

    private static byte[] Framed(byte[] answer)
    {
        var framed = new byte[4 + answer.Length];
        BinaryPrimitives.WriteInt32BigEndian(framed, answer.Length);
        answer.CopyTo(framed, 4);
        return framed;
    }

    private static byte[] List(byte[] key, string comment) =>
        Framed(new SshWriter().Byte(12).UInt32(1).String(key).String(System.Text.Encoding.UTF8.GetBytes(comment)).ToArray());

    private static byte[] Signature(byte[] blob) => Framed(new SshWriter().Byte(14).String(blob).ToArray());

    private static byte[] Blob(RSA rsa)
    {
        var p = rsa.ExportParameters(false);
        return new SshWriter().String("ssh-rsa"u8).Positive(p.Exponent).Positive(p.Modulus).ToArray();
    }

    /// <summary>Answers each question with the next of these, whatever it was, and hangs up after the last.</summary>
    private SshAgent Connect(params byte[][] answers)
    {
        var path = Path.Combine(_folder, Guid.NewGuid().ToString("N"));
        var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint(path));
        listener.Listen();
        _ = Task.Run(() =>
        {
            using (listener)
            {
                using var socket = listener.Accept();
                var question = new byte[65536];
                foreach (var answer in answers)
                {
                    socket.Receive(question);
                    socket.Send(answer);
                }
            }
        });
        return SshAgent.Connect(path);
    }
}
