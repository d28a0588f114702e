using Postern.Firewall;
using Postern.Reports;
using Postern.Reports.Fwknop;

namespace Postern.Warden;

/// <summary>One packet of fwknop on its way through <see cref="FwknopJudge"/>: what is known of it so far.</summary>
internal sealed class FwknopHearing(Address packet)
{
    /// <summary>As long a difference of clocks as anybody needs to be told; what a packet says can be more than a time span holds.</summary>
    private const double MostSeconds = 1e10;

    private FwknopStanza? _stanza;
    private int _seconds;

    /// <summary>Of the knock; empty while it is not known which it is.</summary>
    public string Knock { get; set; } = "";

    public Requester? By { get; private set; }

    /// <summary>Where it came from, as far as that can be known.</summary>
    public Address Packet => packet;

    /// <summary>To whom it is to be granted: the address that it names, or the one that it came from.</summary>
    public Grantee To { get; private set; } = new(packet);

    /// <summary>What is asked for, each with the forward that the packet chose; empty until all of it may be had.</summary>
    public (Service Service, PortForward? Chosen)[] Asked { get; set; } = [];

    /// <summary>On account of what all was refused; null where it was nothing single.</summary>
    public string? Unavailable { get; set; }

    public void Read(FwknopStanza stanza, FwknopMessage message)
    {
        (_stanza, Knock, _seconds) = (stanza, stanza.Name, message.Timeout);
        To = new(message.Allow == Address.None ? packet : message.Allow);
        By = new("", "", 0) { User = message.User, Packet = To.Source == packet ? Address.None : packet };
    }

    public void NoteClock(double secondsOff) => By = By! with { ClockOff = TimeSpan.FromSeconds(Math.Clamp(secondsOff, -MostSeconds, MostSeconds)) };

    /// <summary>How long this service is had for, and what was asked for where that is more.</summary>
    public (TimeSpan Time, TimeSpan? Capped) TimeFor(Service service)
    {
        if (_seconds == 0)
            return (service.OpenFor, null);
        var (asked, most) = (TimeSpan.FromSeconds(_seconds), _stanza!.MaxTime);
        return asked > most ? (most, asked) : (asked, null);
    }
}
