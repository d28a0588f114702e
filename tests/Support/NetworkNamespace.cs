using System.Diagnostics;
using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Postern.Tests;

/// <summary>A network of its own on the real kernel, under a name that nobody else has; gone with <see cref="Dispose"/>. Needs root.</summary>
internal sealed partial class NetworkNamespace : IDisposable
{
    /// <summary>The one end of a <see cref="Pair"/>, its other end, and the interface that joins them, called so in both.</summary>
    public const string Interface = "veth0";
    public const string Left4 = "10.77.0.1";
    public const string Right4 = "10.77.0.2";
    public const string Left6 = "fd77::1";
    public const string Right6 = "fd77::2";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(25);

    private NetworkNamespace(string name) => Name = name;

    public string Name { get; }

    /// <summary>With nothing in it but a loopback that is up.</summary>
    public static NetworkNamespace Create()
    {
        Needs.Root();
        var space = new NetworkNamespace("postern-" + RandomNumberGenerator.GetHexString(8, lowercase: true));
        RunOnHost("ip", "netns", "add", space.Name);
        space.Run("ip", "link", "set", "lo", "up");
        return space;
    }

    /// <summary>Two joined by a cable.</summary>
    public static (NetworkNamespace Left, NetworkNamespace Right) Pair()
    {
        var left = Create();
        var right = Create();
        RunOnHost("ip", "link", "add", Interface, "netns", left.Name, "type", "veth", "peer", "name", Interface, "netns", right.Name);
        left.Address(Left4, Left6);
        right.Address(Right4, Right6);
        return (left, right);
    }

    private void Address(string v4, string v6)
    {
        Run("ip", "address", "add", v4 + "/24", "dev", Interface);
        Run("ip", "address", "add", v6 + "/64", "dev", Interface, "nodad");
        Run("ip", "link", "set", Interface, "up");
    }

    /// <summary>What the program wrote. Throws, with everything it wrote, if it did not succeed in time.</summary>
    public string Run(string program, params string[] arguments) => Finish(Start(program, arguments));

    /// <summary>As <see cref="Run"/>, for a program that may say no.</summary>
    public bool TryRun(string program, params string[] arguments)
    {
        using var process = Start(program, arguments);
        var output = process.StandardOutput.ReadToEndAsync();
        var error = process.StandardError.ReadToEndAsync();
        WaitOrKill(process);
        Task.WaitAll(output, error);
        return process.ExitCode == 0;
    }

    /// <summary>A program that goes on while the test does. Its output must be read, or be little.</summary>
    public Process Start(string program, params string[] arguments) => StartOnHost("ip", ["netns", "exec", Name, program, .. arguments]);

    /// <summary>Runs code in here, on a thread of its own. Sockets stay in the namespace they were opened in, whoever uses them later.</summary>
    public void Enter(Action action) => Enter(() =>
    {
        action();
        return true;
    });

    /// <inheritdoc cref="Enter(Action)"/>
    public T Enter<T>(Func<T> action)
    {
        var result = default(T)!;
        ExceptionDispatchInfo? failure = null;
        var thread = new Thread(() =>
        {
            try
            {
                using var handle = File.OpenHandle("/run/netns/" + Name);
                if (SetNamespace((int)handle.DangerousGetHandle(), CloneNewNet) != 0)
                    throw new InvalidOperationException("setns: " + Marshal.GetLastPInvokeErrorMessage());
                result = action();
            }
            catch (Exception e)
            {
                failure = ExceptionDispatchInfo.Capture(e);
            }
        })
        { IsBackground = true };
        thread.Start();
        thread.Join();
        failure?.Throw();
        return result;
    }

    public void Dispose() => RunOnHost("ip", "netns", "delete", Name);

    private static void RunOnHost(string program, params string[] arguments) => Finish(StartOnHost(program, arguments));

    private static Process StartOnHost(string program, params string[] arguments)
    {
        Needs.Program(program);
        return Process.Start(
            new ProcessStartInfo(Needs.Find(program)!, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false })!;
    }

    private static string Finish(Process process)
    {
        using (process)
        {
            var output = process.StandardOutput.ReadToEndAsync();
            var error = process.StandardError.ReadToEndAsync();
            WaitOrKill(process);
            if (process.ExitCode != 0)
                throw new InvalidOperationException($"{string.Join(' ', process.StartInfo.ArgumentList)}: exit {process.ExitCode}\n{output.Result}{error.Result}");
            return output.Result;
        }
    }

    private static void WaitOrKill(Process process)
    {
        if (process.WaitForExit(Patience))
            return;
        process.Kill(entireProcessTree: true);
        process.WaitForExit();
    }

    private const int CloneNewNet = 0x4000_0000;

    [LibraryImport("libc", EntryPoint = "setns", SetLastError = true)]
    private static partial int SetNamespace(int fd, int kind);
}
