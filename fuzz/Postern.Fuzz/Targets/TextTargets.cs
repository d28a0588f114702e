using System.Collections.Immutable;
using System.Text;
using System.Text.Json;
using Postern.Cli.CommandLine;
using Postern.Cli.Commands;
using Postern.Cli.Configuration;
using Postern.Cli.Control;
using Postern.Cli.Imports.Knockd;
using Postern.Cli.Profiles;
using Postern.Client.Invitations;
using Postern.Fuzz.Engine;
using Postern.Knocks.Sequences;
using Postern.Reports;
using Postern.Warden;

namespace Postern.Fuzz.Targets;

/// <summary>Text that people write: what is taken is printed as text that reads back to the same.</summary>
internal static class TextTargets
{
    public delegate bool Parser<T>(string text, out T value);

    /// <summary>One value of one type.</summary>
    public static void One<T>(ReadOnlySpan<byte> input, Parser<T> parse, Func<T, string> write)
        where T : IEquatable<T>
    {
        var text = Encoding.UTF8.GetString(input);
        Spent.Begin();
        var isRead = parse(text, out var value);
        Spent.End();
        if (!isRead)
            return;
        Oracle.That(!text.Contains('\0'), "a text that ends in zeros is taken");
        var written = write(value);
        Oracle.That(parse(written, out var again), $"what is printed is not read: '{written}' for '{text}'");
        Oracle.That(again.Equals(value), $"what is printed is read as another: '{written}' for '{text}'");
    }

    public static void Address(ReadOnlySpan<byte> input) => One(input, (string t, out Address a) => Reports.Address.TryParse(t, out a), a => a.ToString());

    public static void Ports(ReadOnlySpan<byte> input) => One(input, (string t, out PortRange p) => PortRange.TryParse(t, out p), p => p.ToString());

    public static void Step(ReadOnlySpan<byte> input) => One(input, (string t, out KnockStep s) => KnockStep.TryParse(t, out s), s => s.ToString());

    public static void Flags(ReadOnlySpan<byte> input) => One(input, (string t, out TcpFlagCondition f) => TcpFlagCondition.TryParse(t, out f), f => f.ToString());

    public static void Hours(ReadOnlySpan<byte> input) => One(input, (string t, out WeeklyHours h) => WeeklyHours.TryParse(t, out h), h => h.ToString());

    public static void Time(ReadOnlySpan<byte> input)
    {
        One(input, (string t, out TimeSpan time) => Duration.Parse(t, out time) == DurationFault.None, Duration.Format);
        Oracle.That(Duration.Mend(Encoding.UTF8.GetString(input)) is not { } mended || Duration.Parse(mended, out _) == DurationFault.None, "a mend that is no time");
    }

    /// <summary>A line that is taken is a sequence, written in our own way the same one, and good once.</summary>
    public static void OneTime(ReadOnlySpan<byte> input)
    {
        var (text, faults) = (Encoding.UTF8.GetString(input), new FaultList());
        Spent.Begin();
        var lines = OneTimeFile.ReadText("f", text, faults);
        Spent.End();
        Oracle.That(lines.Select(l => l.Digest()).Distinct().Count() == lines.Length, "a sequence is good twice");
        var written = string.Join('\n', lines.Select(l => string.Join(", ", l.Steps)));
        var again = OneTimeFile.ReadText("g", written, new());
        Oracle.That(again.Select(l => l.Digest()).SequenceEqual(lines.Select(l => l.Digest())), $"another sequence: '{written}'");
    }

    /// <summary>What of knockd's is carried over is a configuration without faults; what is not has a fault or a note.</summary>
    public static void Knockd(ReadOnlySpan<byte> input)
    {
        var text = Encoding.Latin1.GetString(input);
        var options = new KnockdImportOptions("knockd.conf") { IsProgram = path => path.StartsWith("/usr/bin/", StringComparison.Ordinal), ReadOneTime = path => path.Length > 3 ? "1,2,3" : null };
        Spent.Begin();
        var import = KnockdImport.Read(text, options, out var faults);
        Spent.End();
        Oracle.That(import is null == !faults.IsEmpty, "carried over with faults, or not and without");
        if (import is null)
            return;
        var read = ConfigurationReader.ReadText("f", KnockdYaml.Write(import, "knockd.conf"));
        Oracle.That(read.Faults.All(f => IsOfTheirs(f.Message)), $"carried over with a fault: {read.Faults.FirstOrDefault()}");
    }

    /// <summary>What knockd takes and a gate does not: two doors by one sequence of which one opens what the other closes, too much of everything.</summary>
    private static bool IsOfTheirs(string fault) =>
        fault.Contains("has the steps of", StringComparison.Ordinal) || fault.Contains("different pairs", StringComparison.Ordinal) || fault.Contains("more than", StringComparison.Ordinal)
        || fault.Contains("larger than", StringComparison.Ordinal);

    public static void Network(ReadOnlySpan<byte> input) =>
        One(input, (string t, out System.Net.IPNetwork n) => Cli.Configuration.Network.TryParse(t, out n, out _), Cli.Configuration.Network.Format);

    /// <summary>A carrier is written in one way only.</summary>
    public static void Carrier(ReadOnlySpan<byte> input)
    {
        var text = Encoding.UTF8.GetString(input);
        One(input, (string t, out Client.Spa.Carrier c) => Client.Spa.Carrier.TryParse(t, out c), c => c.ToString());
        if (Client.Spa.Carrier.TryParse(text, out var carrier))
            Oracle.Same(text, carrier.ToString(), "a carrier that is not written so");
    }

