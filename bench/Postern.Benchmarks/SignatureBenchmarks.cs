using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using BenchmarkDotNet.Attributes;
using Postern.Keys;
using Postern.Keys.Ssh;
using Postern.Knocks.Spa;
using Postern.Reports;
using Postern.Reports.Spa;

namespace Postern.Benchmarks;

/// <summary>What the warden pays to check who asked, by the type of key; the requests are those of spec/vectors. The baseline is HMAC-SHA-256 of what is signed.</summary>
[MemoryDiagnoser]
[Config(typeof(InThisProcess))]
public class SignatureBenchmarks
{
    private static readonly byte[] HmacKey = RandomNumberGenerator.GetBytes(32);

    private readonly byte[] _hash = new byte[32];
    private SshPublicKey _key = null!;
    private byte[] _signed = null!;
    private byte[] _signature = null!;

    [Params("ed25519", "sk-ed25519", "ecdsa-p256", "sk-ecdsa-p256", "rsa-2048", "rsa-4096")]
    public string Vector { get; set; } = "";

    [GlobalSetup]
    public void Setup()
    {
        var fields = File.ReadLines(PathOf(Vector)).Where(line => line.Contains(": ", StringComparison.Ordinal) && line[0] != '#')
            .ToLookup(line => line[..line.IndexOf(':')], line => line[(line.IndexOf(':') + 2)..]);
        var secret = GateSecret.From(Convert.FromHexString(fields["gate-secret"].Single()));
        var reader = new SpaReader(secret.DeriveOuterKey(), BoxKeyPair.From(Convert.FromHexString(fields["gate-private"].Single())));
        if (reader.OpenOuter(Convert.FromHexString(fields["packet"].Single()), out var box) != Refusal.None || reader.Open(box, out var whole) != Refusal.None)
            throw new InvalidOperationException("the vector does not open");
        _ = SignedRequest.Read(whole.Span, out var request);
        (_signed, _signature) = (request.Signed.ToArray(), request.Signature.ToArray());
        var keys = fields["key"].Select(line => SshPublicKey.TryParse(line.AsSpan(line.IndexOf(' ') + 1), out var key) ? key : throw new FormatException(line)).ToArray();
        var hint = request.KeyHint;
        _key = keys.Single(key => key.Hint == hint);
        if (!Verify())
            throw new InvalidOperationException("the vector's signature is not right");
    }

    [Benchmark(Baseline = true, Description = "HMAC-SHA-256 of the same bytes")]
    public int Hmac() => HMACSHA256.HashData(HmacKey, _signed, _hash);

    [Benchmark(Description = "the signature")]
    public bool Verify() => _key.Verify("spa@postern", _signed, _signature);

    private static string PathOf(string vector, [CallerFilePath] string here = "") => Path.Combine(Path.GetDirectoryName(here)!, "../../spec/vectors/spa", vector + ".vector");
}
