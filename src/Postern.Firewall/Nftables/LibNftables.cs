using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Postern.Firewall.Nftables;

/// <summary>Loads rule set text in one transaction (libnftables(3)): all of it takes effect at one moment, or nothing does.</summary>
internal static unsafe partial class LibNftables
{
    private const string Library = "libnftables.so.1";
    private const uint CloseOnExec = 1; // MFD_CLOEXEC

    private static readonly Lock Turn = new();

    /// <summary>Of the context before. The library has one list of interfaces for all contexts, and no lock: there is never more than one.</summary>
    private static Task _freed = Task.CompletedTask;

    public static void Load(string text)
    {
        // A file, though only in memory: of a buffer the library quotes the first line, whichever line it means.
        using var file = new SafeFileHandle(CreateMemoryFile("rule set", CloseOnExec), ownsHandle: true);
        if (file.IsInvalid)
            throw new FirewallException($"cannot hold the rule set: {Errno.Text(Marshal.GetLastPInvokeError())}", "the kernel needs memfd_create");
        RandomAccess.Write(file, Encoding.UTF8.GetBytes(text), fileOffset: 0);
        lock (Turn)
        {
            _freed.GetAwaiter().GetResult();
            Load(string.Create(CultureInfo.InvariantCulture, $"/proc/self/fd/{file.DangerousGetHandle()}"), file);
        }
    }

    private static void Load(string path, SafeFileHandle file)
    {
        nint context;
        try
        {
            context = New(flags: 0);
        }
        catch (Exception e) when (e is DllNotFoundException or EntryPointNotFoundException)
        {
            throw new FirewallException($"{Library} is not installed", "install it: apt install libnftables1, or dnf install nftables");
        }

        try
        {
            _ = BufferOutput(context);
            _ = BufferError(context);
            if (Run(context, path) != 0)
                throw Refused((Marshal.PtrToStringUTF8((nint)ErrorBuffer(context)) ?? "").Replace(path, "rule set", StringComparison.Ordinal));
            GC.KeepAlive(file);
        }
        finally
        {
            // Its socket is not closed before the kernel has let go of what was replaced, which it waits for all processors for, some 10 ms: nobody waits with it.
            _freed = Task.Run(() => Free(context));
        }
    }

    /// <summary>The library's message quotes the rule that failed; what the rule needs of the kernel is the mend.</summary>
    internal static FirewallException Refused(string message)
    {
        message = message.Trim();
        if (message.Contains("Operation not permitted", StringComparison.Ordinal))
            return MissingPrivilege();
        return new FirewallException($"the kernel refused the rule set: {message}", $"this kernel may lack a module: modprobe {ModuleFor(message)}");
    }

    public static FirewallException MissingPrivilege() =>
        new("not permitted to change the firewall", "run as root, or give the process CAP_NET_ADMIN", missingPrivilege: true);

    private static string ModuleFor(string message)
    {
        if (message.Contains("fib daddr", StringComparison.Ordinal))
            return "nft_fib_inet";
        if (message.Contains("reject with", StringComparison.Ordinal))
            return "nft_reject_inet";
        if (message.Contains("dnat", StringComparison.Ordinal) || message.Contains("type nat", StringComparison.Ordinal) || message.Contains("chain lead", StringComparison.Ordinal))
            return "nft_chain_nat nft_nat nf_nat";
        if (message.Contains("redirect", StringComparison.Ordinal))
            return "nft_redir nf_nat";
        if (message.Contains("masquerade", StringComparison.Ordinal))
            return "nft_masq nf_nat";
        if (message.Contains("ct label", StringComparison.Ordinal))
            return "nft_ct (built with NF_CONNTRACK_LABELS, which forwards need)";
        if (message.Contains("ct state", StringComparison.Ordinal))
            return "nft_ct nf_conntrack";
        return "nf_tables";
    }

    [LibraryImport(Library, EntryPoint = "nft_ctx_new")]
    private static partial nint New(uint flags);

    [LibraryImport(Library, EntryPoint = "nft_ctx_free")]
    private static partial void Free(nint context);

    [LibraryImport(Library, EntryPoint = "nft_ctx_buffer_output")]
    private static partial int BufferOutput(nint context);

    [LibraryImport(Library, EntryPoint = "nft_ctx_buffer_error")]
    private static partial int BufferError(nint context);

    [LibraryImport(Library, EntryPoint = "nft_ctx_get_error_buffer")]
    private static partial byte* ErrorBuffer(nint context);

    [LibraryImport(Library, EntryPoint = "nft_run_cmd_from_filename", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Run(nint context, string path);

    [LibraryImport("libc", EntryPoint = "memfd_create", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int CreateMemoryFile(string name, uint flags);
}
