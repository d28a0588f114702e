using System.Buffers;
using System.Buffers.Binary;
using System.Text;
using Postern.Reports;

namespace Postern.Firewall.Nftables;

/// <summary>
/// One element of a grant set: this grantee may reach this port, or is led on from it, for the service named in its comment, whose second word is the
/// grant's holder, if it has one. The shape of a key stands at <see cref="GrantSet"/>.
/// <code>
/// user data   u8 type = 0 (comment) · u8 length · text and NUL          libnftnl/udata.h
/// </code>
/// </summary>
internal readonly record struct GrantElement(string Service, Grantee To, Transport Transport, ushort Port, TimeSpan Remaining)
{
    public const int HolderDigits = 16;

    private static readonly SearchValues<char> HexDigits = SearchValues.Create("0123456789abcdef");

    private const byte CommentType = 0;
    private const ulong LongestTime = long.MaxValue / TimeSpan.TicksPerMillisecond / 2; // far beyond what the kernel's clock can hold

    /// <summary>Where it leads, if it is of a map.</summary>
    public ForwardTarget? Target { get; init; }

    public string Comment => To.Holder.Length == 0 ? Service : $"{Service} {To.Holder}";

    public static bool IsHolder(ReadOnlySpan<char> text) => text.Length == HolderDigits && !text.ContainsAnyExcept(HexDigits);

    /// <summary>Without a time it is only named, to be taken out.</summary>
    public static void Write(ref NetlinkBatch batch, GrantSet set, in GrantElement what, ulong milliseconds)
    {
        var element = batch.OpenNest(NfTablesWire.ListElement);
        var key = batch.OpenNest(NfTablesWire.Element.Key);
        WriteKey(batch.Attribute(NfTablesWire.DataValue, set.KeyLength), set, what.To, what.Transport, what.Port);
        batch.CloseNest(key);
        if (milliseconds != 0)
        {
            if (set.IsMap)
                WriteValue(ref batch, set, what.Target!.Value);
            batch.BigEndian(NfTablesWire.Element.Timeout, milliseconds);
            WriteComment(ref batch, what.Service, what.To.Holder);
        }

        batch.CloseNest(element);
    }

    private static void WriteValue(ref NetlinkBatch batch, GrantSet set, ForwardTarget target)
    {
        var nest = batch.OpenNest(NfTablesWire.Element.Data);
        var value = batch.Attribute(NfTablesWire.DataValue, set.ValueLength);
        if (set.Role == SetRole.Forwards)
        {
            WriteAddress(value, set, target.To);
            value = value[set.SourceLength..];
        }

        BinaryPrimitives.WriteUInt16BigEndian(value, target.Port);
        batch.CloseNest(nest);
    }

    private static void WriteAddress(Span<byte> bytes, GrantSet set, Address address)
    {
        if (set.IsV4)
            BinaryPrimitives.WriteUInt32BigEndian(bytes, (uint)address.Value);
        else
            address.Write(bytes);
    }

    private static void WriteKey(Span<byte> key, GrantSet set, Grantee to, Transport transport, ushort port)
    {
        WriteAddress(key, set, to.Source);
        key[set.TransportAt] = (byte)transport;
        BinaryPrimitives.WriteUInt16BigEndian(key[set.PortAt..], port);
        if (set.IsNarrow)
            BinaryPrimitives.WriteUInt16BigEndian(key[set.SourcePortAt..], to.SourcePort);
    }

    private static void WriteComment(ref NetlinkBatch batch, string service, string holder)
    {
        var name = Encoding.UTF8.GetByteCount(service);
        var length = name + (holder.Length == 0 ? 0 : 1 + holder.Length) + 1;
        var comment = batch.Attribute(NfTablesWire.Element.UserData, 2 + length);
        comment[0] = CommentType;
        comment[1] = checked((byte)length);
        Encoding.UTF8.GetBytes(service, comment[2..]);
        if (holder.Length == 0)
            return;
        comment[2 + name] = (byte)' ';
        Encoding.ASCII.GetBytes(holder, comment[(2 + name + 1)..]);
    }

    /// <summary>
    /// False for what <see cref="Write"/> cannot have made: another key, no address, a narrow one without a source port, one of a map that leads nowhere. Made by hand, it
    /// may lack a service (empty) or an end (<see cref="TimeSpan.MaxValue"/>).
    /// </summary>
    public static bool TryRead(NetlinkAttributes attributes, GrantSet set, out GrantElement element)
    {
        element = new GrantElement("", new Grantee(Address.None), default, 0, TimeSpan.MaxValue);
        var holder = "";
        while (attributes.MoveNext())
        {
            switch (attributes.Type)
            {
                case NfTablesWire.Element.Key when attributes.Nest.TryFind(NfTablesWire.DataValue, out var key) && key.Value.Length == set.KeyLength:
                    element = element with
                    {
                        To = ReadGrantee(key.Value, set),
                        Transport = (Transport)key.Value[set.TransportAt],
                        Port = BinaryPrimitives.ReadUInt16BigEndian(key.Value[set.PortAt..]),
                    };
                    break;
                case NfTablesWire.Element.Data when set.IsMap && attributes.Nest.TryFind(NfTablesWire.DataValue, out var value) && value.Value.Length == set.ValueLength:
                    element = element with { Target = ReadValue(value.Value, set) };
                    break;
                case NfTablesWire.Element.Expiration:
                    element = element with { Remaining = TimeSpan.FromMilliseconds((long)Math.Min(attributes.LongNumber, LongestTime)) };
                    break;
                case NfTablesWire.Element.UserData:
                    (var service, holder) = Split(ReadComment(attributes.Value));
                    element = element with { Service = service };
                    break;
            }
        }

        element = element with { To = element.To with { Holder = holder } };
        return element.To.Source != Address.None && set.IsNarrow == (element.To.SourcePort != 0) && set.IsMap == element.Target.HasValue;
    }

    private static Address ReadAddress(ReadOnlySpan<byte> bytes, GrantSet set) =>
        set.IsV4 ? Address.FromV4(BinaryPrimitives.ReadUInt32BigEndian(bytes)) : Address.Read(bytes);

    private static ForwardTarget ReadValue(ReadOnlySpan<byte> value, GrantSet set) => set.Role == SetRole.Redirects
        ? new(Address.None, BinaryPrimitives.ReadUInt16BigEndian(value))
        : new(ReadAddress(value, set), BinaryPrimitives.ReadUInt16BigEndian(value[set.SourceLength..]));

    private static Grantee ReadGrantee(ReadOnlySpan<byte> key, GrantSet set) => new(
        ReadAddress(key, set),
        set.IsNarrow ? BinaryPrimitives.ReadUInt16BigEndian(key[set.SourcePortAt..]) : (ushort)0);

    private static (string Service, string Holder) Split(string comment)
    {
        var space = comment.LastIndexOf(' ');
        return space > 0 && IsHolder(comment.AsSpan(space + 1)) ? (comment[..space], comment[(space + 1)..]) : (comment, "");
    }

    private static string ReadComment(ReadOnlySpan<byte> data) =>
        data.Length >= 2 && data[0] == CommentType && data[1] == data.Length - 2 ? Encoding.UTF8.GetString(data[2..].TrimEnd((byte)0)) : "";
}
