using System.Runtime.InteropServices;

namespace Postern.Firewall.Nftables;

/// <summary>A message of a dump, without its headers.</summary>
internal delegate void DumpReader(byte family, NetlinkAttributes attributes);

/// <summary>
/// One conversation with nf_tables over NETLINK_NETFILTER. The kernel works a batch off inside <c>send</c>, so its answer is there
/// when send returns; the time-out is for a kernel that does not keep to that.
/// </summary>
internal sealed unsafe partial class NetlinkSocket : IDisposable
{
    private const int FamilyNetlink = 16; // AF_NETLINK
    private const int TypeRawCloseOnExec = 3 | 0x80000; // SOCK_RAW | SOCK_CLOEXEC
    private const int ProtocolNetfilter = 12; // NETLINK_NETFILTER
    private const int LevelSocket = 1;
    private const int OptionReceiveTimeout = 20; // SO_RCVTIMEO
    private const int OptionAttachFilter = 26; // SO_ATTACH_FILTER
    private const int OptionSendBufferForce = 32; // SO_SNDBUFFORCE
    private const int OptionReceiveBufferForce = 33;
    private const int LevelNetlink = 270;
    private const int OptionCapAcknowledge = 10; // NETLINK_CAP_ACK: an error does not carry the whole request back
    private const int FlagTruncated = 0x20; // MSG_TRUNC: recv tells the true length

    private const int BufferBytes = 1 << 20; // a batch of a service with 1024 ports, thrice, with room; the kernel refuses longer ones
    private const int DatagramBytes = 1 << 16; // the kernel fills a dump datagram up to 32 KiB
    private const int RequestBytes = 1024; // a table and a chain, each name at most 256 bytes (NFT_NAME_MAXLEN)
    private const int DumpAttempts = 20;
    private const int AnswerSeconds = 5; // a commit may wait for other users of nf_tables; seconds are a hang
    private const int NewsSeconds = 60; // how late a watch that was given up ends; each look is a wake-up

    private readonly byte[] _answer = GC.AllocateUninitializedArray<byte>(DatagramBytes);
    private int _socket;

    /// <param name="group">A multicast group whose news arrive here (<see cref="ReceiveNews"/>), as a bit; 0 for none.</param>
    /// <param name="filter">Which of them; empty: all.</param>
    public NetlinkSocket(uint group = 0, ReadOnlySpan<FilterStep> filter = default)
    {
        _socket = Socket(FamilyNetlink, TypeRawCloseOnExec, ProtocolNetfilter);
        if (_socket < 0)
            throw Failure("cannot open a netlink socket");
        var address = stackalloc uint[3] { 0, 0, 0 };
        *(ushort*)address = FamilyNetlink;
        address[2] = group;
        if (!filter.IsEmpty)
            Attach(filter);
        if (Bind(_socket, address, 3 * sizeof(uint)) < 0)
            throw Failure("cannot bind a netlink socket");

        // Refused without CAP_NET_ADMIN, which the first request reports more plainly.
        Set(LevelSocket, OptionSendBufferForce, BufferBytes);
        Set(LevelSocket, OptionReceiveBufferForce, BufferBytes);
        Set(LevelNetlink, OptionCapAcknowledge, 1);
        var timeout = stackalloc nint[2] { group == 0 ? AnswerSeconds : NewsSeconds, 0 };
        _ = SetSocketOption(_socket, LevelSocket, OptionReceiveTimeout, timeout, (uint)(2 * sizeof(nint)));
    }

    public uint NextSequence { get; private set; } = 1;

    /// <summary>Sends what was written and reads until its last message (<paramref name="lastAsked"/>, which carries NLM_F_ACK) is acknowledged or one fails. Returns an errno, or 0.</summary>
    public int Commit(in NetlinkBatch batch, uint lastAsked)
    {
        var first = NextSequence;
        if (Send(batch) is var unsent and not 0)
            return unsent;
        while (true)
        {
            var error = Receive(out var datagram);
            if (error != 0)
                return error;
            var answer = new NetlinkAnswer(datagram);
            while (answer.MoveNext())
            {
                // What an earlier batch was answered after its first error is still in the queue.
                if (answer.Type != NfTablesWire.TypeError || answer.Sequence - first > lastAsked - first)
                    continue;
                if (answer.Error != 0 || answer.Sequence == lastAsked)
                    return answer.Error;
            }

            if (answer.Broken)
                return Errno.BrokenMessage;
        }
    }

    /// <summary>Asks for a list and hands over each message of it. EINTR means that the rule set changed meanwhile: ask again.</summary>
    public int Dump(in NetlinkBatch request, DumpReader reader)
    {
        var sequence = NextSequence;
        if (Send(request) is var unsent and not 0)
            return unsent;
        var interrupted = false;
        while (true)
        {
            var error = Receive(out var datagram);
            if (error != 0)
                return error;
            var answer = new NetlinkAnswer(datagram);
            while (answer.MoveNext())
            {
                if (answer.Sequence != sequence)
                    continue;
                interrupted |= (answer.Flags & NfTablesWire.FlagDumpInterrupted) != 0;
                if (answer.Type is NfTablesWire.TypeDone or NfTablesWire.TypeError)
                    return answer.Error == 0 && interrupted ? Errno.Interrupted : answer.Error;
                reader(answer.Family, answer.Attributes);
            }

            if (answer.Broken)
                return Errno.BrokenMessage;
        }
    }

