using System.Security.Cryptography;
using BenchmarkDotNet.Attributes;
using Postern.Keys;
using Postern.Knocks.Spa;
using Postern.Reports;

namespace Postern.Benchmarks;

/// <summary>
/// What an SPA packet costs the sentry, by its size. The baseline is HMAC-SHA-256 of the same bytes, which is what designs with a shared key pay for each packet, junk included.
/// </summary>
[MemoryDiagnoser]
[Config(typeof(InThisProcess))]
public class SpaBenchmarks
{
    private static readonly byte[] HmacKey = RandomNumberGenerator.GetBytes(32);

    private readonly byte[] _hash = new byte[32];
    private SpaReader _reader = null!;
    private byte[] _good = null!;
    private byte[] _forged = null!;
    private byte[] _odd = null!;

    [Params(320, 512, 1200)]
    public int Size { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        var outerKey = GateSecret.Generate().DeriveOuterKey();
        var gateKey = BoxKeyPair.Generate();
        _reader = new(outerKey, gateKey);
        var unsigned = Reports.Spa.SpaRequestWriter.WriteUnsigned(new(1, gateKey.Public.GateId, 2, ["ssh"]));
        _good = SpaWriter.Write(unsigned, new byte[83], Size, outerKey, gateKey.Public, RandomNumberGenerator.GetBytes(SpaWriter.ChanceSize));
        _forged = RandomNumberGenerator.GetBytes(Size);
        _odd = RandomNumberGenerator.GetBytes(Size + 1);
    }

    [Benchmark(Baseline = true, Description = "HMAC-SHA-256 of the same bytes")]
    public int Hmac() => HMACSHA256.HashData(HmacKey, _forged, _hash);

    [Benchmark(Description = "of another size: wrong-size")]
    public Refusal WrongSize() => Open(_odd);

    [Benchmark(Description = "random bytes: junk")]
    public Refusal Junk() => Open(_forged);

    [Benchmark(Description = "a packet: both seals opened, the request read")]
    public Refusal Whole() => Open(_good);

    private Refusal Open(byte[] packet) => _reader.OpenOuter(packet, out var box) is var outer and not Refusal.None ? outer : _reader.Open(box, out _);
}
