using Postern.Reports;

namespace Postern.Cli.Explaining;

/// <param name="Why">What was in the way.</param>
/// <param name="Mend">What to do about it.</param>
internal readonly record struct RefusalWord(string Why, string Mend);

/// <summary>Each refusal for whoever did not get in, or must help him. The list is closed; a test goes through it.</summary>
internal static class RefusalWords
{
    public static RefusalWord Of(Refusal refusal) => refusal switch
    {
        Refusal.None => new("nothing", "nothing"),
        Refusal.BadReport => new("the sentry said what no sentry of this configuration says", "look at the gate's log: the sentry was replaced"),
        Refusal.StaleKnock => new("it was for a configuration that had just been replaced", "knock again"),
        Refusal.UnusableAddress => new("no grant can be given to such an address", "look where the packet got its source from: a broken client, or NAT"),
        Refusal.AddressDenied => new("the address is on the policy's deny list", "take it out of policy.deny, or knock from elsewhere"),
        Refusal.AddressNotAllowed => new("the address is none of those that may knock", "add it to policy.allow, to 'from' of the key, or to 'source' of the knock"),
        Refusal.OutsideHours => new("it is outside the hours that are allowed", "look at policy.hours and the key's hours; they are of the gate's local time"),
        Refusal.NoSuchGrant => new("this address holds no grant that could be closed", "nothing need be done: it is closed"),
        Refusal.NoSuchService => new("the gate has no service of that name", "ask for one of the configuration: 'postern status' lists them"),
        Refusal.TooManyGrants => new("as many grants are in force as the gate will hold", "raise gate.max_grants, or revoke some"),
        Refusal.FirewallFailed => new("the kernel did not take the change", "the gate's log says what it answered"),
        Refusal.WrongSize => new("it is not as large as such a packet, or not all of it is there", "a recording must hold whole packets: tcpdump -s 0; on the way, look for what cuts or fills them up"),
        Refusal.Junk => new("it does not open with this gate's secret: noise, or made for another gate", "enrol the client anew where it ought to be one of yours: its profile may be of an earlier key of this gate"),
        Refusal.Copy => new("the very same bytes came before", "nothing need be done where the first copy was taken: clients send several"),
        Refusal.OverBudget => new("more packets had to be opened than the gate does in that time", "knock again; 'postern status' says how many were refused so, and that is what a flood looks like"),
        Refusal.NotSealedToUs => new("no key of this gate opens it", "give client and gate the same key: enrol it anew, or compare the key files"),
        Refusal.UnknownVersion => new("the request is of a version that this gate does not know", "bring gate and client to the same version"),
        Refusal.BadRequest => new("the request is not laid out as it should be", "bring gate and client to the same version"),
        Refusal.GnuPg => new("it is encrypted with GnuPG, which this gate does not read", "have the client use a Rijndael key: --key-gen"),
        Refusal.UnknownKey => new("the key is none of those that may come in", "add it: postern enroll, or a line in authorized_keys"),
        Refusal.BadSignature => new("the signature is not the key's own", "knock with the private key that belongs to the line in authorized_keys"),
        Refusal.KeyRevoked => new("the key is revoked", "enrol another"),
        Refusal.KeyExpired => new("the key's expiry-time has passed", "set another expiry-time in authorized_keys"),
        Refusal.WrongGate => new("it was signed for another gate", "use the profile of this gate"),
        Refusal.TooLate => new("it was signed longer ago than the gate allows", "set the clock of the client (timedatectl), or that of the gate; who sends such packets again after all is refused so too"),
        Refusal.TooEarly => new("it was signed in the future, by the gate's clock", "set the clock of the client, or that of the gate"),
        Refusal.Replayed => new("it was used before", "make a new one: each is good once"),
        Refusal.ServiceNotAllowed => new("the key may not ask for that service", "let it: services=\"…\" on its line in authorized_keys"),
        Refusal.AddressRequired => new("the request names no address, and must", "have the client name its own: --address"),
        Refusal.SourcePortRequired => new("the request names no source port, and must", "use 'postern connect', which does"),
        Refusal.SystemNotAllowed => new("the key may not be used on that system", "look at os=\"…\" on its line in authorized_keys"),
        Refusal.StackNotAllowed => new("the packet does not look as if it came from a system that may knock so", "look at 'stack' of the knock, or stack=\"…\" of the key; a middlebox on the way may rewrite what it is told by"),
        Refusal.TooShort => new("too little of the token came", "knock again; a recording must hold whole packets: tcpdump -s 0"),
        Refusal.Garbled => new("more of the token is wrong than can be mended", "knock again; where it happens each time, something on the way changes ports"),
        Refusal.BadToken => new("it is a token by no secret of this gate", "give client and gate the same secret file, and the same settings"),
        Refusal.WrongStep => new("it is no step of the sequence that is good now", "set the clock of the client (timedatectl); give client and gate the same secret file, pool, length and step"),
        Refusal.WrongAddress => new("the token is good for another address only", "knock from the address that it was made for; behind NAT, name the outer one, or leave 'bind' out"),
        Refusal.DataMissing => new("the service runs something with what the request says, and it does not say", "say it: postern knock … --data TEXT"),
        Refusal.DataNotTaken => new("the request says something for a command, and not all that it asks for takes that", "leave out --data, or ask for that service alone"),
        Refusal.WrongPort => new("it came to a port of the pool that is not the one of now", "set the clock of the client (timedatectl), or that of the gate; give the client a new invitation where pool, step or gate key have changed"),
        Refusal.NotInTurn => new("there are one-time sequences before it that were not used", "use them in their order, or remove in_turn"),
        Refusal.NotRemembered => new("it could not be written to the ledger", "look at the disk and the gate's log"),
        Refusal.KnockExpired => new("the knock's 'expires' has passed", "set another"),
        Refusal.UserNotAllowed => new("the knock is for another user than the packet names", "look at 'user' of the knock, and at SPOOF_USER of the client"),
        Refusal.CommandNotAllowed => new("the knock lists no such command", "add it to 'commands' of the knock"),
        Refusal.ActionFailed => new("the command failed", "the gate's log says how it ended"),
        Refusal.TooManyActions => new("as many actions are under way as the gate will have", "wait until one has ended"),
        Refusal.ForwardMissing => new("the service leads where the request says, and it does not say", "say where to: --forward"),
        Refusal.ForwardNotAllowed => new("the service does not lead there", "look at 'forward' of the service"),
        Refusal.ForwardTaken => new("that port leads this address elsewhere already", "choose another port, or close that grant"),
        _ => new(refusal.Word(), "see the gate's log"),
    };
}
