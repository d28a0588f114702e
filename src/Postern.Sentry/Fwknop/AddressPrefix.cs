using System.Net;
using Postern.Reports;

namespace Postern.Sentry.Fwknop;

/// <summary>A network as bits of 128, IPv4 as ::ffff:a.b.c.d, so that one comparison does for both families.</summary>
internal readonly record struct AddressPrefix(int Length, UInt128 Value)
{
    private const int AddressBits = 128;
    private const int MappedBits = AddressBits - 32;

    public static AddressPrefix Any => default;

    public UInt128 Mask => MaskOf(Length);

    public static UInt128 MaskOf(int length) => length == 0 ? 0 : UInt128.MaxValue << (AddressBits - length);

    public static AddressPrefix From(IPNetwork network)
    {
        var address = Address.From(network.BaseAddress);
        var length = address.IsV4 ? network.PrefixLength + MappedBits : network.PrefixLength;
        return new(length, address.Value & MaskOf(length));
    }

    public bool Contains(UInt128 address) => (address & Mask) == Value;
}
