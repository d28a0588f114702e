using System.Collections.Immutable;
using Postern.Reports;

namespace Postern.Cli.Profiles;

/// <summary>How this user knocks at one gate. Which kind it is, its key <c>method</c> says.</summary>
internal abstract record Profile(string Name, string Host) : IDisposable
{
    private const int MaxName = 64;

    /// <summary>Asked for where none is named.</summary>
    public ImmutableArray<string> Services { get; init; } = [];

    /// <summary>Where a service can be seen to open.</summary>
    public ImmutableSortedDictionary<string, ImmutableArray<PortRange>> Ports { get; init; } = ImmutableSortedDictionary<string, ImmutableArray<PortRange>>.Empty;

    public AddressSetting Address { get; init; } = AddressSetting.Auto;

    /// <summary>What it asks for by itself, as a list of profiles shows it.</summary>
    public abstract string Asks { get; }

    /// <summary>The name of a file as well, so no slash; letters in lower case only, because not every file system knows the difference.</summary>
    public static bool IsName(string text) =>
        text.Length is > 0 and <= MaxName && (char.IsAsciiLetterLower(text[0]) || char.IsAsciiDigit(text[0]))
        && text.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c is '-' or '_' or '.');

    public abstract void Dispose();
}
