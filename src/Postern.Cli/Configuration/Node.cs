using System.Collections.Immutable;

namespace Postern.Cli.Configuration;

/// <summary>What a YAML file holds, each part with its place: text, a list, or a map whose entries stand as written (keys may repeat).</summary>
internal abstract record Node(Place Place)
{
    /// <summary>As a message names it.</summary>
    public abstract string Kind { get; }

    /// <summary>The key stands there with nothing after it.</summary>
    public virtual bool IsEmpty => false;
}

internal sealed record TextNode(Place Place, string Text, bool Plain) : Node(Place)
{
    public override string Kind => IsEmpty ? "nothing" : "text";

    public override bool IsEmpty => Plain && Text is "" or "~";
}

internal sealed record ListNode(Place Place, ImmutableArray<Node> Items) : Node(Place)
{
    public override string Kind => "a list";
}

internal sealed record MapNode(Place Place, ImmutableArray<Entry> Entries) : Node(Place)
{
    public override string Kind => "a map";
}

internal readonly record struct Entry(TextNode Key, Node Value);
