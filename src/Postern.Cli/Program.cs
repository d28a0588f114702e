using Postern.Cli.CommandLine;

return await CommandFrame.RunAsync(PosternRoot.Create(), args);
