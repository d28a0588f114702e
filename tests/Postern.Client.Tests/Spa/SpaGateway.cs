using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Postern.Client.Spa;
using Postern.Keys;
using Postern.Keys.Ssh;
using Postern.Knocks.Spa;
using Postern.Reports;
using Postern.Reports.Spa;

namespace Postern.Client.Tests.Spa;

/// <summary>A packet as the gate opened it.</summary>
internal sealed record OpenedRequest(
    bool Close, ulong Time, ulong GateId, ulong KeyHint, Address Address, ushort SourcePort, uint Seconds, string Services, uint Device, ClientSystem System, byte[] ReceiptKey, bool IsSigned);

/// <summary>A gate's keys, made for one test, and a client that is enrolled there.</summary>
internal sealed class SpaGateway : IDisposable
{
    private readonly BoxKeyPair _gateKey = BoxKeyPair.Generate();
    private readonly OuterKey _outerKey;
    private readonly string _folder = Directory.CreateTempSubdirectory("postern-test-").FullName;

    public SpaGateway()
    {
        using var secret = GateSecret.Generate();
        _outerKey = secret.DeriveOuterKey();
        Gate = new(_gateKey.Public, _outerKey);
        Device = new(Path.Combine(_folder, "state", "device"));
    }

    public SpaGate Gate { get; }

    public DeviceFile Device { get; }

    public P256Signer Signer { get; } = new();

    public string DevicePath => Path.Combine(_folder, "state", "device");

    public SpaKnock Knock(SpaWish wish, params ReadOnlySpan<string> carriers) => new(new(Gate, wish, Signer, Device), Parse(carriers));

    public static ImmutableArray<Carrier> Parse(params ReadOnlySpan<string> carriers) =>
        [.. carriers.ToArray().Select(c => Carrier.TryParse(c, out var carrier) ? carrier : throw new FormatException(c))];

    public OpenedRequest Open(ReadOnlyMemory<byte> packet)
    {
        var reader = new SpaReader(_outerKey, _gateKey);
        Assert.Equal(Refusal.None, reader.OpenOuter(packet.Span, out var box));
        Assert.Equal(Refusal.None, reader.Open(box, out var whole));
        Assert.Equal(Refusal.None, SignedRequest.Read(whole.Span, out var request));
        return new(
            request.Close, request.Time, request.GateId, request.KeyHint, request.Address, request.SourcePort, request.Seconds,
            string.Join(',', Enumerable.Range(0, request.ServiceCount).Select(ServiceOf(whole))), request.Device, request.System, request.ReceiptKey.ToArray(),
            Signer.PublicKey.Verify("spa@postern", request.Signed, request.Signature));
    }

    /// <summary>Answers a request as a gate with receipts would.</summary>
    public byte[] Answer(OpenedRequest request, Receipt receipt)
    {
        Assert.True(ReceiptWriter.TryWrite(receipt, _outerKey, request.ReceiptKey, RandomNumberGenerator.GetBytes(ReceiptWriter.ChanceSize), out var packet));
        return packet;
    }

    private static Func<int, string> ServiceOf(ReadOnlyMemory<byte> whole) => index =>
    {
        SignedRequest.Read(whole.Span, out var request);
        return request.Service(index);
    };

    public void Dispose()
    {
        _gateKey.Dispose();
        _outerKey.Dispose();
        Signer.Dispose();
        Directory.Delete(_folder, recursive: true);
    }
}

/// <summary>A key that is made here and now, by the base library and not by the code under test.</summary>
internal sealed class P256Signer : ISshSigner
{
    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private int _signatures;

    public P256Signer()
    {
        var point = _key.ExportParameters(false).Q;
        Assert.True(SshPublicKey.TryRead([.. Text("ecdsa-sha2-nistp256"), .. Text("nistp256"), .. Blob([4, .. point.X!, .. point.Y!])], out var key));
        PublicKey = key;
    }

    public SshPublicKey PublicKey { get; }

    public string Comment => "test";

    public int Signatures => _signatures;

