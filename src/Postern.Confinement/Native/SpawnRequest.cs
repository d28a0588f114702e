using System.Collections.Immutable;
using System.Runtime.InteropServices;

namespace Postern.Confinement.Native;

/// <summary>Everything that posix_spawn(3) wants, laid out beforehand: the thread that calls it may hardly do anything any more.</summary>
internal sealed unsafe class SpawnRequest : IDisposable
{
    /// <summary>More than any libc has for its opaque structures (glibc: 80, 336 and 128).</summary>
    private const int OpaqueRoom = 1024;

    private readonly byte* _actions = (byte*)NativeMemory.AllocZeroed(OpaqueRoom);
    private readonly byte* _attributes = (byte*)NativeMemory.AllocZeroed(OpaqueRoom);
    private readonly byte* _signals = (byte*)NativeMemory.AllocZeroed(OpaqueRoom);
    private readonly NativeTexts _path;
    private readonly NativeTexts _arguments;
    private readonly NativeTexts _environment;

    /// <summary>Copies of the child's descriptors, above all numbers that they will get: no one is overwritten before it was used.</summary>
    private readonly List<Descriptor> _copies = [];

    public SpawnRequest(ChildProgram program, bool ownSession)
    {
        _path = new([program.Path]);
        _arguments = new(program.Arguments);
        _environment = new(program.Environment);
        _ = Libc.InitActions(_actions);
        _ = Libc.InitAttributes(_attributes);
        try
        {
            HandDown(program.Descriptors);
            StartClean(ownSession);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>An errno, or 0. What of this fails in the child, to execute the program above all, is told here as well.</summary>
    public int Run(out int pid)
    {
        int started;
        var error = Libc.Spawn(&started, _path.Pointers[0], _actions, _attributes, _arguments.Pointers, _environment.Pointers);
        pid = error == 0 ? started : 0;
        return error;
    }

    public void Dispose()
    {
        _ = Libc.DestroyActions(_actions);
        _ = Libc.DestroyAttributes(_attributes);
        foreach (var copy in _copies)
            copy.Dispose();
        _environment.Dispose();
        _arguments.Dispose();
        _path.Dispose();
        NativeMemory.Free(_signals);
        NativeMemory.Free(_attributes);
        NativeMemory.Free(_actions);
    }

    private void HandDown(ImmutableArray<Descriptor?> descriptors)
    {
        for (var i = 0; i < descriptors.Length; i++)
        {
            _copies.Add(descriptors[i] is { } given ? CopyAbove(given, descriptors.Length) : NullDeviceAbove(descriptors.Length));
            Check(Libc.AddDuplicate(_actions, _copies[i].Number, i));
        }

        Check(Libc.AddCloseFrom(_actions, descriptors.Length));
    }

    /// <summary>Handlers do not outlive an execve(2), but what is ignored and what is blocked does; .NET ignores SIGPIPE.</summary>
    private void StartClean(bool ownSession)
    {
        _ = Libc.FillSignals(_signals);
        Check(Libc.SetDefaultSignals(_attributes, _signals));
        _ = Libc.EmptySignals(_signals);
        Check(Libc.SetSignalMask(_attributes, _signals));
        Check(Libc.SetFlags(_attributes, (short)(Libc.SpawnDefaultSignals | Libc.SpawnSignalMask | (ownSession ? Libc.SpawnSession : 0))));
    }

    private static Descriptor CopyAbove(Descriptor given, int lowest)
    {
        using var source = new Borrowed(given);
        var copy = Libc.FileControl(source.Number, Libc.DuplicateAbove, lowest);
        return copy >= 0 ? Descriptor.Adopt(copy) : throw Errno.Failed("a descriptor for a child");
    }

    /// <summary>Opened by us, since the child may have no right to.</summary>
    private static Descriptor NullDeviceAbove(int lowest)
    {
        var opened = Libc.Open("/dev/null", Libc.OpenReadWrite | Libc.CloseOnExec, 0);
        if (opened < 0)
            throw Errno.Failed("/dev/null");
        using var low = Descriptor.Adopt(opened);
        return CopyAbove(low, lowest);
    }

    private static void Check(int error)
    {
        if (error != 0)
            throw new IOException("posix_spawn: " + Errno.Text(error));
    }
}
