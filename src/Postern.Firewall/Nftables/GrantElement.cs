using System.Buffers.Binary;
using System.Text;
using Postern.Reports;

namespace Postern.Firewall.Nftables;

/// <summary>
/// One element of a grant set: this source may reach this port, for the service named in its comment. A key of several fields has
/// each of them padded to 4 bytes (nft's concatenation):
/// <code>
/// key         source, 4 or 16 bytes · u8 protocol · 3 zero · be16 port · 2 zero
/// user data   u8 type = 0 (comment) · u8 length · text and NUL          libnftnl/udata.h
/// </code>
/// </summary>
internal readonly record struct GrantElement(string Service, Address Source, Transport Transport, ushort Port, TimeSpan Remaining)
{
    public const string Set4 = "grants4";
    public const string Set6 = "grants6";

    private const int Field = 4;
    private const byte CommentType = 0;
    private const ulong LongestTime = long.MaxValue / TimeSpan.TicksPerMillisecond / 2; // far beyond what the kernel's clock can hold

    public static string SetFor(Address source) => source.IsV4 ? Set4 : Set6;

    public static int KeyLength(bool v4) => (v4 ? Field : Address.Size) + Field + Field;

    public static void Write(ref NetlinkBatch batch, string service, Address source, Transport transport, ushort port, ulong milliseconds)
    {
        var element = batch.OpenNest(NfTablesWire.ListElement);
        var key = batch.OpenNest(NfTablesWire.Element.Key);
        WriteKey(batch.Attribute(NfTablesWire.DataValue, KeyLength(source.IsV4)), source, transport, port);
        batch.CloseNest(key);
        if (milliseconds != 0)
        {
            batch.BigEndian(NfTablesWire.Element.Timeout, milliseconds);
            var length = Encoding.UTF8.GetByteCount(service) + 1;
            var comment = batch.Attribute(NfTablesWire.Element.UserData, 2 + length);
            comment[0] = CommentType;
            comment[1] = checked((byte)length);
            Encoding.UTF8.GetBytes(service, comment[2..]);
        }

        batch.CloseNest(element);
    }

    private static void WriteKey(Span<byte> key, Address source, Transport transport, ushort port)
    {
        if (source.IsV4)
            BinaryPrimitives.WriteUInt32BigEndian(key, (uint)source.Value);
        else
            source.Write(key);
        key[^8] = (byte)transport;
        BinaryPrimitives.WriteUInt16BigEndian(key[^4..], port);
    }

    /// <summary>
    /// False for what <see cref="Write"/> cannot have made: another key, or no address. Made by hand, it may lack a service (empty)
    /// or an end (<see cref="TimeSpan.MaxValue"/>).
    /// </summary>
    public static bool TryRead(NetlinkAttributes attributes, bool v4, out GrantElement element)
    {
        element = new GrantElement("", default, default, 0, TimeSpan.MaxValue);
        while (attributes.MoveNext())
        {
            switch (attributes.Type)
            {
                case NfTablesWire.Element.Key when attributes.Nest.TryFind(NfTablesWire.DataValue, out var key) && key.Value.Length == KeyLength(v4):
                    element = element with { Source = ReadSource(key.Value, v4), Transport = (Transport)key.Value[^8], Port = BinaryPrimitives.ReadUInt16BigEndian(key.Value[^4..]) };
                    break;
                case NfTablesWire.Element.Expiration:
                    element = element with { Remaining = TimeSpan.FromMilliseconds((long)Math.Min(attributes.LongNumber, LongestTime)) };
                    break;
                case NfTablesWire.Element.UserData:
                    element = element with { Service = ReadComment(attributes.Value) };
                    break;
            }
        }

        return element.Source != Address.None;
    }

    private static Address ReadSource(ReadOnlySpan<byte> key, bool v4) =>
        v4 ? Address.FromV4(BinaryPrimitives.ReadUInt32BigEndian(key)) : Address.Read(key);

    private static string ReadComment(ReadOnlySpan<byte> data) =>
        data.Length >= 2 && data[0] == CommentType && data[1] == data.Length - 2 ? Encoding.UTF8.GetString(data[2..].TrimEnd((byte)0)) : "";
}
