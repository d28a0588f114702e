using System.Security.Cryptography;
using Postern.Keys;
using Postern.Keys.Ssh;
using Postern.Knocks.Spa;
using Postern.Reports;
using Postern.Reports.Spa;

namespace Postern.Client.Spa;

/// <summary>A packet as it leaves, and the request inside it. Whoever waits for a receipt opens it with the key; it is disposed of afterwards.</summary>
public sealed record SpaLetter(SpaRequest Request, ReadOnlyMemory<byte> Packet, BoxKeyPair? ReceiptKey);

/// <summary>Writes requests, each with a time of its own, has them signed, and seals them.</summary>
public sealed class SpaScribe(SpaGate gate, SpaWish wish, ISshSigner signer, DeviceFile device)
{
    private const string NameSpace = "spa@postern";

    /// <summary>One signature at a time: an agent takes one question after another, and so does a person.</summary>
    private readonly Lock _signing = new();

    public SpaGate Gate => gate;

    public SpaWish Wish => wish;

    /// <summary>Somebody has to touch the key for each signature.</summary>
    public bool IsTouched => signer.PublicKey.Type is SshKeyType.SkEd25519 or SshKeyType.SkEcdsaP256;

    /// <param name="address">Who is to come in; <see cref="Address.None"/>: the source of the packet.</param>
    /// <param name="sourcePort">0: any.</param>
    /// <exception cref="SshKeyException">The key cannot sign.</exception>
    /// <exception cref="DeviceFileException">No time can be had.</exception>
    public SpaLetter Write(Address address, ushort sourcePort)
    {
        lock (_signing)
        {
            var receipt = wish.Receipt ? BoxKeyPair.Generate() : null;
            var (number, time) = device.Next(Now());
            var request = new SpaRequest(time, gate.Key.GateId, signer.PublicKey.Hint, wish.Services)
            {
                Close = wish.Close,
                Seconds = wish.Seconds,
                Address = address,
                SourcePort = sourcePort,
                Device = number,
                System = wish.System,
                Data = wish.Data,
                ReceiptKey = receipt is null ? [] : [.. receipt.Public.Bytes],
            };
            return new(request, Seal(request), receipt);
        }
    }

    private byte[] Seal(SpaRequest request)
    {
        var unsigned = SpaRequestWriter.WriteUnsigned(request);
        var signature = signer.Sign(NameSpace, unsigned);
        Span<byte> chance = stackalloc byte[SpaWriter.ChanceSize];
        RandomNumberGenerator.Fill(chance);
        return SpaWriter.Write(unsigned, signature, SpaWriter.SizeFor(unsigned.Length, signature.Length), gate.OuterKey, gate.Key, chance);
    }

    /// <summary>Nanoseconds since the Unix epoch, in steps of 100.</summary>
    private static ulong Now() => (ulong)(DateTimeOffset.UtcNow - DateTimeOffset.UnixEpoch).Ticks * TimeSpan.NanosecondsPerTick;
}
