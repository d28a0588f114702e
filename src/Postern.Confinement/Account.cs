using System.Collections.Immutable;

namespace Postern.Confinement;

/// <summary>A user of this host, with all groups that the host's files put him into.</summary>
public sealed record Account(string Name, uint User, uint Group, ImmutableArray<uint> Groups, string Home)
{
    /// <summary>Null: there is no such user.</summary>
    public static Account? Find(string name) => throw new NotSupportedException("not yet");

    /// <summary>Effective user of this process.</summary>
    public static uint CurrentUser => throw new NotSupportedException("not yet");

    /// <summary>Number of a group of this host; null: there is none of that name.</summary>
    public static uint? FindGroup(string name) => throw new NotSupportedException("not yet");
}
