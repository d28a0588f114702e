using System.Globalization;
using System.Runtime.CompilerServices;
using Postern.Keys;
using Postern.Keys.Knockknock;
using Postern.Knocks.Knockknock;

namespace Postern.Knocks.Tests.Knockknock;

/// <summary>spec/vectors/knocks/knockknock.txt, which knockknock itself made.</summary>
public sealed class VectorsKnockknockTests
{
    public static TheoryData<string> Lines => [.. File.ReadLines(PathOf()).Where(l => !l.StartsWith('#'))];

    [Theory]
    [MemberData(nameof(Lines))]
    public void A_packet_of_a_vector_is_made_and_known(string line)
    {
        var words = line.Split(' ');
        var numbers = words[2..].Select(w => uint.Parse(w, CultureInfo.InvariantCulture)).ToArray();
        using var secret = TokenSecret.From([.. Convert.FromHexString(words[0]), .. Convert.FromHexString(words[1])]);
        using var keys = new KnockknockKeys(secret);
        var (counter, port) = (numbers[0], (ushort)numbers[1]);
        var packet = new KnockknockPacket((ushort)numbers[2], numbers[3], numbers[4], (ushort)numbers[5]);
        Assert.Equal(packet, KnockknockPacket.Seal(keys, counter, port));
        var table = new KnockknockTable([new(7, keys, 1200, [port], counter, 20)]);
        Assert.Equal(KnockknockOutcome.Found, table.Find(packet, 1200, default, 40_000, 0, out var match));
        Assert.Equal(new(7, counter, port), match);
    }

    private static string PathOf([CallerFilePath] string here = "") => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "../../../spec/vectors/knocks/knockknock.txt"));
}
