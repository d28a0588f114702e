namespace Postern.Packets;

/// <summary>Protocol numbers of IANA's registry that a knock can be made of.</summary>
public enum IpProtocol : byte
{
    Icmp = 1,
    Tcp = 6,
    Udp = 17,
    IcmpV6 = 58,
}
