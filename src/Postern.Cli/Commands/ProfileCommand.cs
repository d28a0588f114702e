using System.CommandLine;
using Postern.Cli.CommandLine;
using Postern.Cli.Profiles;
using Postern.Client.Invitations;
using Postern.Client.Spa;

namespace Postern.Cli.Commands;

/// <summary><c>postern profile add | list | show | remove</c></summary>
internal static class ProfileCommand
{
    private const int MaxInput = 64 * 1024;

    public static Command Create() =>
        new DocumentedCommand("profile", "The gates that you can knock at, in ~/.config/postern", "postern profile add - --name home")
        {
            CreateAdd(),
            CreateList(),
            CreateShow(),
            CreateRemove(),
        };

    private static DocumentedCommand CreateAdd()
    {
        var invitation = new Argument<string>("INVITATION") { Description = "A file that holds it; - to paste it; or postern://… itself, which ps would show to others" };
        var name = new Option<string?>("--name") { HelpName = "NAME", Description = "What to call it (the gate's own name)" };
        var key = new Option<string?>("--key") { HelpName = "KEY", Description = "SSH key: a file, agent, or SHA256:… of the agent's (the first that ssh would use)" };
        var json = CommonOptions.Json();
        var command = new DocumentedCommand("add", "Add a profile from an invitation", "postern profile add - --name home", "postern profile add invitation.txt --key ~/.ssh/id_ed25519") { invitation, name, key, json };
        command.SetAction(parsed =>
        {
            var streams = parsed.InvocationConfiguration;
            var text = ReadInvitation(parsed.GetRequiredValue(invitation), streams.Error);
            if (Invitation.TryParse(text, out var read) is var fault and not InvitationFault.None)
                throw CommandFailure.Usage($"this is no invitation: {fault.Say().What}", fault.Say().Mend);
            using var parts = read!;
            var called = parsed.GetValue(name) ?? parts.Name;
            if (!Profile.IsName(called))
                throw CommandFailure.Usage($"'{called}' cannot be the name of a profile", "write 1 to 64 of a-z, 0-9, '-', '_' and '.', a letter or a digit first");
            var profile = SpaProfile.From(parts, called, FullPath(parsed.GetValue(key)));
            ProfileFile.Create(profile);
            if (parsed.GetValue(json))
                streams.Output.WriteJson(ProfileReport.Of(profile, secrets: false), JsonShapes.Default.ProfileReport);
            else
                streams.Output.WriteLine($"added '{called}' ({profile.Host}); knock with: postern knock {called}{(profile.Services.IsEmpty ? " SERVICE" : "")}");
            return ExitCode.Done;
        });
        return command;
    }

    private static Command CreateList()
    {
        var json = CommonOptions.Json();
        var command = new Command("list", "Each profile on a line: name, host, services") { json };
        command.SetAction(parsed =>
        {
            var streams = parsed.InvocationConfiguration;
            var profiles = ReadAll(streams.Error);
            if (parsed.GetValue(json))
                streams.Output.WriteJson(new ProfileListReport([.. profiles.Select(p => ProfileReport.Of(p, secrets: false))]), JsonShapes.Default.ProfileListReport);
            else
                WriteTable(profiles, streams.Output);
            profiles.ForEach(p => p.Dispose());
            return ExitCode.Done;
        });
        return command;
    }

    private static Command CreateShow()
    {
        var name = new Argument<string>("NAME");
        var secrets = new Option<bool>("--secrets") { Description = "The gate secret, or the keys, too" };
        var json = CommonOptions.Json();
        var command = new Command("show", "Print a profile, without its secrets") { name, secrets, json };
        command.SetAction(parsed =>
        {
            using var profile = ProfileFolder.Get(parsed.GetRequiredValue(name));
            var output = parsed.InvocationConfiguration.Output;
            if (parsed.GetValue(json))
                output.WriteJson(ProfileReport.Of(profile, parsed.GetValue(secrets)), JsonShapes.Default.ProfileReport);
            else
                output.Write(ProfileWriter.Write(profile, parsed.GetValue(secrets)));
            return ExitCode.Done;
        });
        return command;
    }

    private static Command CreateRemove()
    {
        var name = new Argument<string>("NAME");
        var command = new Command("remove", "Remove a profile") { name };
        command.SetAction(parsed =>
        {
            var called = parsed.GetRequiredValue(name);
            if (!ProfileFolder.Has(called))
                throw ProfileFolder.Missing(called);
            try
            {
                File.Delete(ProfileFolder.FileOf(called));
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                throw new CommandFailure(ExitCode.Usage, $"'{called}' cannot be removed: {e.Message}", $"mend the permissions of {ProfileFolder.Path}", e);
            }

            parsed.InvocationConfiguration.Output.WriteLine($"removed '{called}'");
            return ExitCode.Done;
        });
        return command;
    }

    private static string ReadInvitation(string text, TextWriter error)
    {
        if (text.StartsWith("postern:", StringComparison.OrdinalIgnoreCase))
        {
            error.WriteLine("postern: note: other users of this computer can see a command line; 'postern profile add -' lets you paste the invitation");
            return text;
        }

        try
        {
            using var input = text is "-" ? Console.OpenStandardInput() : File.OpenRead(text);
            using var reader = new StreamReader(input);
            var content = new char[MaxInput];
            return text is "-" ? reader.ReadLine() ?? "" : InvitationIn(new string(content, 0, reader.ReadBlock(content)));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw CommandFailure.Usage($"the invitation cannot be read from '{text}': {e.Message.TrimEnd('.')}", "name its file, or - to paste it");
        }
    }

    /// <summary>The file may hold all that 'postern enroll' printed.</summary>
    private static string InvitationIn(string text) =>
        text.Split('\n').FirstOrDefault(line => line.StartsWith("postern://", StringComparison.Ordinal)) ?? text;

    /// <summary>Knocks are made from any folder.</summary>
    private static string? FullPath(string? key) =>
        key is null or SignerFinder.AgentWord || key.StartsWith('~') || SignerFinder.Fingerprint(key) is not null ? key : Path.GetFullPath(key);

    private static List<Profile> ReadAll(TextWriter error)
    {
        var profiles = new List<Profile>();
        foreach (var name in ProfileFolder.Names())
        {
            if (ProfileFile.TryRead(name, out var faults) is { } profile)
                profiles.Add(profile);
            foreach (var fault in faults.Faults)
                error.WriteLine(Terminal.OneLine(fault.ToString()));
        }

        return profiles;
    }

    private static void WriteTable(List<Profile> profiles, TextWriter output)
    {
        var name = profiles.Select(p => p.Name.Length).DefaultIfEmpty().Max();
        var host = profiles.Select(p => p.Host.Length).DefaultIfEmpty().Max();
        foreach (var profile in profiles)
            output.WriteLine($"{profile.Name.PadRight(name)}  {profile.Host.PadRight(host)}  {profile.Asks}".TrimEnd());
    }
}
