using System.Collections.Immutable;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Postern.Cli.Configuration;
using Postern.Confinement;

namespace Postern.Cli.Control;

/// <summary>What somebody may ask of the gate.</summary>
internal enum ControlRight
{
    None,

    /// <summary>How it stands, and what is open.</summary>
    Read,

    /// <summary>Everything.</summary>
    Change,
}

/// <summary>Who connected, by the kernel's word (unix(7)); it is that of the moment of connecting, so a right that is given up later is still counted.</summary>
/// <param name="Pid">Process, for the log only: another may have its number by now.</param>
/// <param name="User">Effective.</param>
/// <param name="Group">Effective.</param>
/// <param name="Groups">Supplementary.</param>
internal sealed record Peer(int Pid, uint User, uint Group, ImmutableArray<uint> Groups)
{
    private const int SolSocket = 1;
    private const int PeerCredentials = 17; // SO_PEERCRED
    private const int PeerGroups = 59; // SO_PEERGROUPS
    private const int UsualGroups = 64;
    private const int MostGroups = 65_536; // NGROUPS_MAX: only root can give somebody so many

    public ControlRight RightUnder(ImmutableArray<ControlReader> readers)
    {
        if (User == 0 || User == Account.CurrentUser)
            return ControlRight.Change;
        foreach (var reader in readers)
        {
            if (reader.User == User || (reader.Group is { } group && (group == Group || Groups.Contains(group))))
                return ControlRight.Read;
        }

        return ControlRight.None;
    }

    /// <summary>SO_PEERCRED gives pid, uid and gid, SO_PEERGROUPS the other groups; 32 bits each, in the order of the processor.</summary>
    /// <exception cref="SocketException">The kernel does not say.</exception>
    public static Peer Of(Socket client)
    {
        Span<byte> credentials = stackalloc byte[12];
        client.GetRawSocketOption(SolSocket, PeerCredentials, credentials);
        return new(MemoryMarshal.Read<int>(credentials), MemoryMarshal.Read<uint>(credentials[4..]), MemoryMarshal.Read<uint>(credentials[8..]), GroupsOf(client));
    }

    private static ImmutableArray<uint> GroupsOf(Socket client)
    {
        Span<uint> usual = stackalloc uint[UsualGroups];
        try
        {
            return Read(client, usual);
        }
        catch (SocketException)
        {
            return Read(client, new uint[MostGroups]); // ERANGE: there are more
        }
    }

    private static ImmutableArray<uint> Read(Socket client, Span<uint> groups)
    {
        var length = client.GetRawSocketOption(SolSocket, PeerGroups, MemoryMarshal.AsBytes(groups));
        return [.. groups[..(length / sizeof(uint))]];
    }
}
