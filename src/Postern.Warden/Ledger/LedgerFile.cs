// The one place of this room that touches files: to remember before it acts is the warden's own part, and whoever did it elsewhere would
// need to be trusted as much. What is decided by it is decided in ReplayLedger, which is pure.
#pragma warning disable RS0030

using Microsoft.Win32.SafeHandles;
using Postern.Keys;

namespace Postern.Warden.Ledger;

/// <summary>What is about to be done to the disk, for tests that end the process, or the disk, at exactly that point.</summary>
internal enum LedgerStep
{
    Append,
    FlushAppended,
    CutBack,
    FlushCutBack,
    Create,
    WriteAll,
    FlushAll,
    Rename,
    FlushRenamed,
}

/// <summary>
/// The ledger on disk. An acceptance is one record added and flushed (fdatasync) before it is told to anybody, and those that come together share
/// one write and one flush; when there is no room for more, it is written anew beside the old one, flushed, and renamed over it.
/// <para>
/// A record is written into room that the file was made with. So nothing but these bytes has to reach the disk: neither a new size nor a new block, which would take a journal two
/// writes and a flush more. Where it cannot be written anew, the file grows, as long as it can.
/// </para>
/// <para>
/// That the new name outlives a loss of power would take an fsync of the folder, and .NET opens no folder. The file is flushed once more
/// under its new name instead, which ext4, XFS, btrfs and F2FS answer by writing the rename down too, though POSIX does not promise it.
/// </para>
/// Not for several threads at once.
/// </summary>
public sealed class LedgerFile : ILedger, IDisposable
{
    private const UnixFileMode FileRights = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const UnixFileMode FolderRights = FileRights | UnixFileMode.UserExecute;

    private const int TryAgain = 11; // EAGAIN, asm-generic/errno-base.h: what flock answers where another has the lock

    // 64 KiB beside what is alive; below that nothing is gained by writing it anew.
    private const int DefaultSlack = 1024;

    private static readonly TimeSpan UsualSkew = new SpaOptions(0, []).ClockSkew;

    // A floor that lies so far ahead was set by a clock that has since been put back.
    private static readonly TimeSpan WrongClock = TimeSpan.FromMinutes(5);

    private readonly string _path;
    private readonly SafeFileHandle _lock;
    private readonly Action<LedgerStep> _before;
    private readonly byte[] _records = new byte[LedgerFormat.RecordSize * LedgerFormat.MaxGroup];
    private readonly int _slack;
    private readonly TimeSpan _skew;
    private ReplayLedger _replay = new(0);
    private SafeFileHandle? _file;
    private long _length; // of what was written; room follows
    private long _room; // where that ends
    private long _rewriteAt;

    // What lies on the disk is not known, or not what it should be: it is written anew before anything more is accepted.
    private bool _isStale;

    private LedgerFile(string path, TimeSpan skew, Action<LedgerStep> before, int slack)
    {
        _path = path;
        _skew = skew;
        _before = before;
        _slack = slack;
        _lock = Lock(path);
    }

    /// <summary>How many records it needs: one for each device, each floor and each mark.</summary>
    public int Count => _replay.Count;

    /// <summary>
    /// Opens it, or makes a new one where there is none, folder included, which accepts nothing that was signed before <paramref name="now"/>.
    /// One that was there before and is gone (its lock is left) may have accepted what was signed up to <paramref name="clockSkew"/> later,
    /// so that its successor begins there (spec §8). One that ends in half a record (a crash, before that acceptance was told to anybody)
    /// loses that half, and accepts nothing that was signed before now.
    /// </summary>
    /// <param name="path">The lock lies beside it, with ".lock" added to its name.</param>
    /// <param name="now">By the gate's clock.</param>
    /// <param name="clockSkew">How far ahead of the gate's clock the time of what it accepts may be; null: as much as <see cref="SpaOptions.ClockSkew"/> is without a word.</param>
    /// <exception cref="LedgerException">It is damaged, in use, or cannot be read or written.</exception>
    public static LedgerFile Open(string path, DateTimeOffset now, TimeSpan? clockSkew = null) =>
        Open(path, now, clockSkew ?? UsualSkew, _ => { }, DefaultSlack);

