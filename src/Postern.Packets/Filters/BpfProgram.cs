using System.Collections.Immutable;
using Postern.Packets.Headers;
using static Postern.Packets.Filters.BpfCode;

namespace Postern.Packets.Filters;

/// <summary>
/// A <see cref="CaptureFilter"/> as a classic BPF program for an AF_PACKET socket of type SOCK_DGRAM, where byte 0 is the first of the
/// IP header. A load beyond the end of the packet refuses it (linux/filter.h), so no length is checked here.
/// <code>
/// for this host?   no → refuse
/// IPv4             fragment → refuse; X ← header length; protocol 1 → echo; A ← protocol → transport
/// IPv6             X ← 40; six times: extension header? X ← behind it, A ← the next one; fragment → refuse;
///                  header 58 → echo; → transport
/// transport        A = 6 → TCP, A = 17 → UDP, else refuse
/// TCP              SYN without ACK to a sized port, and end − (X + its header) is one of the sizes → accept for its size;
///                  to a data port, end − (X + its header) in the range and the byte there as asked → accept for its data;
///                  flags under the mask as asked; A ← port at X + 2; found by halving → accept
/// UDP              length at X + 4 is 8 + one of the sizes, to a sized port → accept for its size;
///                  length at X + 4 in the range and the byte at X + 8 as asked, to a data port → accept for its data;
///                  A ← port at X + 2; found by halving → accept
/// ICMP             (IPv4) end − X in the range and the byte at X + 8 as asked → accept for its data; → echo
/// echo             type at X + 0 is 8 (IPv4), 128 (IPv6); end − X is 8 + one of the sizes → accept for its size; any → accept
/// accept           snap length
/// … for its size, data   the snap length of those
/// refuse           0
/// </code>
/// It never refuses what the filter wants. It lets through more where headers lie about their lengths, which only
/// <see cref="PacketView"/> looks at, and where there were too many runs of ports: then the narrowest gaps between them are closed.
/// </summary>
internal sealed class BpfProgram
{
    /// <summary>BPF_MAXINSNS of linux/bpf_common.h.</summary>
    internal const int KernelMaxInstructions = 4096;

    /// <summary>
    /// The kernel takes the memory of a program, 8 to 16 bytes an instruction, from net.core.optmem_max, which was 20 KiB before Linux 6.7,
    /// and that of the old one too while it is being replaced. Enough for 220 runs of ports without closing a gap.
    /// </summary>
    private const int DefaultMaxInstructions = 700;

    /// <summary>SKF_AD_OFF: beyond it stand facts about the packet, not its bytes.</summary>
    private const uint Ancillary = 0xffff_f000;
    private const uint EtherType = Ancillary + 0;
    private const uint PacketType = Ancillary + 4;

    /// <summary>PACKET_HOST of linux/if_packet.h: addressed to us, arriving.</summary>
    private const uint ForThisHost = 0;
    private const uint EtherTypeIPv4 = 0x0800;
    private const uint EtherTypeIPv6 = 0x86dd;

    /// <summary>So few runs that every jump among them, and to the returns behind them, is short.</summary>
    private const int RunsPerBundle = 60;

    /// <summary>Words of scratch memory: what follows an extension header; where the IP packet ends, by its own word; where the TCP header begins.</summary>
    private const uint NextHeader = 0;
    private const uint End = 1;
    private const uint TcpHeader = 2;

    /// <summary>Each is an instruction wherever a size is looked at.</summary>
    private const int MaxSizes = 16;

    private readonly BpfAssembler _code = new();
    private readonly BpfLabel _transport;
    private readonly BpfLabel _echo;
    private readonly BpfLabel _echoV6;
    private readonly BpfLabel _acceptForSize;
    private readonly BpfLabel _accept;
    private readonly BpfLabel _refuse;
    private readonly CaptureFilter _filter;
    private readonly FilterPortSets _ports;
    private readonly bool _sizedEcho;
    private readonly DataFilter? _data;

