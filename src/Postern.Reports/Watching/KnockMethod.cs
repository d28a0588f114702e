namespace Postern.Reports.Watching;

/// <summary>Which list of the configuration a door is counted in. The numbers are those of the kinds of report that come of it.</summary>
public enum KnockMethod : byte
{
    /// <summary>Sequences, one-time ones among them.</summary>
    Sequence = (byte)ReportKind.SequenceCompleted,

    /// <summary>Single packets; there is one door, zero.</summary>
    Spa = (byte)ReportKind.SignedRequest,

    /// <summary>Stanzas of fwknop.</summary>
    Fwknop = (byte)ReportKind.FwknopPacket,

    /// <summary>Knocks whose packets make up a token.</summary>
    Token = 4,
}
