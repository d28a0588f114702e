using System.Buffers.Binary;
using Postern.Sentry.Spa;

namespace Postern.Sentry.Tests.Spa;

/// <summary>Vectors of the reference implementation (vectors_sip128 of github.com/veorq/SipHash): key 00 … 0f, message 00 … n−1.</summary>
public sealed class ReferenceSipHashTests
{
    [Theory]
    [InlineData(0, "a3817f04ba25a8e66df67214c7550293")]
    [InlineData(1, "da87c1d86b99af44347659119b22fc45")]
    [InlineData(2, "8177228da4a45dc7fca38bdef60affe4")]
    [InlineData(7, "a1f1ebbed8dbc153c0b84aa61ff08239")]
    [InlineData(8, "3b62a9ba6258f5610f83e264f31497b4")]
    [InlineData(63, "5150d1772f50834a503e069a973fbd7c")]
    public void Vectors(int length, string expected)
    {
        var hash = new SipHash(new(0x0f0e_0d0c_0b0a_0908, 0x0706_0504_0302_0100)).Of(Enumerable.Range(0, length).Select(i => (byte)i).ToArray());
        var bytes = new byte[16];
        BinaryPrimitives.WriteUInt128LittleEndian(bytes, hash);
        Assert.Equal(expected, Convert.ToHexStringLower(bytes));
    }
}
