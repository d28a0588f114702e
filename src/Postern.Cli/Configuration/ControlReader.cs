using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using Postern.Confinement;
using static Postern.Cli.Configuration.Quoting;

namespace Postern.Cli.Configuration;

/// <summary>Who may look at the running gate, and change nothing: a user, a group, or both where one name is of both.</summary>
/// <param name="Name">As it was written.</param>
/// <param name="User">Number of the user of that name.</param>
/// <param name="Group">Number of the group of that name.</param>
internal sealed record ControlReader(string Name, uint? User, uint? Group)
{
    private const int Most = 32;

    private const int MaxName = 256;

    /// <summary>Whoever the kernel has no number for looks like this one (user_namespaces(7)): to name it would be to name strangers.</summary>
    private const uint Nobody = 65_534;

    public static ImmutableArray<ControlReader>? ReadList(Node? node, Values values)
    {
        if (values.List("control_readers", node) is not { } list)
            return null;
        if (list.Length > Most)
            values.Faults.Add(list[Most].Place, string.Create(CultureInfo.InvariantCulture, $"'control_readers' has more than {Most} names"), "name a group, and put them into it");
        var readers = ImmutableArray.CreateBuilder<ControlReader>();
        foreach (var name in list.Take(Most))
        {
            if (readers.Any(r => string.Equals(r.Name, name.Text, StringComparison.Ordinal)))
                values.Faults.Add(name.Place, $"{Quote(name.Text)} is named twice", "remove one");
            else if (Find(name, values.Faults) is { } reader)
                readers.Add(reader);
        }

        return readers.ToImmutable();
    }

    private static ControlReader? Find(TextNode name, FaultList faults)
    {
        try
        {
            var found = CanBeOne(name.Text) ? new ControlReader(name.Text, Account.Find(name.Text)?.User, Account.FindGroup(name.Text)) : null;
            if (found is null or { User: null, Group: null })
                faults.Add(name.Place, $"this host has no group or user {Quote(name.Text)}", faults.Suggest(name.Text, NamesOfHost(), "name one that it has ('getent group'), or make it"));
            else if (found.User == Nobody || found.Group == Nobody)
                faults.Add(name.Place, $"{Quote(name.Text)} is whoever has no name of his own", "name a group of people, such as adm");
            else
                return found;
        }
        catch (ConfinementException e)
        {
            faults.Add(name.Place, e.Message, e.Hint); // who may look must not be left to chance
        }

        return null;
    }

    private static bool CanBeOne(string name) => Encoding.UTF8.GetByteCount(name) <= MaxName && !name.Any(c => char.IsControl(c) || c is ':' or '/');

    /// <summary>Those of the files, to suggest one; a directory service may know more.</summary>
    private static List<string> NamesOfHost()
    {
        var names = new List<string>();
        foreach (var file in (ReadOnlySpan<string>)["/etc/group", "/etc/passwd"])
        {
            try
            {
                names.AddRange(File.ReadLines(file).Take(1000).Select(line => line.Split(':', 2)[0]));
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // Then nothing is suggested.
            }
        }

        return names;
    }
}
