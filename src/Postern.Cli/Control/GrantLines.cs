using System.Buffers;
using System.Globalization;
using System.Text.Json;
using Postern.Reports;

namespace Postern.Cli.Control;

/// <summary>
/// The grants in force, as the warden's thread saw them at one moment, on their way to an operator: a line of JSON each, written as they go,
/// so that a hundred thousand of them are never one string. The reply that ends the answer comes after them; a list without it was cut short. Several operators may be sent the same ones.
/// </summary>
internal sealed class GrantLines(Grant[] grants, IReadOnlyDictionary<string, string> names, Moment now)
{
    private const int Chunk = 32 << 10;

    /// <summary>By their end. Sorted by whoever writes them first: the warden's thread has better things to do.</summary>
    private readonly Lazy<Grant[]> _inOrder = new(() =>
    {
        Array.Sort(grants, (one, other) => one.Until.CompareTo(other.Until));
        return grants;
    });

    public async Task WriteAsync(Func<ReadOnlyMemory<byte>, ValueTask> send)
    {
        var buffer = new ArrayBufferWriter<byte>(2 * Chunk);
        using var writer = new Utf8JsonWriter(buffer);
        var ports = new Dictionary<string, string[]>(StringComparer.Ordinal); // the grants of a service share them, and so the words for them
        foreach (var grant in _inOrder.Value)
        {
            Write(grant, ports, buffer, writer);
            if (buffer.WrittenCount < Chunk)
                continue;
            await send(buffer.WrittenMemory);
            buffer.ResetWrittenCount();
        }

        await send(buffer.WrittenMemory);
    }

    private void Write(Grant grant, Dictionary<string, string[]> ports, ArrayBufferWriter<byte> buffer, Utf8JsonWriter writer)
    {
        var left = grant.Until - now.Uptime;
        var line = new GrantLine
        {
            Service = grant.Service,
            Address = grant.Source.ToString(),
            SourcePort = grant.SourcePort == 0 ? null : grant.SourcePort,
            Key = grant.Holder.Length == 0 ? null : names.GetValueOrDefault(grant.Holder, grant.Holder),
            Ports = PortsOf(grant, ports),
            Forward = grant.Forward?.ToString(),
            Until = (now.Wall + left).UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss.fffZ", CultureInfo.InvariantCulture),
            SecondsLeft = Math.Round(left.TotalSeconds, 3),
        };
        JsonSerializer.Serialize(writer, line, ControlJson.Default.GrantLine);
        writer.Flush();
        writer.Reset();
        buffer.Write("\n"u8);
    }

    private static string[] PortsOf(Grant grant, Dictionary<string, string[]> known)
    {
        if (grant.IsChosen || grant.Only is not null)
            return [grant.Ports[0].ToString()];
        if (!known.TryGetValue(grant.Service, out var ports))
            known[grant.Service] = ports = [.. grant.Ports.Select(p => p.ToString())];
        return ports;
    }
}