    internal static LedgerFile Open(string path, DateTimeOffset now, TimeSpan clockSkew, Action<LedgerStep> before, int slack)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        LedgerFile? ledger = null;
        try
        {
            path = Path.GetFullPath(path);
            CreateFolder(Path.GetDirectoryName(path)!);
            var wasThere = File.Exists(LockPath(path));
            ledger = new(path, clockSkew, before, slack);
            ledger.Load(now, wasThere ? clockSkew : TimeSpan.Zero);
            return ledger;
        }
        catch (Exception e)
        {
            ledger?.Dispose();
            if (e is IOException or UnauthorizedAccessException)
                throw new LedgerException($"the ledger {path} cannot be used: {e.Message}", "see that the folder exists, belongs to the gate's user and has room, and that its disk can be written", e);
            throw;
        }
    }

    /// <summary>On a file of its own, which is never replaced: a lock on the ledger itself would go with the old file when that is.</summary>
    private static SafeFileHandle Lock(string path)
    {
        try
        {
            return OpenOwn(LockPath(path), FileMode.OpenOrCreate);
        }
        catch (IOException e) when (e.HResult == TryAgain)
        {
            throw new LedgerException($"the ledger {path} is in use: {e.Message}", "another gate runs with it; each gate needs a ledger of its own", e);
        }
    }

    /// <summary>With a lock (flock) that no other process can have at the same time; where it is made, it is readable to nobody else.</summary>
    private static SafeFileHandle OpenOwn(string path, FileMode mode)
    {
        if (mode != FileMode.Open)
        {
            var options = new FileStreamOptions { Mode = mode, Access = FileAccess.Write, Share = FileShare.None, BufferSize = 0 };
            if (!OperatingSystem.IsWindows())
                options.UnixCreateMode = FileRights;
            new FileStream(path, options).Dispose();
        }

        return File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None);
    }

    private static void CreateFolder(string path)
    {
        if (OperatingSystem.IsWindows())
            Directory.CreateDirectory(path);
        else
            Directory.CreateDirectory(path, FolderRights);
    }

    private void Load(DateTimeOffset now, TimeSpan doubt)
    {
        File.Delete(TemporaryPath); // of a rewriting that did not come to its end
        if (!File.Exists(_path))
        {
            _replay.Floor = UnixTime.Of(now + doubt);
            Rewrite();
            return;
        }

        _file = OpenOwn(_path, FileMode.Open);
        var file = new byte[RandomAccess.GetLength(_file)];
        ReadAll(_file, file);
        var bytes = LedgerFormat.WithoutRoom(file);
        (_length, _room, _rewriteAt) = (bytes.Length, file.Length, file.Length);
        var isWhole = Parse(bytes, hasRoom: _length < _room);
        LowerFloor(now);
        _replay.Marks.Forget(UnixTime.Of(now));
        if (!isWhole)
            _replay.Floor = Math.Max(_replay.Floor, UnixTime.Of(IsCutShort(bytes.Length) ? now : now + _skew));
        if (!isWhole || _isStale)
            Rewrite();
        else if (_length == _room)
            CompactIfItCan(); // one from before there was room: now, and not when somebody waits for his port
    }

    /// <summary>A part of a record was never acknowledged; a whole one that does not fit its checksum may have been, and have gone bad since.</summary>
    private static bool IsCutShort(int length) => length % LedgerFormat.RecordSize != 0;

    private static void ReadAll(SafeFileHandle file, Span<byte> bytes)
    {
        for (var at = 0; at < bytes.Length;)
        {
            var read = RandomAccess.Read(file, bytes[at..], at);
            if (read == 0)
                throw new EndOfStreamException("it became shorter while it was read");
            at += read;
        }
    }

    /// <summary>False where the last append is torn, and only there: no more than one is ever under way.</summary>
    private bool Parse(ReadOnlySpan<byte> bytes, bool hasRoom)
    {
        if (bytes.Length < LedgerFormat.RecordSize || !LedgerFormat.TryReadHeader(bytes, out var floor))
            throw Damaged(at: 0);
        _replay = new(floor);
        var isWhole = true;
        for (var at = LedgerFormat.RecordSize; at < bytes.Length; at += LedgerFormat.RecordSize)
        {
            var rest = bytes[at..];
            if (rest.Length >= LedgerFormat.RecordSize && LedgerFormat.TryRead(rest, out var record))
                _replay.Read(record);
            else if (rest.Length <= LedgerFormat.RecordSize)
                return false;
            else if (LedgerFormat.IsTornGroup(rest, hasRoom))
                isWhole = false;
            else
                throw Damaged(at);
        }

        return isWhole;
    }

    private LedgerException Damaged(long at) => new(
        $"the ledger {_path} is damaged at byte {at}: it can no longer tell which requests were accepted before",
        "look at the disk; then move the file away and start the gate: it makes a new one, in which nothing is remembered, and so accepts nothing that was signed before that start, nor within clock_skew or max_age after it. One-time sequences that were used are good again then: make new ones; and so are packets of knockknock, unless the counter in their profile is raised");

    public ulong LastOf(KeyFingerprint key, uint device, DateTimeOffset now)
    {
        LowerFloor(now);
        return _replay.LastOf(key, device);
    }

    /// <summary>
    /// The floor of all is the clock of the start that made this file, or mended it. If that clock was ahead and has been put right, everybody
    /// would be locked out until it comes true. What this ledger itself has accepted does not depend on it.
    /// </summary>
    private void LowerFloor(DateTimeOffset now)
    {
        var here = UnixTime.Of(now);
        if (_replay.Floor <= here + UnixTime.Of(WrongClock + _skew))
            return;
        _replay.Floor = here;
        _isStale = true;
    }

    public bool TryRemember(KeyFingerprint key, uint device, ulong time) => TryRemember([new(key, device, time)]);

    public bool TryRemember(ReadOnlySpan<Acceptance> acceptances)
    {
        while (!acceptances.IsEmpty)
        {
            var together = acceptances[..Math.Min(acceptances.Length, LedgerFormat.MaxGroup)];
            Span<LedgerRecord> records = new LedgerRecord[together.Length];
            for (var i = 0; i < records.Length; i++)
                records[i] = new(LedgerRecordKind.Accepted, together[i].Key, together[i].Device, together[i].Time);
            if (!TryKeep(records))
                return false;
            acceptances = acceptances[together.Length..];
        }

        return true;
    }

    public bool IsMarked(LedgerMark mark, DateTimeOffset now)
    {
        LowerFloor(now);
        return (mark.Made != 0 && mark.Made <= _replay.Floor) || _replay.Marks.Has(mark, latest: UnixTime.Of(now + WrongClock + _skew));
    }

    /// <summary>The lowest number of this series that was not used (<see cref="MarkKind.Counter"/>). Any thread may ask.</summary>
    public ulong NextOf(KeyFingerprint series) => _replay.Marks.NextOf(series);

    public bool TryMark(LedgerMark mark, DateTimeOffset now)
    {
        if (!_replay.Marks.HasRoomFor(mark, UnixTime.Of(now)))
            return false;
        if (_length >= _rewriteAt - LedgerFormat.RecordSize)
            _replay.Marks.Forget(UnixTime.Of(now)); // what is past needs no place in the new file
        return TryKeep([MarkBook.RecordOf(mark)]);
    }

    /// <param name="records">As many as one append may hold; several only of acceptances (<see cref="LedgerFormat.IsTornGroup"/>).</param>
    private bool TryKeep(ReadOnlySpan<LedgerRecord> records)
    {
        if (_isStale && !TryRewrite())
            return false;
        for (var i = 0; i < records.Length; i++)
            LedgerFormat.Write(_records.AsSpan(i * LedgerFormat.RecordSize), records[i]);
        if (!TryAppend(_records.AsSpan(0, records.Length * LedgerFormat.RecordSize)))
            return false;
        foreach (var record in records)
            _replay.Read(record);
        if (_length >= _rewriteAt)
            CompactIfItCan();
        return true;
    }

    /// <summary>What it could not write whole it takes back, so that neither the next record nor the next start finds it.</summary>
    private bool TryAppend(ReadOnlySpan<byte> bytes)
    {
        var written = false;
        try
        {
            _before(LedgerStep.Append);
            RandomAccess.Write(_file!, bytes, _length);
            written = true;
            _before(LedgerStep.FlushAppended);
            Posix.SyncData(_file!);
            _length += bytes.Length;
            return true;
        }
        catch (Exception e) when (IsOfTheDisk(e))
        {
            // After a flush that failed nobody knows what the disk holds, and the kernel may have forgotten that it did not write it.
            _isStale = written || !TryTakeBack(bytes.Length);
            return false;
        }
    }

    /// <summary>All that .NET throws where the disk says no: a file that may not grow (EFBIG, a quota) is an ArgumentOutOfRangeException to it.</summary>
    private static bool IsOfTheDisk(Exception e) => e is IOException or UnauthorizedAccessException or ArgumentOutOfRangeException;

    /// <summary>What was room is room again, and what the file has grown by is cut off.</summary>
    private bool TryTakeBack(int size)
    {
        try
        {
            var room = _records.AsSpan(0, (int)Math.Clamp(_room - _length, 0, size));
            LedgerFormat.WriteRoom(room);
            _before(LedgerStep.CutBack);
            RandomAccess.Write(_file!, room, _length);
            RandomAccess.SetLength(_file!, Math.Max(_room, _length));
            _before(LedgerStep.FlushCutBack);
            RandomAccess.FlushToDisk(_file!);
            return true;
        }
        catch (Exception e) when (IsOfTheDisk(e))
        {
            return false;
        }
    }

    /// <summary>The acceptance before it is safe already. If it cannot be done, the old file grows until it can.</summary>
    private void CompactIfItCan()
    {
        if (!TryRewrite())
            _rewriteAt = _length + Room();
    }

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

    private void Rewrite()
    {
        var bytes = WriteAll();
        SafeFileHandle? next = null;
        try
        {
            _before(LedgerStep.Create);
            next = OpenOwn(TemporaryPath, FileMode.Create);
            _before(LedgerStep.WriteAll);
            RandomAccess.Write(next, bytes, 0);
            _before(LedgerStep.FlushAll);
            RandomAccess.FlushToDisk(next);
            _before(LedgerStep.Rename);
            File.Move(TemporaryPath, _path, overwrite: true);
        }
        catch
        {
            next?.Dispose();
            DeleteIfItCan(TemporaryPath);
            throw;
        }

        _file?.Dispose();
        (_file, _length, _room, _rewriteAt) = (next, bytes.Length - Room(), bytes.Length, bytes.Length);
        _isStale = true; // until it is sure that the new file will be found under the name
        _before(LedgerStep.FlushRenamed);
        RandomAccess.FlushToDisk(_file);
        _isStale = false;
    }

    private byte[] WriteAll()
    {
        var bytes = new byte[(LedgerFormat.RecordSize * (1 + _replay.Count)) + Room()];
        LedgerFormat.WriteHeader(bytes, _replay.Floor);
        var at = LedgerFormat.RecordSize;
        foreach (var record in _replay.Records())
        {
            LedgerFormat.Write(bytes.AsSpan(at), record);
            at += LedgerFormat.RecordSize;
        }

        LedgerFormat.WriteRoom(bytes.AsSpan(at));
        return bytes;
    }

    private static string LockPath(string path) => path + ".lock";

    private string TemporaryPath => _path + ".new";

    /// <summary>In bytes. As much as is alive, so that for each record that is added two are written anew at most; and never little.</summary>
    private int Room() => LedgerFormat.RecordSize * (_slack + _replay.Count);

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

    public void Dispose()
    {
        _file?.Dispose();
        _lock.Dispose();
    }
}
