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
/// TCP              flags under the mask as asked; A ← port at X + 2; found by halving → accept
/// UDP              A ← port at X + 2; found by halving → accept
/// echo             type at X + 0 is 8 (IPv4), 128 (IPv6) → accept
/// accept           snap length
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

    private const uint NextHeader = 0;

    private readonly BpfAssembler _code = new();
    private readonly BpfLabel _transport;
    private readonly BpfLabel _echo;
    private readonly BpfLabel _echoV6;
    private readonly BpfLabel _accept;
    private readonly BpfLabel _refuse;
    private readonly uint _snapLength;

    private BpfProgram(int snapLength)
    {
        _snapLength = (uint)snapLength;
        (_transport, _echo, _echoV6, _accept, _refuse) = (_code.NewLabel(), _code.NewLabel(), _code.NewLabel(), _code.NewLabel(), _code.NewLabel());
    }

    /// <exception cref="ArgumentOutOfRangeException">The snap length is not that of any packet.</exception>
    public static ImmutableArray<BpfInstruction> From(CaptureFilter filter, int maxInstructions = DefaultMaxInstructions)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(filter.SnapLength, 1, nameof(filter));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(filter.SnapLength, ushort.MaxValue, nameof(filter));

        var impossibleFlags = (filter.TcpFlagsSet & ~filter.TcpFlagsMask) != TcpFlags.None;
        var tcp = impossibleFlags ? [] : PortSet.Normalize(filter.TcpPorts);
        var udp = PortSet.Normalize(filter.UdpPorts);
        while (true)
        {
            var program = new BpfProgram(filter.SnapLength).Write(filter, tcp, udp);
            if (program.Length <= maxInstructions)
                return [.. program];

            var runs = tcp.Length + udp.Length;
            (tcp, udp) = PortSet.CloseGaps(tcp, udp, Math.Max(1, (program.Length - maxInstructions) / 3));
            if (tcp.Length + udp.Length == runs)
                throw new ArgumentOutOfRangeException(nameof(maxInstructions), maxInstructions, "no program is that short");
        }
    }

    private BpfInstruction[] Write(CaptureFilter filter, ImmutableArray<FilterPorts> tcp, ImmutableArray<FilterPorts> udp)
    {
        if (tcp.IsEmpty && udp.IsEmpty && !filter.Echo)
        {
            _code.Do(Return, 0);
            return _code.Assemble();
        }

        WriteLink();
        WriteIPv6();
        WriteTransport(filter, tcp, udp);
        WriteEcho(filter.Echo);
        WriteReturns(_accept, _refuse);
        return _code.Assemble();
    }

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
    private void WriteTransport(CaptureFilter filter, ImmutableArray<FilterPorts> tcp, ImmutableArray<FilterPorts> udp)
    {
        var isTcp = _code.NewLabel();
        var isUdp = _code.NewLabel();
        _code.Place(_transport);
        _code.If(JumpIfEqual, (uint)IpProtocol.Tcp, isTcp);
        _code.If(JumpIfEqual, (uint)IpProtocol.Udp, isUdp, _refuse);

        _code.Place(isTcp);
        if (filter.TcpFlagsMask != TcpFlags.None)
        {
            _code.Do(LoadByteAtX, 13);
            _code.Do(And, (uint)filter.TcpFlagsMask);
            _code.Unless(JumpIfEqual, (uint)filter.TcpFlagsSet, _refuse);
        }

        WritePorts(tcp);
        _code.Place(isUdp);
        WritePorts(udp);
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

    private void WriteEcho(bool echo)
    {
        _code.Place(_echo);
        if (!echo)
        {
            _code.Place(_echoV6);
            _code.Go(_refuse);
            return;
        }

        _code.Do(LoadByteAtX, 0);
        _code.If(JumpIfEqual, TransportLayer.EchoRequest, _accept, _refuse);
        _code.Place(_echoV6);
        _code.Do(LoadByteAtX, 0);
        _code.If(JumpIfEqual, TransportLayer.EchoRequestV6, _accept, _refuse);
    }

    private void WriteReturns(BpfLabel accept, BpfLabel refuse)
    {
        _code.Place(accept);
        _code.Do(Return, _snapLength);
        _code.Place(refuse);
        _code.Do(Return, 0);
    }
}
