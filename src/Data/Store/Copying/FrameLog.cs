using System.Buffers.Binary;
using Microsoft.Extensions.Logging;

namespace Aviso.Store.Copying;

/// <summary>
/// Pages that commits wrote, taken from SQLite's write-ahead log before our own checkpoint may pass them
/// (docs/decisions/0064-backups-follow-the-log.md). The committing thread tells it of each commit and of each checkpoint; a reader takes
/// what has gathered. It never stops mail: what it cannot write makes it idle, and the next copy begins anew.
/// </summary>
/// <param name="databaseFile">`store.db`; its log is beside it.</param>
/// <param name="folder">Where frames wait to be taken; its old content is of no use to anybody.</param>
/// <param name="mostOctets">More than that does not wait: the disk is for mail.</param>
internal sealed class FrameLog(string databaseFile, string folder, long mostOctets, TimeProvider clock, ILogger log)
{
    private const int LogHeader = 32, FrameHeader = 24, FramesARead = 64;

    private readonly Lock _gate = new();
    private readonly List<Mark> _marks = [];
    private FileStream? _spool;
    private int _captured;
    private long _salts;
    private long _takes;
    private long _lastCommit, _lastAt;
    private bool _counted, _hasGap;
    private volatile bool _isOn;

    /// <summary>A commit: how many frames the log has with it.</summary>
    private readonly record struct Mark(int Frames, long At, long Commit);

    /// <summary>False: nothing is gathered, because nobody began or because it could not be written.</summary>
    public bool IsOn => _isOn;

    /// <summary>Gathers from the first frame of the present log on. On the committing thread, inside a transaction that will
    /// write.</summary>
    public void Begin()
    {
        lock (_gate)
        {
            if (_isOn) TryCapture();
            _marks.Clear();
            (_captured, _salts, _counted) = (0, 0, true);
            if (_isOn) return;
            Drop();
            if (Directory.Exists(folder)) foreach (var old in Directory.GetFiles(folder, "*.frames*")) File.Delete(old);
            Directory.CreateDirectory(folder);
            _isOn = true;
        }
    }

    /// <summary>Nothing is gathered any more.</summary>
    public void End()
    {
        lock (_gate)
        {
            (_isOn, _hasGap) = (false, true);
            _marks.Clear();
            Drop();
        }
    }

    /// <summary>After each commit, on the committing thread.</summary>
    /// <param name="frames">Frames in the log, this commit's included.</param>
    /// <param name="commit">The number of the last commit that has one.</param>
    public void Committed(int frames, long commit, bool counts)
    {
        if (!_isOn) return;
        lock (_gate)
        {
            _marks.Add(new(frames, Now(), commit));
            _lastCommit = commit;
            _counted |= counts;
        }
    }

    /// <summary>Before each checkpoint, on the committing thread: what it passes may be written over afterwards.</summary>
    public void BeforeCheckpoint()
    {
        if (!_isOn) return;
        lock (_gate) TryCapture();
    }

    /// <summary>What has gathered since the last time; null when there is none. The file is the caller's.</summary>
    /// <param name="always">False: only when a commit that counts is among it.</param>
    public FrameTake? Take(bool always)
    {
        lock (_gate)
        {
            if (!_isOn || (!always && !_counted)) return null;
            TryCapture();
            if (!_isOn || _spool is null) return null;
            _spool.Flush();
            var (path, octets) = (_spool.Name, _spool.Length);
            _spool.Dispose();
            _spool = null;
            var take = new FrameTake(path, octets, Now(), _lastCommit, Follows: !_hasGap);
            (_counted, _hasGap) = (false, false);
            return take;
        }
    }

    private void TryCapture()
    {
        try
        {
            Capture();
        }
        catch (Exception failed) when (failed is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            log.FramesNotKept(failed.Message);
            (_isOn, _hasGap) = (false, true);
            _marks.Clear();
            Drop();
        }
    }

    // A clock that is set back must not put a commit before an earlier one.
    private long Now() => _lastAt = Math.Max(_lastAt, clock.GetUtcNow().ToUnixTimeMilliseconds());

    private void Capture()
    {
        if (_marks.Count == 0) return;
        using var wal = File.OpenHandle(databaseFile + "-wal", FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        Span<byte> header = stackalloc byte[LogHeader];
        if (RandomAccess.Read(wal, header, 0) < LogHeader) throw new InvalidDataException("the write-ahead log has no header");
        var page = BinaryPrimitives.ReadInt32BigEndian(header[8..]);
        var salts = BinaryPrimitives.ReadInt64BigEndian(header[16..]);
        // A new log begins only after a checkpoint, before which all of the old one was taken.
        if (salts != _salts) (_salts, _captured) = (salts, 0);
        var until = _marks[^1].Frames;
        _spool ??= new(Path.Combine(folder, $"{++_takes:D8}.frames"), FileMode.Create, FileAccess.Write, FileShare.Read, 1 << 16);
        var (frame, mark) = (FrameHeader + page, 0);
        if (_spool.Length + ((long)(until - _captured) * (Frames.HeadLength + page)) > mostOctets)
            throw new IOException($"more than {mostOctets} octets wait to be copied");
        var some = new byte[FramesARead * frame];
        Span<byte> head = stackalloc byte[Frames.HeadLength];
        while (_captured < until)
        {
            var count = Math.Min(FramesARead, until - _captured);
            if (RandomAccess.Read(wal, some.AsSpan(0, count * frame), LogHeader + (long)_captured * frame) < count * frame)
                throw new InvalidDataException("the write-ahead log is shorter than its commits");
            for (var i = 0; i < count; i++)
            {
                var at = some.AsSpan(i * frame, frame);
                if (BinaryPrimitives.ReadInt64BigEndian(at[8..]) != salts) throw new InvalidDataException("a frame of another log");
                _captured++;
                var pages = BinaryPrimitives.ReadInt32BigEndian(at[4..]);
                while (mark < _marks.Count && _marks[mark].Frames < _captured) mark++;
                var known = pages != 0 && mark < _marks.Count && _marks[mark].Frames == _captured ? _marks[mark] : default;
                Frames.WriteHead(head, new(BinaryPrimitives.ReadInt32BigEndian(at), pages, known.At, known.Commit, page));
                _spool.Write(head);
                _spool.Write(at[FrameHeader..]);
            }
        }
        _marks.Clear();
    }

    private void Drop()
    {
        if (_spool is null) return;
        var path = _spool.Name;
        _spool.Dispose();
        _spool = null;
        File.Delete(path);
    }
}

/// <summary>Frames that wait to be copied.</summary>
/// <param name="Path">A file of <see cref="Frames"/>; whoever took it removes it.</param>
/// <param name="At">Unix milliseconds UTC: every commit until then is in it or in one before it.</param>
/// <param name="Commit">The number of the last commit in it; 0 when none had one yet.</param>
/// <param name="Follows">False: commits between the take before and this one could not be kept.</param>
public sealed record FrameTake(string Path, long Octets, long At, long Commit, bool Follows);
