using System.Net;
using System.Net.Sockets;

namespace Postern.Client;

/// <summary>Why a knock could not even be sent.</summary>
public enum KnockFault
{
    /// <summary>The name has no address, or none of the family asked for.</summary>
    HostUnknown,

    /// <summary>No way to the host from here: no route, no address of that family, a firewall of our own.</summary>
    Unreachable,

    /// <summary>This user may not send such a packet.</summary>
    MissingPrivilege,

    /// <summary>The system cannot send such a packet at all.</summary>
    Unsupported,
}

/// <summary>The knock could not be sent: what failed, and the mend.</summary>
public sealed class KnockException(KnockFault fault, string message, string hint, Exception? inner = null) : Exception(message, inner)
{
    public KnockFault Fault { get; } = fault;

    public string Hint { get; } = hint;

    internal static KnockException From(SocketError error, IPAddress target, string packet) => error switch
    {
        SocketError.AccessDenied => new(KnockFault.Unreachable, $"sending {packet} to {target} is not permitted",
            "a firewall on this machine refuses it, or the address is a broadcast address"),
        SocketError.NetworkUnreachable or SocketError.HostUnreachable => new(KnockFault.Unreachable, $"there is no route to {target}",
            target.AddressFamily == AddressFamily.InterNetworkV6 ? "if this network has no IPv6, knock with -4" : "check the network connection, or knock with -6"),
        SocketError.AddressFamilyNotSupported => new(KnockFault.Unsupported, $"this system does not speak the protocol of {target}",
            target.AddressFamily == AddressFamily.InterNetworkV6 ? "knock with -4" : "knock with -6"),
        SocketError.MessageSize => new(KnockFault.Unsupported, $"{packet} is larger than the way to {target} can carry",
            "choose a smaller size in the sequence, at the gate and here: 1400 bytes pass nearly everywhere"),
        SocketError.InvalidArgument => new(KnockFault.Unreachable, $"{target} cannot be knocked at",
            "a link-local address needs its interface: fe80::1%eth0"),
        _ => new(KnockFault.Unreachable, $"{packet} could not be sent to {target}: {new SocketException((int)error).Message}", "check the address and the network connection"),
    };
}
