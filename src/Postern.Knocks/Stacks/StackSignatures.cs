using System.Collections.Immutable;
using Postern.Packets;
using Postern.Reports;

namespace Postern.Knocks.Stacks;

/// <summary>
/// Passive fingerprinting in the manner of p0f: says whose stack made a first segment, by a file of our own that is part of the program (<c>stacks.txt</c>, which describes
/// itself). Every field of it can be forged, and a scanner that uses its host's stack looks like that.
/// </summary>
public static class StackSignatures
{
    private const string Resource = "stacks.txt";

    /// <summary>In the order in which they are tried.</summary>
    public static ImmutableArray<StackSignature> All { get; } = Load();

    /// <summary><see cref="ClientStack.None"/> where the packet is no first segment of a connection, or looks like nothing that we know.</summary>
    public static ClientStack Tell(in PacketView packet)
    {
        if (!SynView.TryRead(packet, out var syn))
            return ClientStack.None;
        foreach (var signature in All)
        {
            if (signature.Fits(syn))
                return signature.Stack;
        }

        return ClientStack.None;
    }

    private static ImmutableArray<StackSignature> Load()
    {
        using var stream = typeof(StackSignatures).Assembly.GetManifestResourceStream(Resource) ?? throw new InvalidOperationException($"{Resource} is not in the program");
        using var reader = new StreamReader(stream);
        return [.. reader.ReadToEnd().Split('\n').Select(StackSignatureReader.Read).OfType<StackSignature>()];
    }
}
