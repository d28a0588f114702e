using System.CommandLine;

namespace Postern.Cli.CommandLine;

/// <summary>A command whose help ends with examples: one line each, as it would be typed.</summary>
internal sealed class DocumentedCommand(string name, string description, params string[] examples) : Command(name, description), IDocumented
{
    public IReadOnlyList<string> Examples => examples;
}

internal sealed class DocumentedRootCommand(string description, params string[] examples) : RootCommand(description), IDocumented
{
    public IReadOnlyList<string> Examples => examples;
}

internal interface IDocumented
{
    IReadOnlyList<string> Examples { get; }
}
