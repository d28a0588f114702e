using System.Buffers.Text;
using System.Globalization;

namespace Postern.Confinement;

/// <summary>What a process may do, as the kernel tells it (proc(5), status).</summary>
/// <param name="User">Effective.</param>
/// <param name="Capabilities">Effective.</param>
/// <param name="NoNewPrivileges">As set by prctl(2).</param>
/// <param name="HasSystemCallFilter">Seccomp mode 2.</param>
/// <param name="Resident">Bytes of memory.</param>
public sealed record Standing(uint User, Capabilities Capabilities, bool NoNewPrivileges, bool HasSystemCallFilter, long Resident)
{
    /// <summary>Null: there is no such process, or we may not look.</summary>
    public static Standing? Of(int pid)
    {
        try
        {
            return Read(Unlocked.ReadText(string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/status")).Split('\n', StringSplitOptions.RemoveEmptyEntries));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Bytes of memory that a process has in use (proc(5), statm), for who asks often; 0: there is no such process, or we may not look.</summary>
    public static long ResidentOf(int pid)
    {
        Span<byte> text = stackalloc byte[128];
        try
        {
            using var file = Unlocked.Open(string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/statm"));
            text = text[..file.ReadAtLeast(text, text.Length, throwOnEndOfStream: false)];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return 0;
        }

        text = text[(text.IndexOf((byte)' ') + 1)..];
        return Utf8Parser.TryParse(text, out long pages, out _) ? pages * Environment.SystemPageSize : 0;
    }

    private static Standing Read(string[] lines)
    {
        var fields = lines.Select(line => line.Split(':', 2)).ToDictionary(field => field[0], field => field[1].Trim(), StringComparer.Ordinal);
        return new(
            uint.Parse(fields["Uid"].Split('\t')[1], CultureInfo.InvariantCulture),
            (Capabilities)ulong.Parse(fields["CapEff"], NumberStyles.HexNumber, CultureInfo.InvariantCulture),
            fields["NoNewPrivs"] is "1",
            fields.GetValueOrDefault("Seccomp") is "2",
            fields.TryGetValue("VmRSS", out var resident) ? long.Parse(resident.Split(' ')[0], CultureInfo.InvariantCulture) * 1024 : 0);
    }
}