    private BpfProgram(CaptureFilter filter, FilterPortSets ports)
    {
        _filter = filter;
        _ports = ports;
        _data = filter.Data;
        _sizedEcho = filter.SizedEcho && !filter.PayloadSizes.IsEmpty;
        (_transport, _echo, _echoV6) = (_code.NewLabel(), _code.NewLabel(), _code.NewLabel());
        (_acceptForSize, _accept, _refuse) = (_code.NewLabel(), _code.NewLabel(), _code.NewLabel());
    }

    /// <exception cref="ArgumentOutOfRangeException">A snap length or a payload size that is not that of any packet, or more sizes than anybody needs.</exception>
    public static ImmutableArray<BpfInstruction> From(CaptureFilter filter, int maxInstructions = DefaultMaxInstructions)
    {
        Validate(filter);
        var ports = PortsOf(filter);
        while (true)
        {
            var program = new BpfProgram(filter, ports).Write();
            if (program.Length <= maxInstructions)
                return [.. program];

            var runs = ports.Runs;
            ports = ports.CloseGaps(Math.Max(1, (program.Length - maxInstructions) / 3));
            if (ports.Runs == runs)
                throw new ArgumentOutOfRangeException(nameof(maxInstructions), maxInstructions, "no program is that short");
        }
    }

    private static void Validate(CaptureFilter filter)
    {
        foreach (var length in (ReadOnlySpan<int>)[filter.SnapLength, filter.SizedSnapLength, .. filter.PayloadSizes])
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(length, 1, nameof(filter));
            ArgumentOutOfRangeException.ThrowIfGreaterThan(length, ushort.MaxValue, nameof(filter));
        }

