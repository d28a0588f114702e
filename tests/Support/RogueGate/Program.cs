using Postern.Cli.CommandLine;
using Postern.Cli.Gate.Household;
using Postern.Cli.RogueGate;

// postern, but for its sentry, which has been taken over: what it does the name of this file says, since a sentry has nothing else to know it by.
return args is [Itself.Sentry] ? Takeover.Run(Path.GetFileName(Environment.ProcessPath!))
    : GateParts.Find(args) is { } part ? part()
    : await CommandFrame.RunAsync(PosternRoot.Create(), args);
