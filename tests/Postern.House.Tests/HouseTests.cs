using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace Postern.House.Tests;

/// <summary>The rooms, and who may reference whom: ARCHITECTURE.md says it, and this holds the project files to it.</summary>
public sealed partial class HouseTests
{
    private static readonly string Root = FindRoot();

    /// <summary>The table of ARCHITECTURE.md: room → what it may reference.</summary>
    private static Dictionary<string, string[]> Table() =>
        Row().Matches(Read("ARCHITECTURE.md")).ToDictionary(
            m => m.Groups["room"].Value,
            m => Regex.Matches(m.Groups["references"].Value, @"[A-Z]\w+").Select(r => r.Value).ToArray());

    [Fact]
    public void Every_room_references_only_what_the_table_allows()
    {
        var table = Table();
        foreach (var project in Directory.GetFiles(Path.Combine(Root, "src"), "*.csproj", SearchOption.AllDirectories))
        {
            var room = Path.GetFileNameWithoutExtension(project)["Postern.".Length..];
            Assert.True(table.TryGetValue(room, out var allowed), $"{room} is not in the table of ARCHITECTURE.md");
            var references = XDocument.Load(project).Descendants("ProjectReference").Select(r => Path.GetFileNameWithoutExtension(r.Attribute("Include")!.Value)["Postern.".Length..]);
            Assert.All(references, r => Assert.True(allowed.Contains(r), $"{room} references {r}, which the table does not allow"));
        }
    }

    [Fact]
    public void Every_room_of_the_table_that_is_built_is_in_the_solution()
    {
        var solution = Read("Postern.slnx");
        foreach (var project in Directory.GetFiles(Root, "*.csproj", SearchOption.AllDirectories).Where(p => !p.Contains("/artifacts/")))
            Assert.Contains(Path.GetRelativePath(Root, project), solution, StringComparison.Ordinal);
    }

    [Fact]
    public void The_warden_cannot_reach_a_packet_and_the_sentry_cannot_reach_the_firewall()
    {
        Assert.DoesNotContain("Packets", Reach("Warden"));
        Assert.DoesNotContain("Knocks", Reach("Warden"));
        Assert.DoesNotContain("Firewall", Reach("Sentry"));
        Assert.DoesNotContain("Warden", Reach("Sentry"));
    }

    [Fact]
    public void Only_the_rooms_that_talk_to_native_code_may_be_unsafe()
    {
        var rooms = Directory.GetFiles(Path.Combine(Root, "src"), "*.csproj", SearchOption.AllDirectories)
            .Where(p => File.ReadAllText(p).Contains("AllowUnsafeBlocks")).Select(Path.GetFileNameWithoutExtension).Order();
        Assert.Equal(["Postern.Confinement", "Postern.Firewall", "Postern.Keys", "Postern.Packets"], rooms);
        Assert.DoesNotContain(Directory.GetFiles(Path.Combine(Root, "src/Postern.Keys"), "*.cs", SearchOption.AllDirectories), f => Regex.IsMatch(File.ReadAllText(f), @"\bunsafe\b"));
    }

    [Fact]
    public void The_rooms_between_the_wire_and_the_kernel_are_pure()
    {
        foreach (var room in new[] { "Reports", "Knocks", "Sentry", "Warden" })
            Assert.Contains("<PureRoom>true</PureRoom>", Read($"src/Postern.{room}/Postern.{room}.csproj"), StringComparison.Ordinal);
    }

    [Fact]
    public void Every_package_is_argued_for_and_exact()
    {
        var lines = Read("Directory.Packages.props").Split('\n');
        for (var i = 0; i < lines.Length; i++)
        {
            if (!lines[i].Contains("<PackageVersion"))
                continue;
            Assert.Matches("Version=\"[0-9][0-9A-Za-z.-]*\"", lines[i]);
            Assert.True(lines[..i].Reverse().SkipWhile(l => l.Contains("<PackageVersion")).First().TrimEnd().EndsWith("-->"), $"no reason given for {lines[i].Trim()}");
        }
    }

    [Fact]
    public void Log_lines_have_numbers_of_their_own()
    {
        var numbers = Directory.GetFiles(Path.Combine(Root, "src"), "*.cs", SearchOption.AllDirectories)
            .SelectMany(f => Regex.Matches(File.ReadAllText(f), @"\[LoggerMessage\((\d+)").Select(m => m.Groups[1].Value)).ToArray();
        Assert.NotEmpty(numbers);
        Assert.Equal(numbers.Length, numbers.Distinct().Count());
    }

    /// <summary>A page that says what holds a claim must not go on saying so when that is gone.</summary>
    [Theory]
    [InlineData("SECURITY.md")]
    [InlineData("docs/past-bugs.md")]
    public void Every_test_that_a_page_names_is_there(string page)
    {
        var sources = Directory.GetFiles(Path.Combine(Root, "tests"), "*Tests.cs", SearchOption.AllDirectories)
            .ToLookup(f => Path.GetFileNameWithoutExtension(f), f => File.ReadAllText(f), StringComparer.Ordinal);
        var named = Named().Matches(Read(page));
        Assert.NotEmpty(named);
        var tests = "";
        foreach (Match one in named)
        {
            tests = one.Groups["class"] is { Success: true, Value: var name } ? name : tests;
            Assert.True(sources.Contains(tests), $"{page} names {one.Value}: there is no such class");
            if (one.Groups["method"] is { Success: true, Value: var method })
                Assert.True(sources[tests].Any(text => text.Contains($" {method}(", StringComparison.Ordinal)), $"{page} names {method}: {tests} has none of that name");
        }
    }

    private static HashSet<string> Reach(string room)
    {
        var reached = new HashSet<string>();
        var next = new Stack<string>([room]);
        while (next.TryPop(out var at))
        {
            foreach (var reference in XDocument.Load(Path.Combine(Root, $"src/Postern.{at}/Postern.{at}.csproj")).Descendants("ProjectReference"))
            {
                var name = Path.GetFileNameWithoutExtension(reference.Attribute("Include")!.Value)["Postern.".Length..];
                if (reached.Add(name))
                    next.Push(name);
            }
        }

        return reached;
    }

    private static string Read(string file) => File.ReadAllText(Path.Combine(Root, file));

    private static string FindRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "Postern.slnx")))
            folder = folder.Parent!;
        return folder.FullName;
    }

    [GeneratedRegex(@"^\| `Postern\.(?<room>\w+)` \|[^|]*\| (?<references>[^|]*) \|$", RegexOptions.Multiline | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Row();

    /// <summary><c>`ClassTests`</c>, <c>`ClassTests.Method`</c>, or <c>`.Method`</c> of the class that was named last.</summary>
    [GeneratedRegex(@"`((?<class>[A-Z]\w*Tests)(\.(?<method>\w+))?|\.(?<method>[A-Z]\w*_\w+))`", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Named();
}
