using Postern.Cli.CommandLine;
using Postern.Cli.Profiles;
using Postern.Client.Fwknop;

namespace Postern.Cli.Commands;

/// <summary>A knock at a server of fwknop. The keys are disposed of with it.</summary>
internal sealed record FwknopInput(FwknopProfile Profile, FwknopWish Wish, AddressSetting Address) : IDisposable
{
    public FwknopScribe Scribe => new(Wish, Profile.Cipher, Profile.Mode, Profile.Mac);

    public FwknopKnock Knock(string host) => new(Scribe, Profile.Path)
    {
        Host = host,
        AddressFor = Address == AddressSetting.Auto ? OwnAddress.TowardsAsync : Address.ForGate(),
    };

    /// <summary>What is asked for, as it is written: <c>tcp/22, tcp/443</c>.</summary>
    public string Asks => Profile.Wish.Command.Length > 0 ? Profile.Asks : string.Join(", ", Wish.Access);

    public void Dispose() => Profile.Dispose();

    /// <summary>No server of fwknop closes when it is asked, and none opens to one source port only.</summary>
    public static CommandFailure CannotClose(string name) =>
        CommandFailure.Usage($"the profile '{name}' is of fwknop, which cannot be asked to close", "what it opened closes by itself when its time is up");

    public static CommandFailure CannotConnect(string name) =>
        CommandFailure.Usage($"the profile '{name}' is of fwknop, which cannot open for one connection only", $"knock first: postern knock {name} && ssh …");
}