    /// <summary>A dump of one kind, narrowed to a table and then a chain or set of it, repeated from the start while others change the rules.</summary>
    /// <exception cref="FirewallException">It cannot be read.</exception>
    public void Read(NftMessage kind, byte family, string? table, string? within, Action restart, DumpReader reader)
    {
        Span<byte> room = stackalloc byte[RequestBytes];
        var error = 0;
        for (var attempt = 0; attempt < DumpAttempts; attempt++)
        {
            restart();
            var request = new NetlinkBatch(room, NextSequence);
            request.BeginMessage(kind, NfTablesWire.FlagDump, family);
            if (table is not null)
                request.Text(NfTablesWire.InTable, table);
            if (within is not null)
                request.Text(NfTablesWire.Within, within);
            request.EndMessage();
            error = Dump(request, reader);
            if (error is not (Errno.Interrupted or Errno.NoBuffers))
                break;
        }

        if (error is Errno.NotPermitted)
            throw LibNftables.MissingPrivilege();
        if (error is not (0 or Errno.NoSuchEntry)) // what is not there has an empty list
            throw new FirewallException($"cannot read the firewall's state: {Errno.Text(error)}", "the kernel needs nf_tables: modprobe nf_tables");
    }

    /// <summary>Waits a while for the next datagram of the group: an errno, or 0. ENOBUFS: there was more news than the kernel had room for.</summary>
    public int ReceiveNews(out NetlinkAnswer news)
    {
        var error = Receive(out var datagram);
        news = new(datagram);
        return error;
    }

    private int Send(in NetlinkBatch batch)
    {
        ObjectDisposedException.ThrowIf(_socket < 0, this);
        NextSequence = batch.NextSequence;
        while (true)
        {
            fixed (byte* bytes = batch.Written)
            {
                if (Send(_socket, bytes, (nuint)batch.Written.Length, flags: 0) >= 0)
                    return 0;
            }

            var error = Marshal.GetLastPInvokeError();
            if (error != Errno.Interrupted)
                return error;
        }
    }

    private int Receive(out ReadOnlySpan<byte> datagram)
    {
        while (true)
        {
            nint length;
            fixed (byte* bytes = _answer)
                length = Receive(_socket, bytes, DatagramBytes, FlagTruncated);
            datagram = _answer.AsSpan(0, (int)Math.Clamp(length, 0, DatagramBytes));
            if (length >= 0)
                return length <= DatagramBytes ? 0 : Errno.BrokenMessage;

            var error = Marshal.GetLastPInvokeError();
            if (error != Errno.Interrupted)
                return error == Errno.TryAgain ? Errno.TimedOut : error;
        }
    }

    /// <summary>A filter that the kernel does not take costs wake-ups, and nothing else.</summary>
    private void Attach(ReadOnlySpan<FilterStep> filter)
    {
        fixed (FilterStep* steps = filter)
        {
            var program = stackalloc nint[2] { 0, (nint)steps }; // struct sock_fprog
            *(ushort*)program = checked((ushort)filter.Length);
            _ = SetSocketOption(_socket, LevelSocket, OptionAttachFilter, program, (uint)(2 * sizeof(nint)));
        }
    }

    private void Set(int level, int option, int value) => _ = SetSocketOption(_socket, level, option, &value, sizeof(int));

    private FirewallException Failure(string what)
    {
        var error = Marshal.GetLastPInvokeError();
        Dispose();
        return new FirewallException($"{what}: {Errno.Text(error)}", "the kernel needs nfnetlink and nf_tables: modprobe nf_tables");
    }

    public void Dispose()
    {
        if (_socket >= 0)
            _ = Close(_socket);
        _socket = -1;
    }

    [LibraryImport("libc", EntryPoint = "socket", SetLastError = true)]
    private static partial int Socket(int family, int type, int protocol);

    [LibraryImport("libc", EntryPoint = "bind", SetLastError = true)]
    private static partial int Bind(int socket, void* address, uint length);

    [LibraryImport("libc", EntryPoint = "setsockopt", SetLastError = true)]
    private static partial int SetSocketOption(int socket, int level, int option, void* value, uint length);

    [LibraryImport("libc", EntryPoint = "send", SetLastError = true)]
    private static partial nint Send(int socket, byte* bytes, nuint length, int flags);

    [LibraryImport("libc", EntryPoint = "recv", SetLastError = true)]
    private static partial nint Receive(int socket, byte* bytes, nuint length, int flags);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int Close(int socket);
}
