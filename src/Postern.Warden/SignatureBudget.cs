using System.Runtime.InteropServices;
using Postern.Reports;

namespace Postern.Warden;

/// <summary>
/// How many signatures that fail are checked for each key that is listed (80 µs each). Who knows the gate secret can send any number of requests with somebody's hint and a
/// signature that is none; the sentry cannot tell them from genuine ones. Those that fail are paid for here, those that are right are free. Each hint has its own budget, so that forgeries in one name
/// keep nobody else waiting; where it is short, chance decides, as the sentry's does. Requests from a network that the key was let in from before have a budget
/// of their own, so that its holder is mostly not even among those who draw.
/// <para>One place for each hint that is listed, and no more.</para>
/// </summary>
internal sealed class SignatureBudget
{
    // Tuning: a tenth of a core for each hint that is forged, and some more from where its holder was.
    private const double PerSecond = 1000;
    private const double Burst = 500;
    private const double PerSecondFromKnown = 100;
    private const double BurstFromKnown = 50;

    private const int NetworksOfKey = 4;

    private readonly Dictionary<ulong, Account> _accounts = [];

    private sealed class Account
    {
        public double Tokens = Burst;
        public double TokensOfKnown = BurstFromKnown;
        public TimeSpan Filled;
        public readonly UInt128[] Networks = new UInt128[NetworksOfKey];
        public int Next;
    }

    /// <summary>Whether its signature is to be checked.</summary>
    /// <param name="hint">Of a key that is listed.</param>
    /// <param name="source">Of the packet.</param>
    /// <param name="now">Uptime.</param>
    /// <param name="signature">Any bytes that differ from request to request: what is drawn is a hash of them that nobody foresees.</param>
    public bool Admits(ulong hint, Address source, TimeSpan now, ReadOnlySpan<byte> signature)
    {
        if (!_accounts.TryGetValue(hint, out var account))
            _accounts[hint] = account = new() { Filled = now };
        var seconds = Math.Max(0, (now - account.Filled).TotalSeconds);
        account.Tokens = Math.Min(Burst, account.Tokens + (seconds * PerSecond));
        account.TokensOfKnown = Math.Min(BurstFromKnown, account.TokensOfKnown + (seconds * PerSecondFromKnown));
        account.Filled = now;
        return (IsKnown(account, source) && account.TokensOfKnown >= 1) || (account.Tokens >= 1 && (2 * account.Tokens >= Burst || Draw(signature) * Burst < 2 * account.Tokens));
    }

    public void NoteFailure(ulong hint, Address source)
    {
        var account = _accounts[hint];
        if (IsKnown(account, source) && account.TokensOfKnown >= 1)
            account.TokensOfKnown--;
        else
            account.Tokens--;
    }

    /// <summary>A request that was accepted, and no copy of one: else whoever replays could push out the networks of others.</summary>
    public void NoteAccepted(ulong hint, Address source)
    {
        var account = _accounts[hint];
        if (IsKnown(account, source))
            return;
        account.Networks[account.Next] = NetworkOf(source);
        account.Next = (account.Next + 1) % NetworksOfKey;
    }

    private static bool IsKnown(Account account, Address source) => account.Networks.AsSpan().Contains(NetworkOf(source));

    /// <summary>A /24 of IPv4 or a /48 of IPv6.</summary>
    private static UInt128 NetworkOf(Address source) => source.Value & (UInt128.MaxValue << (source.Value >> 32 == 0xffff ? 8 : 80));

    /// <summary>From 0 to below 1: the runtime's own string hash, keyed with chance at process start.</summary>
    private static double Draw(ReadOnlySpan<byte> signature) =>
        (uint)string.GetHashCode(MemoryMarshal.Cast<byte, char>(signature), StringComparison.Ordinal) / (uint.MaxValue + 1.0);
}
