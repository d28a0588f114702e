using System.Globalization;

namespace Postern.EndToEnd.Tests;

/// <summary>One process of a gate, as the kernel describes it (proc(5)).</summary>
internal sealed class GateProcess(int pid)
{
    public const string Steward = "steward";
    public const string Warden = "warden";
    public const string Sentry = "sentry";

    public int Pid => pid;

    /// <summary>As the gate names it; null: there is none now, or nobody answers.</summary>
    public static GateProcess? TryFind(GateHouse house, string name)
    {
        var (code, output) = house.Command("status", "--json");
        if (code != 0)
            return null;
        var all = System.Text.Json.JsonDocument.Parse(output).RootElement.GetProperty("processes").EnumerateArray();
        var found = all.FirstOrDefault(p => p.GetProperty("name").GetString() == name);
        return found.ValueKind == System.Text.Json.JsonValueKind.Undefined ? null : new(found.GetProperty("pid").GetInt32());
    }

    public static GateProcess Find(GateHouse house, string name) => Next(house, name, before: null);

    /// <summary>The one that stands where another stood.</summary>
    public static GateProcess Next(GateHouse house, string name, GateProcess? before)
    {
        GateProcess? found = null;
        GateHouse.Until(() => (found = TryFind(house, name)) is not null && found.Pid != before?.Pid, $"a {name}");
        return found!;
    }

    /// <summary>Not there, or dead and not yet reaped.</summary>
    public bool IsGone
    {
        get
        {
            try
            {
                return Status("State").StartsWith('Z');
            }
            catch (IOException)
            {
                return true;
            }
        }
    }

    public string Status(string field) => StatusOf($"/proc/{pid}", field);

    /// <summary>The same of each of its threads.</summary>
    public string[] StatusOfThreads(string field) => [.. Directory.GetDirectories($"/proc/{pid}/task").Select(task => StatusOf(task, field))];

    /// <summary>Number and target of each descriptor.</summary>
    public Dictionary<int, string> Descriptors() => new DirectoryInfo($"/proc/{pid}/fd").GetFileSystemInfos()
        .ToDictionary(file => int.Parse(file.Name, CultureInfo.InvariantCulture), file => file.LinkTarget ?? "");

    /// <summary>The soft and the hard limit.</summary>
    public (string Soft, string Hard) Limit(string name)
    {
        var values = File.ReadLines($"/proc/{pid}/limits").First(l => l.StartsWith(name, StringComparison.Ordinal))[name.Length..].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return (values[0], values[1]);
    }

    public string[] EnvironmentNames() =>
        [.. File.ReadAllText($"/proc/{pid}/environ").Split('\0', StringSplitOptions.RemoveEmptyEntries).Select(variable => variable.Split('=')[0])];

    /// <summary>Of each of its sockets, which kind it is: the table of /proc/net that its number stands in.</summary>
    public string[] SocketKinds()
    {
        var kinds = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var table in (string[])["packet", "raw", "raw6", "netlink", "unix", "tcp", "tcp6", "udp", "udp6", "icmp", "icmp6"])
        {
            var lines = File.ReadAllLines($"/proc/{pid}/net/{table}");
            var column = table is "unix" ? 6 : 9; // raw, udp and tcp name no column for two of their values
            foreach (var fields in lines.Skip(1).Select(l => l.Split(' ', StringSplitOptions.RemoveEmptyEntries)))
                kinds[fields[table is "packet" ? 8 : column]] = table;
        }

        return [.. Descriptors().Values.Where(t => t.StartsWith("socket:[", StringComparison.Ordinal)).Select(t => kinds.GetValueOrDefault(t["socket:[".Length..^1], "unknown")).Order(StringComparer.Ordinal)];
    }

    /// <summary>Bytes that no other process shares, in memory or swapped.</summary>
    public long OwnMemory => File.ReadLines($"/proc/{pid}/smaps_rollup").Where(l => l.StartsWith("Private_", StringComparison.Ordinal) || l.StartsWith("Swap:", StringComparison.Ordinal))
        .Sum(l => long.Parse(l.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture)) * 1024;

    public static string StatusOf(string folder, string field) =>
        File.ReadLines(folder + "/status").First(l => l.StartsWith(field + ":", StringComparison.Ordinal))[(field.Length + 1)..].Trim();
}
