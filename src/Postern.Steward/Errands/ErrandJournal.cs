using Microsoft.Win32.SafeHandles;

namespace Postern.Steward.Errands;

/// <summary>What is about to be done to the disk, for tests that end the process, or the disk, at exactly that point.</summary>
internal enum JournalStep
{
    Append,
    FlushAppended,
    CutBack,
    Create,
    WriteAll,
    FlushAll,
    Rename,
    FlushRenamed,
}

/// <summary>
/// The journal on disk: what will have to be undone. It holds commands that are executed later with the steward's rights, so it must lie
/// where the steward alone may write: not in a folder of the warden's.
/// <para>
/// Before something is run, and when it has been undone, the record is flushed (fsync). The others need not be: they count only while this
/// machine runs, and what was written outlives the process. When it has grown to a multiple of what it says, it is written anew beside the
/// old one and renamed over it. What cannot be written is kept in mind and written when it can be: a full disk never loses an undo.
/// </para>
/// Not for several threads at once.
/// </summary>
internal sealed class ErrandJournal : IErrandJournal, IDisposable
{
    private const UnixFileMode FileRights = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const UnixFileMode FolderRights = FileRights | UnixFileMode.UserExecute;
    private const int TryAgain = 11; // EAGAIN, asm-generic/errno-base.h: what flock answers where another has the lock
    private const int DefaultSlack = 64 << 10;
    private const int GrowthFactor = 4;

    private readonly string _path;
    private readonly Guid _boot;
    private readonly Action<JournalStep> _before;
    private readonly int _slack;
    private readonly SafeFileHandle _lock;
    private readonly Dictionary<ulong, StandingErrand> _standing = [];
    private SafeFileHandle? _file;
    private long _length;
    private long _rewriteAt;

    private ErrandJournal(string path, Guid boot, Action<JournalStep> before, int slack)
    {
        (_path, _boot, _before, _slack) = (path, boot, before, slack);
        _lock = Lock(path);
    }

    /// <summary>What was found when it was opened could not all be read; what could be is overdue, and the file was kept under this name.</summary>
    public string? DamagedCopy { get; private set; }

    /// <summary>What lies on the disk is not what it should be; <see cref="TryMend"/> writes it anew.</summary>
    public bool IsStale { get; private set; }

    /// <summary>In the order in which they came.</summary>
    public IReadOnlyList<StandingErrand> Standing => [.. _standing.Values.OrderBy(e => e.Number)];

    /// <summary>
    /// Opens it, or makes a new one, folder included. What it says of another boot is overdue: the uptimes in it mean nothing any more, and
    /// whatever was opened with it is gone or is open for too long. One that ends in half a record (a crash, before it counted) loses that half.
    /// </summary>
    /// <exception cref="ErrandJournalException">It is in use, or cannot be read or written.</exception>
    public static ErrandJournal Open(string path, Guid boot) => Open(path, boot, _ => { }, DefaultSlack);

