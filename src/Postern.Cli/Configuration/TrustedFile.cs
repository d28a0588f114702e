using System.Globalization;
using System.Security.Cryptography;
using Postern.Confinement;
using Postern.Keys;

namespace Postern.Cli.Configuration;

/// <summary>A file beside the configuration that says who comes in. Whoever may write it lets in whom he likes; where it holds secrets, so does whoever may read it.</summary>
/// <param name="Path">The file.</param>
/// <param name="MaxSize">Bytes.</param>
/// <param name="Consequence">What it means for the gate that nothing of it is taken.</param>
internal sealed record TrustedFile(string Path, int MaxSize, string Consequence)
{
    private const UnixFileMode Writable = UnixFileMode.GroupWrite | UnixFileMode.OtherWrite;

    private const UnixFileMode Others = Writable | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute;

    /// <summary>The mend where it is not there.</summary>
    public required string Make { get; init; }

    /// <summary>The mend where it is too large.</summary>
    public required string Shrink { get; init; }

    /// <summary>Others may not read it either.</summary>
    public bool IsSecret { get; init; }

    /// <summary>Others may read it where they are of its group.</summary>
    public bool IsForGroup { get; init; }

    /// <summary>Its text, whatever bytes are in it: one odd byte in a comment must not lock out everybody. Null, and a fault: nothing of it is taken.</summary>
    public string? ReadText(FaultList faults)
    {
        using var stream = Open(faults);
        if (stream is null)
            return null;
        using var reader = new StreamReader(stream);
        return Try(reader.ReadToEnd, faults);
    }

    /// <summary>Hands over its bytes, of which no copy is left behind. Null, and a fault: nothing of it is taken.</summary>
    public T? ReadSecret<T>(SecretReader<T> read, FaultList faults)
        where T : class
    {
        using var stream = Open(faults);
        var room = GC.AllocateArray<byte>(MaxSize, pinned: true);
        try
        {
            return stream is null ? null : read(room.AsSpan(0, stream.ReadAtLeast(room, room.Length, throwOnEndOfStream: false)));
        }
        catch (IOException e)
        {
            faults.AddUnreadable(Path, $"cannot be read: {e.Message.TrimEnd('.')}; {Consequence}", "look at the disk");
            return null;
        }
        finally
        {
            CryptographicOperations.ZeroMemory(room);
        }
    }

    /// <summary>As it lies there. Null, and a fault: nothing of it is to be taken.</summary>
    public FileStream? Open(FaultList faults)
    {
        if (FileFacts.Of(Path) is not { } facts)
            faults.AddUnreadable(Path, $"no such file; {Consequence}", Make);
        else if (!facts.IsRegular)
            faults.AddUnreadable(Path, $"is not a file; {Consequence}", "put a file there");
        else if (!facts.IsOwnedByRootOrUs)
            Add(faults, "belongs to another user, who could let in whom he likes", $"chown root {Path}");
        else if (IsSecret && (facts.Mode & Forbidden) != UnixFileMode.None)
            Add(faults, $"others can read it, or write to it (mode 0{Convert.ToString((int)facts.Mode, 8)})", $"chmod {(IsForGroup ? "640" : "600")} {Path}; whoever has read it can knock with it");
        else if ((facts.Mode & Writable) != UnixFileMode.None)
            Add(faults, "other users can write to it, and so let in whom they like", $"chmod 644 {Path}");
        else if (facts.Size > MaxSize)
            Add(faults, string.Create(CultureInfo.InvariantCulture, $"larger than {(MaxSize < 1 << 20 ? $"{MaxSize >> 10} KiB" : $"{MaxSize >> 20} MiB")}"), Shrink);
        else
            return Try(() => Unlocked.Open(Path), faults);
        return null;
    }

    private UnixFileMode Forbidden => IsForGroup ? Others : Others | UnixFileMode.GroupRead;

    private void Add(FaultList faults, string what, string mend) => faults.Add(Place.Whole(Path), $"{what}; {Consequence}", mend);

    /// <summary>Null, and a fault, where the disk or its permissions say no.</summary>
    private T? Try<T>(Func<T> read, FaultList faults)
        where T : class
    {
        try
        {
            return read();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            faults.AddUnreadable(Path, $"cannot be read: {e.Message.TrimEnd('.')}; {Consequence}", "read it as root, or mend its permissions");
            return null;
        }
    }
}

/// <summary>Reads what stands in a file of secrets; null: none that can be taken.</summary>
internal delegate T? SecretReader<T>(ReadOnlySpan<byte> bytes)
    where T : class;
