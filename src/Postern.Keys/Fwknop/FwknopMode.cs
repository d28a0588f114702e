namespace Postern.Keys.Fwknop;

/// <summary>How fwknop's AES-256 is chained. It is not on the wire: both ends are told.</summary>
public enum FwknopMode : byte
{
    /// <summary>What fwknop does unless it is told otherwise.</summary>
    Cbc,

    /// <summary>The whole block is the counter, big-endian, from the initial value on.</summary>
    Ctr,

    /// <summary>With 128 bits of feedback.</summary>
    Cfb,

    Ofb,
    Ecb,

    /// <summary>CBC as clients before 2.5 do it: the key is cut to 16 bytes, or filled up to them with the character '0'.</summary>
    Legacy,
}

public static class FwknopModes
{
    /// <summary>In lower case: <c>cbc</c>.</summary>
    public static string Word(this FwknopMode mode) => mode switch
    {
        FwknopMode.Cbc => "cbc",
        FwknopMode.Ctr => "ctr",
        FwknopMode.Cfb => "cfb",
        FwknopMode.Ofb => "ofb",
        FwknopMode.Ecb => "ecb",
        FwknopMode.Legacy => "legacy",
        _ => throw new ArgumentOutOfRangeException(nameof(mode), mode, "no mode of fwknop"),
    };

    /// <summary>In any case.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out FwknopMode mode)
    {
        foreach (var known in Enum.GetValues<FwknopMode>())
        {
            mode = known;
            if (text.Equals(known.Word(), StringComparison.OrdinalIgnoreCase))
                return true;
        }

        mode = default;
        return false;
    }
}