    internal static ErrandJournal Open(string path, Guid boot, Action<JournalStep> before, int slack)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ErrandJournal? journal = null;
        try
        {
            path = Path.GetFullPath(path);
            CreateFolder(Path.GetDirectoryName(path)!);
            journal = new(path, boot, before, slack);
            journal.Load();
            return journal;
        }
        catch (Exception e)
        {
            journal?.Dispose();
            if (IsOfTheDisk(e))
                throw new ErrandJournalException($"the journal of actions {path} cannot be used: {e.Message}", "see that the folder exists, belongs to the gate's user and has room, and that its disk can be written", e);
            throw;
        }
    }

    public bool TryStand(StandingErrand errand)
    {
        if (!TryMend() || !TryAppend(new(JournalRecordKind.Standing, errand.Number, Errand: errand), flush: true))
            return false;
        _standing[errand.Number] = errand;
        return true;
    }

    public bool TryExtend(ulong number, TimeSpan until, string holder)
    {
        if (!TryMend() || !TryAppend(new(JournalRecordKind.Extended, number, until, holder), flush: false))
            return false;
        _standing[number] = _standing[number] with { Until = until, Holder = holder };
        CompactIfItCan();
        return true;
    }

    public void Undoing(ulong number)
    {
        _standing[number] = _standing[number] with { IsOverdue = true };
        Note(new(JournalRecordKind.Undoing, number), flush: false);
    }

    public void Done(ulong number)
    {
        _standing.Remove(number);
        Note(new(JournalRecordKind.Done, number), flush: true);
    }

    /// <summary>False where the disk still says no.</summary>
    public bool TryMend() => !IsStale || TryRewrite();

    private bool TryRewrite()
    {
        try
        {
            Rewrite();
            return true;
        }
        catch (Exception e) when (IsOfTheDisk(e))
        {
            return false;
        }
    }

    /// <summary>What must be said sooner or later: if it cannot be added now, the whole is written anew when it can.</summary>
    private void Note(in JournalRecord record, bool flush)
    {
        if (!TryMend())
            return;
        if (TryAppend(record, flush))
            CompactIfItCan();
        else
            IsStale = true;
    }

    private bool TryAppend(in JournalRecord record, bool flush)
    {
        var bytes = ErrandJournalFormat.Write(record);
        var written = false;
        try
        {
            _before(JournalStep.Append);
            RandomAccess.Write(_file!, bytes, _length);
            written = true;
            if (flush)
            {
                _before(JournalStep.FlushAppended);
                RandomAccess.FlushToDisk(_file!);
            }

            _length += bytes.Length;
            return true;
        }
        catch (Exception e) when (IsOfTheDisk(e))
        {
            // After a flush that failed nobody knows what the disk holds.
            IsStale = written || !TryCutBack();
            return false;
        }
    }

    private bool TryCutBack()
    {
        try
        {
            _before(JournalStep.CutBack);
            RandomAccess.SetLength(_file!, _length);
            return true;
        }
        catch (Exception e) when (IsOfTheDisk(e))
        {
            return false;
        }
    }

    /// <summary>If it cannot be done, the old file goes on growing until it can.</summary>
    private void CompactIfItCan()
    {
        if (_length >= _rewriteAt && !TryRewrite())
            _rewriteAt = _length + _slack;
    }

    private void Load()
    {
        File.Delete(TemporaryPath); // of a rewriting that did not come to its end
        if (!File.Exists(_path))
        {
            Rewrite();
            return;
        }

        Read();
        IsStale = !TryRewrite(); // on a full disk nothing more is run, and what stands is undone all the same
    }

    /// <summary>What is readable counts, wherever it stands: of what is lost nobody knows, but what is left must not be lost with it.</summary>
    private void Read()
    {
        var bytes = File.ReadAllBytes(_path);
        var isSameBoot = ErrandJournalFormat.TryReadHeader(bytes, out var boot) && boot == _boot;
        var isDamaged = bytes.Length >= ErrandJournalFormat.HeaderSize && boot == default;
        var skipped = false;
        for (var at = ErrandJournalFormat.HeaderSize; at < bytes.Length;)
        {
            if (!ErrandJournalFormat.TryRead(bytes.AsSpan(at), out var record, out var length))
            {
                skipped = true;
                at += ErrandJournalFormat.Block;
                continue;
            }

            isDamaged |= skipped; // at the end it is what a crash cut off
            Say(record);
            at += length;
        }

        if (isDamaged)
            KeepDamaged();
        if (isSameBoot && !isDamaged)
            return;
        foreach (var (number, errand) in _standing)
            _standing[number] = errand with { IsOverdue = true };
    }

    private void Say(in JournalRecord record)
    {
        if (record.Kind == JournalRecordKind.Standing)
            _standing[record.Number] = record.Errand!;
        else if (record.Kind == JournalRecordKind.Done)
            _standing.Remove(record.Number);
        else if (!_standing.TryGetValue(record.Number, out var errand))
            return;
        else
            _standing[record.Number] = record.Kind == JournalRecordKind.Undoing ? errand with { IsOverdue = true } : errand with { Until = record.Until, Holder = record.Holder };
    }

    private void KeepDamaged()
    {
        DamagedCopy = _path + ".damaged";
        try
        {
            File.Copy(_path, DamagedCopy, overwrite: true);
        }
        catch (Exception e) when (IsOfTheDisk(e))
        {
            // what could be read counts all the same
        }
    }

    private void Rewrite()
    {
        var bytes = WriteAll();
        SafeFileHandle? next = null;
        try
        {
            _before(JournalStep.Create);
            next = OpenOwn(TemporaryPath, FileMode.Create);
            _before(JournalStep.WriteAll);
            RandomAccess.Write(next, bytes, 0);
            _before(JournalStep.FlushAll);
            RandomAccess.FlushToDisk(next);
            _before(JournalStep.Rename);
            File.Move(TemporaryPath, _path, overwrite: true);
        }
        catch
        {
            next?.Dispose();
            DeleteIfItCan(TemporaryPath);
            throw;
        }

        _file?.Dispose();
        (_file, _length) = (next, bytes.Length);
        _rewriteAt = _slack + ((long)GrowthFactor * bytes.Length);
        IsStale = true; // until it is sure that the new file will be found under the name
        _before(JournalStep.FlushRenamed);
        RandomAccess.FlushToDisk(_file); // as the ledger does, for want of an fsync of the folder
        IsStale = false;
    }

    private byte[] WriteAll()
    {
        var header = new byte[ErrandJournalFormat.HeaderSize];
        ErrandJournalFormat.WriteHeader(header, _boot);
        return
        [
            .. header,
            .. Standing.SelectMany(e => ErrandJournalFormat.Write(new(JournalRecordKind.Standing, e.Number, Errand: e))),
            .. Standing.Where(e => e.IsOverdue).SelectMany(e => ErrandJournalFormat.Write(new(JournalRecordKind.Undoing, e.Number))),
        ];
    }

    /// <summary>On a file of its own, which is never replaced: a lock on the journal itself would go with the old file when that is.</summary>
    private static SafeFileHandle Lock(string path)
    {
        try
        {
            return OpenOwn(path + ".lock", FileMode.OpenOrCreate);
        }
        catch (IOException e) when (e.HResult == TryAgain)
        {
            throw new ErrandJournalException($"the journal of actions {path} is in use: {e.Message}", "another gate runs by the same configuration: stop it first ('systemctl stop postern')", e);
        }
    }

    /// <summary>With a lock (flock) that no other process can have at the same time; where it is made, it is readable to nobody else.</summary>
    private static SafeFileHandle OpenOwn(string path, FileMode mode)
    {
        var options = new FileStreamOptions { Mode = mode, Access = FileAccess.Write, Share = FileShare.None, BufferSize = 0 };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = FileRights;
        new FileStream(path, options).Dispose();
        return File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None);
    }

    private static void CreateFolder(string path)
    {
        if (OperatingSystem.IsWindows())
            Directory.CreateDirectory(path);
        else
            Directory.CreateDirectory(path, FolderRights);
    }

    private string TemporaryPath => _path + ".new";

    private static void DeleteIfItCan(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception e) when (IsOfTheDisk(e))
        {
            // it is overwritten by the next rewriting, or deleted by the next start
        }
    }

    /// <summary>All that .NET throws where the disk says no: a file that may not grow (EFBIG, a quota) is an ArgumentOutOfRangeException to it.</summary>
    private static bool IsOfTheDisk(Exception e) => e is IOException or UnauthorizedAccessException or ArgumentOutOfRangeException;

    public void Dispose()
    {
        _file?.Dispose();
        _lock.Dispose();
    }
}