    public byte[] Sign(string nameSpace, ReadOnlySpan<byte> message)
    {
        Interlocked.Increment(ref _signatures);
        byte[] data = [.. "SSHSIG"u8, .. Text(nameSpace), .. Text(""), .. Text("sha512"), .. Blob(SHA512.HashData(message))];
        var raw = _key.SignData(data, HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation);
        return [.. Text("ecdsa-sha2-nistp256"), .. Blob([.. Number(raw[..32]), .. Number(raw[32..])])];
    }

    private static byte[] Number(byte[] bytes)
    {
        var significant = bytes.AsSpan().TrimStart((byte)0).ToArray();
        return Blob(significant[0] >= 0x80 ? [0, .. significant] : significant);
    }

    private static byte[] Text(string text) => Blob(System.Text.Encoding.ASCII.GetBytes(text));

    private static byte[] Blob(byte[] bytes) => [0, 0, (byte)(bytes.Length >> 8), (byte)bytes.Length, .. bytes];

    public void Dispose() => _key.Dispose();
}

/// <summary>One packet with the payload of it, as an AF_PACKET socket at the gate saw it.</summary>
internal readonly record struct RawPacket(bool IsV6, byte Protocol, ushort SourcePort, ushort Port, byte TcpFlags, byte[] Payload);

/// <summary>All that comes from the client, as the kernel delivers it, payload and all.</summary>
internal sealed class RawCapture : IDisposable
{
    private const int EthAll = 0x0003;

    private readonly Socket _socket;
    private readonly List<RawPacket> _packets = [];
    private readonly Thread _thread;

    public RawCapture(Street street)
    {
        // SOCK_DGRAM: from the IP header on. The protocol is in network order.
        _socket = street.Gate.Enter(() => new Socket(AddressFamily.Packet, SocketType.Dgram, (ProtocolType)System.Net.IPAddress.HostToNetworkOrder((short)EthAll)));
        _socket.ReceiveTimeout = 200;
        _thread = new Thread(Read) { IsBackground = true };
        _thread.Start();
    }

    private bool _end;

    /// <summary>What left the client's end, TCP, UDP and echo requests only.</summary>
    public List<RawPacket> FromClient()
    {
        Thread.Sleep(300);
        lock (_packets)
            return [.. _packets];
    }

    private void Read()
    {
        var buffer = new byte[2048];
        while (!Volatile.Read(ref _end))
        {
            try
            {
                var length = _socket.Receive(buffer);
                if (Parse(buffer.AsSpan(0, length)) is { } packet)
                {
                    lock (_packets)
                        _packets.Add(packet);
                }
            }
            catch (SocketException e) when (e.SocketErrorCode is SocketError.TimedOut or SocketError.WouldBlock)
            {
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                return;
            }
        }
    }

    private static RawPacket? Parse(ReadOnlySpan<byte> ip)
    {
        if (ip.Length < 20)
            return null;
        var v6 = ip[0] >> 4 == 6;
        var source = new IPAddress(v6 ? ip.Slice(8, 16) : ip.Slice(12, 4)).ToString();
        if (source is not (Postern.Tests.NetworkNamespace.Left4 or Postern.Tests.NetworkNamespace.Left6))
            return null;
        var protocol = v6 ? ip[6] : ip[9];
        var total = v6 ? 40 + ((ip[4] << 8) | ip[5]) : (ip[2] << 8) | ip[3];
        var body = ip[(v6 ? 40 : (ip[0] & 15) * 4)..total];
        return protocol switch
        {
            6 => new(v6, 6, Port(body), Port(body[2..]), body[13], body[((body[12] >> 4) * 4)..].ToArray()),
            17 => new(v6, 17, Port(body), Port(body[2..]), 0, body[8..].ToArray()),
            1 when body[0] == 8 => new(v6, 1, 0, 0, 0, body[8..].ToArray()),
            58 when body[0] == 128 => new(v6, 58, 0, 0, 0, body[8..].ToArray()),
            _ => null,
        };
    }

    private static ushort Port(ReadOnlySpan<byte> bytes) => (ushort)((bytes[0] << 8) | bytes[1]);

    public void Dispose()
    {
        Volatile.Write(ref _end, true);
        _thread.Join();
        _socket.Dispose();
    }
}
