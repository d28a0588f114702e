using Postern.Cli.CommandLine;
using Postern.Cli.Profiles;
using Postern.Client;

namespace Postern.Cli.Commands;

/// <summary>A knock by a token. The secret is disposed of with it.</summary>
/// <param name="Profile">By which.</param>
/// <param name="Service">The one that is asked for; null: all that the knock opens.</param>
/// <param name="Decoys">How many packets that mean nothing go with it.</param>
internal sealed record TokenInput(TokenProfile Profile, string? Service, int Decoys) : IDisposable
{
    /// <summary>What rides along; empty: nothing.</summary>
    public string Data { get; init; } = "";

    public IKnockMethod Knock() => Profile.Knock(Decoys, Service, Data);

    public void Dispose() => Profile.Dispose();

    public static CommandFailure CannotConnect(string name) =>
        CommandFailure.Usage($"the profile '{name}' cannot open for one connection only", $"knock first: postern knock {name} && ssh …");
}
