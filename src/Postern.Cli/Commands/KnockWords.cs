namespace Postern.Cli.Commands;

/// <summary>Where <c>knock</c> and <c>close</c> differ: what they wait for, and what they call it.</summary>
internal sealed record KnockWords(bool UntilClosed, string Done, string NotDone, string NotDoneOutcome, string WaitsFor, string Hint, string SpaHint)
{
    public const string FwknopHint = "fwknop never answers: its log (of a gate: 'postern status', and its log) says why; from here: are both keys and the HMAC digest as in access.conf, is this clock right (within two minutes), does the packet get through (transport)?";

    public const string TokenHint = "the gate's log says why; from here: are the secret and all settings as at the gate, is this clock right (within a minute), was another token of this minute used? A second knock may come in the next time step";

    public static KnockWords Open { get; } = new(
        false, "opened", "did not open", "not-opened", "what to watch until it opens", "check the sequence and its order; on the gate, 'postern grants' says whether it was heard: then a firewall there drops the port",
        "the gate's log says why; from here: is the key listed there, is this clock right (within a minute), does the packet get through (--carrier)?");

    public static KnockWords Close { get; } = new(
        true, "closed", "did not close", "not-closed", "what to watch until it is closed", "check the sequence; a service whose port others may use stays open",
        "the gate's log says why; a service whose port others may use stays open");
}
