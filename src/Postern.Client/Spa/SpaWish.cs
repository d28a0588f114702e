using System.Collections.Immutable;
using Postern.Keys;
using Postern.Reports.Spa;

namespace Postern.Client.Spa;

/// <summary>Which gate a packet is for.</summary>
public sealed record SpaGate(BoxPublicKey Key, OuterKey OuterKey);

/// <summary>What is asked of a gate.</summary>
/// <param name="Services">1 to 8 names, none twice.</param>
public sealed record SpaWish(ImmutableArray<string> Services)
{
    /// <summary>End the grants instead.</summary>
    public bool Close { get; init; }

    /// <summary>0: the service's own time.</summary>
    public uint Seconds { get; init; }

    /// <summary>What rides along for the command of an action (<see cref="Reports.Errands.ActionData"/>); empty: nothing.</summary>
    public string Data { get; init; } = "";

    /// <summary>The gate is to say what it did.</summary>
    public bool Receipt { get; init; }

    public ClientSystem System { get; init; } = ThisSystem;

    private static ClientSystem ThisSystem =>
        OperatingSystem.IsAndroid() ? ClientSystem.Android
        : OperatingSystem.IsLinux() ? ClientSystem.Linux
        : OperatingSystem.IsIOS() ? ClientSystem.Ios
        : OperatingSystem.IsMacOS() ? ClientSystem.MacOs
        : OperatingSystem.IsWindows() ? ClientSystem.Windows
        : OperatingSystem.IsFreeBSD() ? ClientSystem.FreeBsd
        : ClientSystem.Unsaid;
}
