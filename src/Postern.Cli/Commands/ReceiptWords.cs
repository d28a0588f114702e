using System.Globalization;
using Postern.Cli.CommandLine;
using Postern.Reports;
using Postern.Reports.Spa;

namespace Postern.Cli.Commands;

/// <summary>What a gate's receipt says, for people.</summary>
internal static class ReceiptWords
{
    /// <summary>How far the gate's clock was ahead of ours. A signature that took long counts as well.</summary>
    public static TimeSpan ClockOf(Receipt receipt) =>
        TimeSpan.FromTicks(unchecked((long)(receipt.GateTime - receipt.RequestTime)) / TimeSpan.NanosecondsPerTick);

    public static string Granted(Receipt receipt) =>
        receipt.Outcome == ReceiptOutcome.Granted ? $", for {HumanTime.Of(TimeSpan.FromSeconds(receipt.SecondsLeft))}" : "";

    public static CommandFailure Refused(Receipt receipt, SpaInput input)
    {
        var (what, mend) = Say(receipt, input);
        return new(ExitCode.NotDone, $"the gate refused ({receipt.Word}): {what}", mend);
    }

    private static (string What, string Mend) Say(Receipt receipt, SpaInput input) => receipt.Word switch
    {
        _ when IsClock(receipt.Word) => (Clock(receipt), "set this computer's clock (timedatectl set-ntp true), or have the gate's set"),
        _ when Is(receipt, Refusal.KeyExpired) => ("the key's time at this gate has ended", "ask the gate's operator to extend it"),
        _ when Is(receipt, Refusal.AddressRequired) => ("it wants to be told the address", "name it: --address ADDRESS, or address: in the profile"),
        _ when Is(receipt, Refusal.SourcePortRequired) => ("it opens to single connections only", $"connect through it: ssh -o ProxyCommand='postern connect --profile {input.Profile.Name} %h %p' …"),
        _ when Is(receipt, Refusal.UnusableAddress) => ($"{receipt.Address} is no address that may come in", "name another: --address ADDRESS"),
        _ when Is(receipt, Refusal.AddressDenied) || Is(receipt, Refusal.AddressNotAllowed) => ($"{receipt.Address} may not come in", "knock from another network, or ask the gate's operator"),
        _ when Is(receipt, Refusal.OutsideHours) => ("not at this hour", "ask the gate's operator when"),
        _ when Is(receipt, Refusal.SystemNotAllowed) => ($"not from {input.Wish.System}", "ask the gate's operator from which systems"),
        _ when Is(receipt, Refusal.ServiceNotAllowed) || Is(receipt, Refusal.NoSuchService) => ($"{string.Join(", ", input.Wish.Services)} is not for this key", "ask the gate's operator which services are"),
        _ when Is(receipt, Refusal.NoSuchGrant) => ("there is nothing of yours that is open", "it has ended by itself, or was opened to another address"),
        _ when Is(receipt, Refusal.TooManyGrants) => ("it holds as many grants as it can", "try again later"),
        _ => ("the gate's log says more", "ask the gate's operator, and name the word in brackets"),
    };

    private static bool Is(Receipt receipt, Refusal refusal) => string.Equals(receipt.Word, refusal.Word(), StringComparison.Ordinal);

    private static bool IsClock(string word) =>
        string.Equals(word, Refusal.TooLate.Word(), StringComparison.Ordinal) || string.Equals(word, Refusal.TooEarly.Word(), StringComparison.Ordinal);

    private static string Clock(Receipt receipt) => ClockOf(receipt) is var ahead && ahead >= TimeSpan.Zero
        ? string.Create(CultureInfo.InvariantCulture, $"your clock is {HumanTime.Of(ahead)} behind the gate's")
        : string.Create(CultureInfo.InvariantCulture, $"your clock is {HumanTime.Of(-ahead)} ahead of the gate's");
}
