using System.Collections.Immutable;
using Postern.Cli.CommandLine;
using Postern.Reports;

namespace Postern.Cli.Commands;

/// <summary>A service as the client of a plain sequence names it: <c>tcp/22</c>, <c>udp/1194</c>, or <c>22</c> for TCP.</summary>
internal static class ServiceText
{
    public static ImmutableArray<PortRange> Read(IEnumerable<string> words) => [.. words.Select(Read).Distinct()];

    private static PortRange Read(string word)
    {
        if ((PortRange.TryParse(word, out var port) || PortRange.TryParse("tcp/" + word, out port)) && port.Count == 1)
            return port;
        throw word.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_') && word.Any(char.IsAsciiLetter)
            ? CommandFailure.Usage($"'{word}' is a service's name, and a plain sequence does not know any", "give its port: tcp/22; or knock by a profile")
            : CommandFailure.Usage($"'{word}' is no service", "give one port: tcp/22, or just 22");
    }
}