    public static void Sequence(ReadOnlySpan<byte> input)
    {
        var text = Encoding.UTF8.GetString(input);
        if (text.StartsWith('@'))
            return; // a file
        Spent.Begin();
        try
        {
            var steps = SequenceText.Read(text, "host");
            Spent.End();
            Oracle.That(SequenceText.Read(string.Join(',', steps), "host").SequenceEqual(steps), "another sequence when it is printed");
        }
        catch (CommandFailure)
        {
            Spent.End();
        }
    }

    public static void Invitation(ReadOnlySpan<byte> input)
    {
        var text = Encoding.UTF8.GetString(input);
        Spent.Begin();
        var fault = Client.Invitations.Invitation.TryParse(text, out var invitation);
        Spent.End();
        using (invitation)
        {
            Oracle.That(fault == InvitationFault.None == invitation is not null, "an invitation with a fault");
            if (invitation is null)
                return;
            var written = invitation.Write();
            fault = Client.Invitations.Invitation.TryParse(written, out var again);
            using (again)
            {
                Oracle.That(fault == InvitationFault.None, $"an invitation that is not read when it is written: {fault}, {written}");
                Oracle.Same(written, again!.Write(), "an invitation that is another when it is written");
                Oracle.That(again.Host == invitation.Host && again.Name == invitation.Name && again.Carriers.SequenceEqual(invitation.Carriers), "another host, name or carriers");
                Oracle.That(again.Services.SequenceEqual(invitation.Services) && again.Ports.SequenceEqual(invitation.Ports) && again.Receipts == invitation.Receipts, "other services or receipts");
            }
        }
    }

    public static void ControlRequest(ReadOnlySpan<byte> input)
    {
        Spent.Begin();
        var isRequest = RequestReader.TryRead(input, out var request, out _);
        Spent.End();
        if (!isRequest)
            return;
        var written = JsonSerializer.SerializeToUtf8Bytes(request, ControlJson.Default.ControlRequest);
        Oracle.That(RequestReader.TryRead(written, out var again, out _) && again == request, $"a request that is another when it is written: {Encoding.UTF8.GetString(written)}");
        Oracle.That(!written.AsSpan().Contains((byte)'\n'), "a request of two lines");
    }

    public static void Configuration(ReadOnlySpan<byte> input)
    {
        var faults = new FaultList();
        Spent.Begin();
        var text = ConfigurationFiles.Decode("f", input, faults);
        var read = text is null ? null : ConfigurationReader.ReadText("f", text);
        Spent.End();
        Oracle.That(text is null == faults.Count > 0, "bytes that are no text without a fault");
        if (read is null)
            return;
        Oracle.That(read.Configuration is null == read.Faults.Any(), "a configuration with a fault, or none without");
        Oracle.That(read.Faults.All(f => f.Line >= 0 && f.Message.Length > 0 && !f.Message.Any(char.IsControl)), "a fault that cannot be shown");
        if (read.Configuration is not { } configuration)
            return;
        var written = ConfigurationWriter.Write(configuration);
        var again = ConfigurationReader.ReadText("f", written);
        Oracle.That(again.Configuration is not null, $"a configuration that is not read when it is printed: {again.Faults.FirstOrDefault()}");
        Oracle.Same(written, ConfigurationWriter.Write(again.Configuration!), "a configuration that is another when it is printed");
    }

    public static void Profile(ReadOnlySpan<byte> input)
    {
        var faults = new FaultList();
        Spent.Begin();
        var text = ConfigurationFiles.Decode("f", input, faults);
        using var profile = text is null ? null : ProfileReader.Read("home", "f", text, faults);
        Spent.End();
        Oracle.That(profile is null == faults.Count > 0, "a profile with a fault, or none without");
        if (profile is null)
            return;
        var written = ProfileWriter.Write(profile, secrets: true);
        using var again = ProfileReader.Read("home", "f", written, faults);
        Oracle.That(again is not null, $"a profile that is not read when it is printed: {faults.Faults.FirstOrDefault()}");
        Oracle.Same(written, ProfileWriter.Write(again!, secrets: true), "a profile that is another when it is printed");
        Oracle.That((again as SpaProfile)?.Key == (profile as SpaProfile)?.Key && again!.Host == profile.Host && again.Address == profile.Address, "another key, host or address");
    }

    /// <summary>What one line says, no other line takes away or adds to: who is let in by a file is let in by his line alone.</summary>
    public static void AuthorizedKeys(ReadOnlySpan<byte> input)
    {
        var text = Encoding.UTF8.GetString(input);
        var services = ImmutableHashSet.Create("ssh", "web");
        var faults = new FaultList();
        Spent.Begin();
        var all = Cli.Configuration.AuthorizedKeys.ReadText("f", text, services, faults);
        Spent.End();
        var lines = text.Split('\n').SelectMany(line => Cli.Configuration.AuthorizedKeys.ReadText("f", line, services, new())).ToArray();
        Oracle.That(all.All(a => lines.Any(one => Same(a, one))), "somebody is let in whom his own line does not let in");
        Oracle.That(lines.All(one => all.Any(a => a.Key.Equals(one.Key))), "somebody is kept out whom his own line lets in");
        Oracle.That(lines.Where(l => l.Revoked).All(one => all.Any(a => a.Key.Equals(one.Key) && a.Revoked)), "a line that revokes is lost");
    }

    private static bool Same(Identity a, Identity b) =>
        a.Key.Equals(b.Key) && a.Name == b.Name && a.AnyService == b.AnyService && a.Services.SequenceEqual(b.Services) && a.From.SequenceEqual(b.From) && a.Max == b.Max
        && a.Hours.SequenceEqual(b.Hours) && a.Expires == b.Expires && a.Systems.SequenceEqual(b.Systems)
        && a.RequireAddress == b.RequireAddress && a.RequireSourcePort == b.RequireSourcePort && a.Revoked == b.Revoked;
}
