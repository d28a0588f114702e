using System.Text;
using Postern.Firewall;
using Postern.Reports;
using Postern.Reports.Spa;

namespace Postern.Warden;

/// <summary>One signed request on its way through <see cref="RequestJudge"/>: what is known of it so far.</summary>
internal sealed class Hearing(Address packet)
{
    private static readonly Requester Unread = new("", "", 0);

    /// <summary>Whose it is, once its signature has been found good.</summary>
    public Identity? Identity { get; set; }

    public Requester By { get; set; } = Unread;

    /// <summary>To whom it is to be granted: the address that it names, or the one that it came from.</summary>
    public Grantee To { get; private set; } = new(packet);

    public bool Closes { get; private set; }

    /// <summary>The time of the request.</summary>
    public ulong Signed { get; private set; }

    /// <summary>What is asked for; empty until all of it may be had.</summary>
    public Service[] Services { get; set; } = [];

    /// <summary>The service on account of which all was refused; empty where it was none.</summary>
    public string Unavailable { get; set; } = "";

    /// <summary>What rides along; empty: nothing.</summary>
    public string Data { get; private set; } = "";

    /// <summary>How long is asked for; null: the service's own time.</summary>
    public TimeSpan? Time { get; private set; }

    /// <summary>Where a receipt may go out: to whom.</summary>
    public ReadOnlyMemory<byte> ReceiptKey { get; set; }

    public void Read(in SignedRequest request, string hint)
    {
        var named = request.Address;
        To = new(named == Address.None ? packet : named, request.SourcePort, hint);
        By = new("", hint, request.Device) { Packet = To.Source == packet ? Address.None : packet };
        Closes = request.Close;
        Signed = request.Time;
        Data = Encoding.ASCII.GetString(request.Data);
        Time = request.Seconds == 0 ? null : TimeSpan.FromSeconds(request.Seconds);
    }

    /// <summary>How long this service is had for, and what was asked for where that is more.</summary>
    public (TimeSpan Time, TimeSpan? Capped) TimeFor(Service service)
    {
        var asked = Time ?? service.OpenFor;
        var most = Identity!.Max ?? service.OpenFor;
        return asked > most ? (most, asked) : (asked, null);
    }
}
