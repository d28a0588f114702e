using System.Text;
using Postern.Cli.CommandLine;

namespace Postern.Cli.Imports;

/// <summary>The files that an import reads, and the one that it writes.</summary>
internal static class ImportFile
{
    private const int MaxSize = 4 * 1024 * 1024;

    /// <summary>Bytes as characters of Latin-1: their programs know nothing else, and a key may be of any.</summary>
    /// <exception cref="CommandFailure">It cannot be read.</exception>
    public static string Read(string path)
    {
        try
        {
            using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            var bytes = new byte[MaxSize + 1];
            var length = file.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
            return length <= MaxSize ? Encoding.Latin1.GetString(bytes, 0, length) : throw CommandFailure.Usage($"{path} is larger than 4 MiB", "it is no configuration; name another file");
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException or ArgumentException)
        {
            throw CommandFailure.Usage($"{path}: no such file", "check its name");
        }
        catch (UnauthorizedAccessException e)
        {
            throw new CommandFailure(Directory.Exists(path) ? ExitCode.Usage : ExitCode.MissingPrivilege, $"{path} cannot be read: {e.Message.TrimEnd('.')}", "name a file, and run this as the user who may read it", e);
        }
        catch (IOException e)
        {
            throw new CommandFailure(ExitCode.Usage, $"{path} cannot be read: {e.Message.TrimEnd('.')}", "check its name, and who may read it", e);
        }
    }

    /// <summary>To a new file that only its owner may read; null: to <paramref name="output"/>.</summary>
    /// <exception cref="CommandFailure">There is one already, or it cannot be written.</exception>
    public static void Write(string? path, string text, TextWriter output)
    {
        if (path is null)
        {
            output.Write(text);
            return;
        }

        if (File.Exists(path))
            throw CommandFailure.Usage($"{path} is there already", "it is not overwritten: name another file, or move that one away");
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
            WholeFile.Write(path, text, WholeFile.OwnerOnly);
        }
        catch (UnauthorizedAccessException e)
        {
            throw new CommandFailure(ExitCode.MissingPrivilege, $"{path} cannot be written: {e.Message.TrimEnd('.')}", "run it as root, or name another file", e);
        }
        catch (IOException e)
        {
            throw new CommandFailure(ExitCode.Usage, $"{path} cannot be written: {e.Message.TrimEnd('.')}", "make its folder, or name another file", e);
        }
    }
}
