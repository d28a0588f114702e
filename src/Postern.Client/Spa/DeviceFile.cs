using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Postern.Client.Spa;

/// <summary>
/// Who this user's programs on this computer are to every gate, and the last time that they used: a gate takes a time only once, and never a smaller one
/// (spec/spa.md §8). One line: <c>1a2b3c4d 01795312345678901234</c>, the device and the nanoseconds, always of the same length, so that it is replaced in one write.
/// It belongs to the computer, and not into the folder of the profiles, which people copy to others.
/// </summary>
public sealed class DeviceFile(string path)
{
    private const int DeviceDigits = 8;
    private const int TimeDigits = 20;
    private const int Size = DeviceDigits + 1 + TimeDigits + 1;
    private const UnixFileMode OnlyOwner = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    // Tuning. Another process holds the file for as long as it takes to write a line.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(2);

    /// <summary>A last time so far ahead was the clock's fault: within it the times that it leads to are still ones that a gate takes.</summary>
    private static readonly TimeSpan MostAhead = TimeSpan.FromSeconds(10);

    /// <summary>
    /// The time for the next request: now, or one more than the last where the clock has not moved on or was set back a little. Where it was far ahead
    /// and has been put right, no gate would take anything of this device until that time comes; so it is another device from then on.
    /// </summary>
    /// <param name="now">Nanoseconds since the Unix epoch.</param>
    /// <exception cref="DeviceFileException">It cannot be kept, so no time may be used.</exception>
    public (uint Device, ulong Time) Next(ulong now)
    {
        try
        {
            using var file = Lock();
            var (device, last) = Read(file);
            if (last > now && last - now > (ulong)MostAhead.Ticks * 100)
                (device, last) = (NewDevice(), 0);
            var time = Math.Max(now, last + 1);
            var line = Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{device:x8} {time:D20}\n"));
            RandomAccess.Write(file.SafeFileHandle, line, fileOffset: 0);
            return (device, time);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new DeviceFileException($"the time of the last knock cannot be kept in {path}: {e.Message}", "mend its permissions, or name another folder in XDG_STATE_HOME", e);
        }
    }

    /// <summary>Opened by one process at a time: flock(2), which the runtime takes for a file that is not shared.</summary>
    private FileStream Lock()
    {
        var options = new FileStreamOptions { Mode = FileMode.OpenOrCreate, Access = FileAccess.ReadWrite, Share = FileShare.None, BufferSize = 0 };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = OnlyOwner;
        CreateFolder();
        for (var waited = TimeSpan.Zero; ; waited += Pause)
        {
            try
            {
                return new FileStream(path, options);
            }
            catch (IOException e) when (e is not (FileNotFoundException or DirectoryNotFoundException) && waited < Patience)
            {
                Thread.Sleep(Pause);
            }
        }
    }

    private void CreateFolder()
    {
        var folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        if (OperatingSystem.IsWindows())
            Directory.CreateDirectory(folder);
        else
            Directory.CreateDirectory(folder, OnlyOwner | UnixFileMode.UserExecute);
    }

    private (uint Device, ulong Last) Read(FileStream file)
    {
        Span<byte> bytes = stackalloc byte[Size + 1];
        var length = RandomAccess.Read(file.SafeFileHandle, bytes, fileOffset: 0);
        if (length == 0)
            return (NewDevice(), 0);
        var line = bytes[..length];
        if (length == Size && line[DeviceDigits] == ' ' && line[^1] == '\n' && !line.Contains((byte)0) // which the runtime passes over behind a number
            && uint.TryParse(line[..DeviceDigits], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var device) && device != 0
            && ulong.TryParse(line[(DeviceDigits + 1)..^1], NumberStyles.None, CultureInfo.InvariantCulture, out var last) && last != ulong.MaxValue)
            return (device, last);
        throw new DeviceFileException($"{path} is damaged", "remove it: a new device is made in its place");
    }

    /// <summary>Zero would say that there is none.</summary>
    private static uint NewDevice() => (uint)RandomNumberGenerator.GetInt32(int.MinValue, int.MaxValue) is var device && device != 0 ? device : 1;
}

/// <summary>The file of this device cannot be used: what is wrong, and the mend.</summary>
public sealed class DeviceFileException(string message, string hint, Exception? inner = null) : Exception(message, inner)
{
    public string Hint { get; } = hint;
}
