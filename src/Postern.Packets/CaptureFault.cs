using System.Globalization;

namespace Postern.Packets;

/// <summary>Why a capture file ended before its end, and at which byte of it.</summary>
public readonly record struct CaptureFault(string What, long Offset)
{
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{What} (at byte {Offset})");
}
