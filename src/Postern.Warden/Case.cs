using Postern.Firewall;
using Postern.Reports;

namespace Postern.Warden;

/// <summary>Why something is done: the knock's name, or whose key asked, what the packet looked like, and what rode along.</summary>
internal readonly record struct Cause(string Knock, Requester? By = null, ClientStack Stack = ClientStack.None)
{
    /// <summary>For the command of an action; empty: nothing.</summary>
    public string Data { get; init; } = "";
}

/// <summary>One thing that a report comes to.</summary>
/// <param name="Name">Of the service.</param>
/// <param name="Opens">The service; null: it is closed.</param>
/// <param name="Time">For how long.</param>
internal readonly record struct Deed(string Name, Service? Opens, TimeSpan Time)
{
    /// <summary>How long was asked for, where that is more.</summary>
    public TimeSpan? Capped { get; init; }

    /// <summary>The port and the target that the request chose: a forward to where the service allows it, or another port for one of its own.</summary>
    public PortForward? Chosen { get; init; }

    /// <summary>The one port of the service that is opened; null: all.</summary>
    public PortRange? Only { get; init; }

    public static Deed Close(string name) => new(name, null, default);
}

/// <summary>A report on its way from being judged to being answered. What it comes to may wait for others, so that the disk and the kernel are told of all at once.</summary>
/// <param name="why">Why it is done.</param>
/// <param name="to">For whom.</param>
/// <param name="deeds">What is to be done, in this order; none where it was refused as a whole.</param>
internal sealed class Case(Cause why, Grantee to, Deed[] deeds)
{
    private readonly ServiceOutcome[] _outcomes = new ServiceOutcome[deeds.Length];

    public Cause Why => why;

    public Grantee To => to;

    public Deed[] Deeds => deeds;

    /// <summary>Why not, or why not all of it; of several, the last.</summary>
    public Refusal Refusal { get; set; }

    /// <summary>Of a signed request.</summary>
    public Hearing? Hearing { get; init; }

    /// <summary>What the verdict says of a one-time knock.</summary>
    public string? UsedUp { get; init; }

    /// <summary>Sequences are told no outcomes: nobody is waiting for them.</summary>
    public bool TellsOutcomes { get; init; }

    public void Settle(int deed, Refusal refusal, DateTimeOffset? until)
    {
        _outcomes[deed] = new(deeds[deed].Name, refusal, until);
        Refusal = refusal == Refusal.None ? Refusal : refusal;
    }

    public static Case Refused(Refusal refusal, Cause why, Grantee to) => new(why, to, []) { Refusal = refusal };

    public Verdict Verdict(ReadOnlyMemory<byte> receiptKey) =>
        new(Refusal) { Outcomes = TellsOutcomes ? [.. _outcomes] : [], ReceiptKey = receiptKey, UsedUp = UsedUp };
}

/// <summary>A grant that the kernel has yet to be told of.</summary>
internal readonly record struct PendingGrant(Case Of, int Deed, GrantKey Key, Grantee To, ForwardTarget? Target, TimeSpan Until, Grant? Held);
