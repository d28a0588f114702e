using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using static Postern.Cli.Configuration.Quoting;

namespace Postern.Cli.Configuration;

/// <summary>The section <c>gate</c>: what it watches, and where it is spoken to. Null: as by default.</summary>
internal sealed record GateSection(
    ImmutableArray<string>? Interfaces, string? ControlSocket, ImmutableArray<ControlReader>? ControlReaders, int? MaxGrants, TrapSetting? Traps, CaptureSetting? Capture, Place CapturePlace, string? LedgerFile)
{
    /// <summary>IFNAMSIZ − 1 (linux/if.h).</summary>
    private const int MaxInterfaceName = 15;

    /// <summary>sun_path of unix(7), less the zero at its end.</summary>
    private const int MaxSocketPath = 107;

    private const int MostGrants = 1 << 20;

    private const string AnyInterface = "any";

    private static readonly KeyTable Keys = new("gate", ["interfaces", "capture", "control_socket", "control_readers", "max_grants", "traps", "ledger"], []);

    public static GateSection Read(ImmutableArray<Entry> entries, Values values)
    {
        var fields = new Fields(entries, values.Faults).Check(Keys);
        return new(
            ReadInterfaces(fields["interfaces"], values),
            values.FullPath("control_socket", fields["control_socket"], GateConfiguration.DefaultControlSocket, MaxSocketPath),
            ControlReader.ReadList(fields["control_readers"], values),
            values.Number("max_grants", fields["max_grants"], 1, MostGrants),
            values.Choice("traps", fields["traps"], [("auto", TrapSetting.Auto), ("off", TrapSetting.Off)]),
            CaptureSetting.Read(fields["capture"], values),
            fields["capture"]?.Place ?? default,
            values.FullPath("ledger", fields["ledger"], GateConfiguration.UsualLedgerFile));
    }

    private static ImmutableArray<string>? ReadInterfaces(Node? node, Values values)
    {
        if (values.List("interfaces", node) is not { } list)
            return null;
        if (node is TextNode { Text: AnyInterface })
            return [];
        if (node is ListNode { Items: [] })
            values.Faults.Add(node.Place, "'interfaces' is an empty list", "write any, or name the interfaces");
        var names = ImmutableArray.CreateBuilder<string>();
        foreach (var name in list)
        {
            if (names.Contains(name.Text))
                values.Faults.Add(name.Place, $"the interface {Quote(name.Text)} is named twice", "remove one");
            else if (MendOfInterface(name.Text) is { } mend)
                values.Faults.Add(name.Place, $"{Quote(name.Text)} cannot be the name of an interface", mend);
            else
                names.Add(name.Text);
        }

        return names.ToImmutable();
    }

    // Narrower than the kernel's dev_valid_name(): nobody names an interface with a quote or a star, which rule sets read as more than a name.
    private static string? MendOfInterface(string name)
    {
        if (name.IndexOf('@', StringComparison.Ordinal) is var at and > 0)
            return $"write the part before the '@': {name[..at]}";
        if (string.Equals(name, AnyInterface, StringComparison.Ordinal))
            return "write any alone, not in a list with others";
        if (Encoding.UTF8.GetByteCount(name) > MaxInterfaceName)
            return string.Create(CultureInfo.InvariantCulture, $"write at most {MaxInterfaceName} bytes, as 'ip link' shows it");
        return name is "." or ".." || !name.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-' or '+')
            ? "write it as 'ip link' shows it: letters, digits, '.', '_', '-', '+'"
            : null;
    }
}
