using Postern.Cli.CommandLine;
using Postern.Cli.Gate.Household;

return OperatingSystem.IsLinux() && GateParts.Find(args) is { } part ? part() : await Command(args);

// Apart, so that a sentry loads nothing of the command line.
static Task<int> Command(string[] arguments) => CommandFrame.RunAsync(PosternRoot.Create(), arguments);
