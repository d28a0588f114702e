namespace Postern.Client.Invitations;

/// <summary>Why a text is no invitation (spec/spa.md §10): the one closed list.</summary>
public enum InvitationFault
{
    None = 0,
    TooLong,

    /// <summary>White space within, or anything else outside of printable ASCII.</summary>
    NotPrintable,

    /// <summary>It does not begin with <c>postern://</c>.</summary>
    NotAnInvitation,

    /// <summary>A percent sign: nothing in an invitation is ever escaped.</summary>
    Escaped,

    /// <summary>It ends where parameters should begin, or has a fragment.</summary>
    Malformed,
    BadHost,
    BadPort,
    BadName,

    /// <summary><c>v</c> is missing, or not first.</summary>
    NoVersion,

    /// <summary>Of a later version than this program knows.</summary>
    UnknownVersion,
    UnknownParameter,
    MalformedParameter,
    RepeatedParameter,
    MissingGateKey,
    BadGateKey,

    /// <summary>32 bytes, but a point of small order: nothing can be sealed to it.</summary>
    UnusableGateKey,
    MissingSecret,
    BadSecret,
    BadCarriers,

    /// <summary>Both a port after the host and the parameter <c>p</c>.</summary>
    PortAndCarriers,
    BadServices,
    BadReceipt,
}

public static class InvitationFaultText
{
    /// <summary>What is wrong and what to do; never a part of the invitation itself, which is a secret.</summary>
    public static (string What, string Mend) Say(this InvitationFault fault) => fault switch
    {
        InvitationFault.TooLong => ("it is longer than 2048 characters", "an invitation is one line"),
        InvitationFault.NotPrintable => ("there is a space, a line break or a strange character in it", "paste it as one line; mail programs like to break it"),
        InvitationFault.NotAnInvitation => ("it does not begin with postern://", "ask the gate's operator for it: 'postern enroll NAME' prints one"),
        InvitationFault.Escaped => ("there is a percent sign in it", "take it as it was printed: nothing in it is ever escaped"),
        InvitationFault.Malformed => ("it is cut off, or something was added to it", "copy the whole line, from postern:// to its end"),
        InvitationFault.BadHost => ("its host is neither a name in lower case nor an address", "copy the whole line again"),
        InvitationFault.BadPort => ("its port is not one from 1 to 65535", "copy the whole line again"),
        InvitationFault.BadName => ("the gate's name in it is none", "copy the whole line again"),
        InvitationFault.NoVersion => ("its version is missing", "copy the whole line again, quoted: the shell cuts at '&'"),
        InvitationFault.UnknownVersion => ("it is of a later version than this program knows", "install a newer Postern"),
        InvitationFault.UnknownParameter => ("it says something that this program does not know", "install a newer Postern, or copy the whole line again"),
        InvitationFault.MalformedParameter => ("one of its parameters cannot be read", "copy the whole line again"),
        InvitationFault.RepeatedParameter => ("one of its parameters is there twice", "copy the whole line again"),
        InvitationFault.MissingGateKey => ("the gate's key is missing in it", "copy the whole line again, quoted: the shell cuts at '&'"),
        InvitationFault.BadGateKey => ("the gate's key in it cannot be read", "copy the whole line again"),
        InvitationFault.UnusableGateKey => ("the gate's key in it is one that nothing can be sealed to", "do not use it; ask the gate's operator how it came to be"),
        InvitationFault.MissingSecret => ("the gate's secret is missing in it", "copy the whole line again, quoted: the shell cuts at '&'"),
        InvitationFault.BadSecret => ("the gate's secret in it cannot be read", "copy the whole line again"),
        InvitationFault.BadCarriers => ("what carries the packets cannot be read in it", "copy the whole line again"),
        InvitationFault.PortAndCarriers => ("it names a port twice over", "ask the gate's operator for another"),
        InvitationFault.BadServices => ("its services cannot be read", "copy the whole line again"),
        InvitationFault.BadReceipt => ("what it says of receipts cannot be read", "copy the whole line again"),
        _ => throw new ArgumentOutOfRangeException(nameof(fault), fault, "not in the closed list"),
    };
}