        ArgumentOutOfRangeException.ThrowIfGreaterThan(filter.PayloadSizes.Length, MaxSizes, nameof(filter));
        if (filter.Data is { } data && (data.MinSize < 1 || data.MaxSize < data.MinSize || data.MaxSize > ushort.MaxValue || data.MaxDatagram > ushort.MaxValue || data.FirstBytes.Length > MaxSizes))
            throw new ArgumentOutOfRangeException(nameof(filter), data, "no packet carries that");
    }

    private static FilterPortSets PortsOf(CaptureFilter filter)
    {
        var impossibleFlags = (filter.TcpFlagsSet & ~filter.TcpFlagsMask) != TcpFlags.None;
        var hasSizes = !filter.PayloadSizes.IsEmpty;
        return new(
            Tcp: impossibleFlags ? [] : PortSet.Normalize(filter.TcpPorts),
            Udp: PortSet.Normalize(filter.UdpPorts),
            SizedTcp: hasSizes ? PortSet.Normalize(filter.SizedTcpPorts) : [],
            SizedUdp: hasSizes ? PortSet.Normalize(filter.SizedUdpPorts) : [],
            DataTcp: PortSet.Normalize(filter.Data?.TcpPorts ?? []),
            DataUdp: PortSet.Normalize(filter.Data?.UdpPorts ?? []));
    }

    private BpfInstruction[] Write()
    {
        if (_ports.Runs == 0 && !_filter.Echo && !_sizedEcho && _data is not { Icmp: true })
        {
            _code.Do(Return, 0);
            return _code.Assemble();
        }

        WriteLink();
        WriteIPv6();
        WriteTransport();
        WriteEcho();
        _code.Place(_acceptForSize);
        _code.Do(Return, (uint)_filter.SizedSnapLength);
        WriteReturns(_accept, _refuse);
        return _code.Assemble();
    }

    private bool NeedsEnd => _sizedEcho || !_ports.SizedTcp.IsEmpty || !_ports.DataTcp.IsEmpty || _data is { Icmp: true };

    private void WriteLink()
    {
        var v4 = _code.NewLabel();
        var v6 = _code.NewLabel();
        _code.Do(LoadByte, PacketType);
        _code.Unless(JumpIfEqual, ForThisHost, _refuse);
        _code.Do(LoadHalf, EtherType);
        _code.If(JumpIfEqual, EtherTypeIPv6, v6);
        _code.If(JumpIfEqual, EtherTypeIPv4, v4, _refuse);

        _code.Place(v4);
        WriteIPv4();
        _code.Place(v6);
    }

    private void WriteIPv4()
    {
        WriteVersion(4);
        _code.Do(LoadHalf, 6);
        _code.If(JumpIfBits, IPv4Header.MoreFragmentsOrOffset, _refuse);
        if (NeedsEnd)
        {
            _code.Do(LoadHalf, 2);
            _code.Do(StoreScratch, End);
        }

        _code.Do(SetXToHeaderLength, 0);
        _code.Do(LoadByte, 9);
        _code.If(JumpIfEqual, (uint)IpProtocol.Icmp, _echo);
        _code.Go(_transport);
    }

    /// <summary>The EtherType has said it already, but a reader of the bare bytes will go by this.</summary>
    private void WriteVersion(uint version)
    {
        _code.Do(LoadByte, 0);
        _code.Do(And, 0xf0);
        _code.Unless(JumpIfEqual, version << 4, _refuse);
    }

    private void WriteIPv6()
    {
        var done = _code.NewLabel();
        WriteVersion(6);
        if (NeedsEnd)
        {
            _code.Do(LoadHalf, 4);
            _code.Do(Add, IPv6Header.Size);
            _code.Do(StoreScratch, End);
        }

        _code.Do(SetX, IPv6Header.Size);
        _code.Do(LoadByte, 6);
        for (var i = 0; i < IPv6Header.MaxExtensions; i++)
            WriteExtension(done);
        _code.Place(done);
        _code.If(JumpIfEqual, (uint)IpProtocol.IcmpV6, _echoV6);
    }

    /// <summary>In: A is the kind of header, X where it begins. Out: the same for the one behind it.</summary>
    private void WriteExtension(BpfLabel done)
    {
        var options = _code.NewLabel();
        var authentication = _code.NewLabel();
        var fragment = _code.NewLabel();
        var next = _code.NewLabel();
        _code.If(JumpIfEqual, IPv6Header.HopByHop, options);
        _code.If(JumpIfEqual, IPv6Header.Routing, options);
        _code.If(JumpIfEqual, IPv6Header.DestinationOptions, options);
        _code.If(JumpIfEqual, IPv6Header.FragmentHeader, fragment);
        _code.If(JumpIfEqual, IPv6Header.Authentication, authentication, done);

        _code.Place(options);
        WriteStep(firstWords: 1, log2WordSize: 3);
        _code.Go(next);

        _code.Place(authentication);
        WriteStep(firstWords: 2, log2WordSize: 2);
        _code.Go(next);

        _code.Place(fragment);
        _code.Do(LoadHalfAtX, 2);
        _code.If(JumpIfBits, IPv6Header.OffsetOrMore, _refuse);
        _code.Do(LoadByteAtX, 0);
        _code.Do(StoreScratch, NextHeader);
        _code.Do(XToA);
        _code.Do(Add, 8);
        _code.Do(AToX);

        _code.Place(next);
        _code.Do(LoadScratch, NextHeader);
    }

    private void WriteStep(uint firstWords, uint log2WordSize)
    {
        _code.Do(LoadByteAtX, 0);
        _code.Do(StoreScratch, NextHeader);
        _code.Do(LoadByteAtX, 1);
        _code.Do(Add, firstWords);
        _code.Do(ShiftLeft, log2WordSize);
        _code.Do(AddX);
        _code.Do(AToX);
    }

    /// <summary>A is the protocol, X where its header begins.</summary>
    private void WriteTransport()
    {
        var isTcp = _code.NewLabel();
        var isUdp = _code.NewLabel();
        _code.Place(_transport);
        _code.If(JumpIfEqual, (uint)IpProtocol.Tcp, isTcp);
        _code.If(JumpIfEqual, (uint)IpProtocol.Udp, isUdp, _refuse);

        _code.Place(isTcp);
        if (!_ports.SizedTcp.IsEmpty)
            WriteSizedTcp();
        if (!_ports.DataTcp.IsEmpty)
            WriteDataTcp(_data!);
        if (_filter.TcpFlagsMask != TcpFlags.None)
        {
            _code.Do(LoadByteAtX, 13);
            _code.Do(And, (uint)_filter.TcpFlagsMask);
            _code.Unless(JumpIfEqual, (uint)_filter.TcpFlagsSet, _refuse);
        }

        WritePorts(_ports.Tcp);
        _code.Place(isUdp);
        if (!_ports.SizedUdp.IsEmpty)
            WriteSizedUdp();
        if (!_ports.DataUdp.IsEmpty)
            WriteDataUdp(_data!);
        WritePorts(_ports.Udp);
    }

    /// <summary>Goes on with the next line, X as it was, unless the segment is accepted.</summary>
    private void WriteSizedTcp()
    {
        var hasPort = _code.NewLabel();
        var other = _code.NewLabel();
        _code.Do(LoadByteAtX, 13);
        _code.Do(And, (uint)(TcpFlags.Syn | TcpFlags.Ack));
        _code.Unless(JumpIfEqual, (uint)TcpFlags.Syn, other);
        _code.Do(LoadHalfAtX, 2);
        WriteSearch(_ports.SizedTcp.AsSpan(), isFirst: true, hasPort, other);

        _code.Place(hasPort);
        WriteStepOverTcp();
        WriteSizes(headerSize: 0);
        _code.Do(LoadScratch, TcpHeader);
        _code.Do(AToX);
        _code.Place(other);
    }

    /// <summary>X is where the TCP header begins, and then where its data does; the former is kept.</summary>
    private void WriteStepOverTcp()
    {
        _code.Do(XToA);
        _code.Do(StoreScratch, TcpHeader);
        _code.Do(LoadByteAtX, 12);
        _code.Do(And, 0xf0);
        _code.Do(ShiftRight, 2);
        _code.Do(AddX);
        _code.Do(AToX);
    }

    /// <summary>Goes on with the next line, X as it was, unless the segment is accepted.</summary>
    private void WriteDataTcp(DataFilter data)
    {
        var hasPort = _code.NewLabel();
        var back = _code.NewLabel();
        var other = _code.NewLabel();
        _code.Do(LoadHalfAtX, 2);
        WriteSearch(_ports.DataTcp.AsSpan(), isFirst: true, hasPort, other);
        _code.Place(hasPort);
        WriteStepOverTcp();
        _code.Do(LoadScratch, End);
        _code.Do(SubtractX);
        WriteData(data, headerSize: 0, _acceptForSize, back);
        _code.Place(back);
        _code.Do(LoadScratch, TcpHeader);
        _code.Do(AToX);
        _code.Place(other);
    }

    /// <summary>Goes on with the next line unless the datagram is accepted.</summary>
    private void WriteDataUdp(DataFilter data)
    {
        var fits = _code.NewLabel();
        var other = _code.NewLabel();
        _code.Do(LoadHalfAtX, 4);
        if (data.MaxDatagram > data.MaxSize)
        {
            var usual = _code.NewLabel();
            _code.Unless(JumpIfGreater, (uint)data.MaxSize + TransportLayer.UdpSize, usual);
            _code.If(JumpIfGreater, (uint)data.MaxDatagram + TransportLayer.UdpSize, other, fits);
            _code.Place(usual);
        }

        WriteData(data, TransportLayer.UdpSize, fits, other);
        _code.Place(fits);
        _code.Do(LoadHalfAtX, 2);
        WriteSearch(_ports.DataUdp.AsSpan(), isFirst: true, _acceptForSize, other);
        _code.Place(other);
    }

    /// <summary>A is the length of the header at X and of its data.</summary>
    private void WriteData(DataFilter data, uint headerSize, BpfLabel fits, BpfLabel other)
    {
        _code.Unless(JumpIfNotLess, (uint)data.MinSize + headerSize, other);
        _code.If(JumpIfGreater, (uint)data.MaxSize + headerSize, other);
        _code.Do(LoadByteAtX, headerSize);
        foreach (var first in data.FirstBytes)
            _code.If(JumpIfEqual, first, fits);
        _code.Go(other);
    }

    /// <summary>X is where a header begins: accepts what ends, by the word of the IP header, one of the sizes behind that header; or goes on.</summary>
    private void WriteSizes(uint headerSize)
    {
        _code.Do(LoadScratch, End);
        _code.Do(SubtractX);
        foreach (var size in _filter.PayloadSizes)
            _code.If(JumpIfEqual, (uint)size + headerSize, _acceptForSize);
    }

    /// <summary>Goes on with the next line unless the datagram is accepted.</summary>
    private void WriteSizedUdp()
    {
        var hasSize = _code.NewLabel();
        var other = _code.NewLabel();
        _code.Do(LoadHalfAtX, 4);
        foreach (var size in _filter.PayloadSizes)
            _code.If(JumpIfEqual, (uint)size + TransportLayer.UdpSize, hasSize);
        _code.Go(other);
        _code.Place(hasSize);
        _code.Do(LoadHalfAtX, 2);
        WriteSearch(_ports.SizedUdp.AsSpan(), isFirst: true, _acceptForSize, other);
        _code.Place(other);
    }

    private void WritePorts(ImmutableArray<FilterPorts> runs)
    {
        if (runs.IsEmpty)
        {
            _code.Go(_refuse);
            return;
        }

        _code.Do(LoadHalfAtX, 2);
        WriteHalves(runs.AsSpan(), isFirst: true);
    }

    /// <summary>Halves the runs until they are few, so that what is far is jumped to as seldom as can be.</summary>
    private void WriteHalves(ReadOnlySpan<FilterPorts> runs, bool isFirst)
    {
        if (runs.Length <= RunsPerBundle)
        {
            var accept = _code.NewLabel();
            var refuse = _code.NewLabel();
            WriteSearch(runs, isFirst, accept, refuse);
            WriteReturns(accept, refuse);
            return;
        }

        var upper = _code.NewLabel();
        var middle = runs.Length / 2;
        _code.If(JumpIfNotLess, runs[middle].First, upper);
        WriteHalves(runs[..middle], isFirst);
        _code.Place(upper);
        WriteHalves(runs[middle..], isFirst: false);
    }

    /// <summary>A port that came here is not below the first run, unless that is the first of all.</summary>
    private void WriteSearch(ReadOnlySpan<FilterPorts> runs, bool isFirst, BpfLabel accept, BpfLabel refuse)
    {
        var run = runs[0];
        if (runs.Length > 1)
        {
            var upper = _code.NewLabel();
            var middle = runs.Length / 2;
            _code.If(JumpIfNotLess, runs[middle].First, upper);
            WriteSearch(runs[..middle], isFirst, accept, refuse);
            _code.Place(upper);
            WriteSearch(runs[middle..], isFirst: false, accept, refuse);
        }
        else if (run.First == run.Last)
        {
            _code.If(JumpIfEqual, run.First, accept, refuse);
        }
        else
        {
            if (isFirst)
                _code.Unless(JumpIfNotLess, run.First, refuse);
            _code.If(JumpIfGreater, run.Last, refuse, accept);
        }
    }

    private void WriteEcho()
    {
        _code.Place(_echo);
        if (_data is { Icmp: true })
            WriteDataIcmp(_data);
        if (!_filter.Echo && !_sizedEcho)
        {
            _code.Place(_echoV6);
            _code.Go(_refuse);
            return;
        }

        var request = _code.NewLabel();
        _code.Do(LoadByteAtX, 0);
        _code.If(JumpIfEqual, TransportLayer.EchoRequest, request, _refuse);
        _code.Place(_echoV6);
        _code.Do(LoadByteAtX, 0);
        _code.If(JumpIfEqual, TransportLayer.EchoRequestV6, request, _refuse);
        _code.Place(request);
        if (_sizedEcho)
            WriteSizes(TransportLayer.IcmpSize);
        _code.Go(_filter.Echo ? _accept : _refuse);
    }

    /// <summary>Goes on with the next line unless the message is accepted.</summary>
    private void WriteDataIcmp(DataFilter data)
    {
        var other = _code.NewLabel();
        _code.Do(LoadScratch, End);
        _code.Do(SubtractX);
        WriteData(data, TransportLayer.IcmpSize, _acceptForSize, other);
        _code.Place(other);
    }

    private void WriteReturns(BpfLabel accept, BpfLabel refuse)
    {
        _code.Place(accept);
        _code.Do(Return, (uint)_filter.SnapLength);
        _code.Place(refuse);
        _code.Do(Return, 0);
    }
}
