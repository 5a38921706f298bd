using Microsoft.Win32.SafeHandles;

namespace Aviso.Store.Blobs;

/// <summary>
/// Appends records to the newest segment. One thread at a time. What was appended counts only after <see cref="Sync"/>.
/// Octets past the end are never part of anything: a failed write is cut off, a torn tail is put aside at start.
/// </summary>
internal sealed class SegmentWriter : IDisposable
{
    private readonly SegmentFolder _folder;
    private readonly long _rollAt;
    private readonly byte[] _buffer = GC.AllocateUninitializedArray<byte>(1 << 20, pinned: true);
    private int _buffered;
    private SafeFileHandle _file;
    private long _end;
    private long _written;

    /// <param name="knownEnd">Where the last record that rows point at ends, by segment.</param>
    /// <param name="newestKnown">The newest segment that rows point at: when its file is gone, its number is not used again.</param>
    public SegmentWriter(SegmentFolder folder, long rollAt, Func<int, long> knownEnd, int newestKnown)
    {
        (_folder, _rollAt) = (folder, rollAt);
        var last = folder.List() is [.., var newest] ? newest : 0;
        if (last < newestKnown || last == 0)
        {
            Current = Math.Max(last, newestKnown) + 1;
            _file = Create(Current);
            return;
        }
        Current = last;
        _file = File.OpenHandle(
            folder.SegmentPath(last), FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
        CutTornTail(knownEnd(last));
    }

    /// <summary>Number of the segment that is written to.</summary>
    public int Current { get; private set; }

    /// <summary>Octets of records that nobody was told about, taken off the end at start; they stay in <see cref="Aside"/>.</summary>
    public long CutAtStart { get; private set; }

    public string Aside { get; private set; } = "";

    /// <summary>Octets that rows point at and that the newest segment does not have: damage.</summary>
    public long MissingAtStart { get; private set; }

    /// <summary>Puts the record behind the last one and fills in its place.</summary>
    public void Append(BodyWrite write)
    {
        MakeRoom(write.Record.Length);
        write.WriteTo(new(Current, _end), Buffer);
        _end += write.Record.Length;
    }

    /// <summary>Makes all that was appended durable. After a <see cref="SyncFailedException"/> nothing may be written any more.</summary>
    public void Sync()
    {
        Flush();
        Posix.SyncData(_file, _folder.SegmentPath(Current));
    }

    /// <summary>Where to go back to when a batch cannot be written.</summary>
    public BodyPlace Mark() => new(Current, _end);

    /// <summary>Forgets what was appended after <paramref name="mark"/>. What went into closed segments stays there as garbage.</summary>
    public void GoBack(BodyPlace mark)
    {
        _buffered = 0;
        if (mark.Segment == Current)
        {
            _end = _written = mark.Offset;
            RandomAccess.SetLength(_file, _end);
            return;
        }
        _end = _written = 0;   // a new segment of this batch: nothing in it counts
        RandomAccess.SetLength(_file, 0);
    }

    public void Dispose() => _file.Dispose();

    private void MakeRoom(long octets)
    {
        if (_end == 0 || _end + octets <= _rollAt) return;
        Sync();
        var next = Create(Current + 1);
        _file.Dispose();
        _file = next;
        Current++;
        _end = _written = 0;
    }

    private SafeFileHandle Create(int segment)
    {
        // Truncating: a file of this number can only be one whose creation failed half-way, so nothing in it counts.
        var file = File.OpenHandle(
            _folder.SegmentPath(segment), FileMode.Create, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
        try
        {
            Posix.SyncFolder(_folder.Segments);
            return file;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    private void Buffer(ReadOnlyMemory<byte> octets)
    {
        var from = octets.Span;
        while (from.Length > 0)
        {
            if (_buffered == _buffer.Length) Flush();
            var count = Math.Min(from.Length, _buffer.Length - _buffered);
            from[..count].CopyTo(_buffer.AsSpan(_buffered));
            _buffered += count;
            from = from[count..];
        }
    }

    private void Flush()
    {
        if (_buffered == 0) return;
        RandomAccess.Write(_file, _buffer.AsSpan(0, _buffered), _written);
        _written += _buffered;
        _buffered = 0;
    }

    /// <summary>Whole records behind the known end stay: nobody was told about them, but they may be newer than an old database.</summary>
    private void CutTornTail(long knownEnd)
    {
        var length = RandomAccess.GetLength(_file);
        if (length < knownEnd)
        {
            // Acknowledged octets are gone. The check names the bodies; here only: never write over what is left.
            MissingAtStart = knownEnd - length;
            var next = Create(Current + 1);
            _file.Dispose();
            _file = next;
            Current++;
            return;
        }
        var reader = new SegmentReader(_file, Current, knownEnd);
        _end = knownEnd;
        while (reader.Next() && reader.IsWhole()) _end = reader.End;
        _written = _end;
        CutAtStart = length - _end;
        if (CutAtStart > 0) PutTailAside();
    }

    private void PutTailAside()
    {
        Aside = $"{_folder.SegmentPath(Current)}.tail-{_end}";
        var piece = new byte[64 * 1024];
        using (var aside = File.OpenHandle(Aside, FileMode.Create, FileAccess.Write))
        {
            for (long at = 0; RandomAccess.Read(_file, piece, _end + at) is var read and > 0; at += read) RandomAccess.Write(aside, piece.AsSpan(0, read), at);
            Posix.SyncData(aside, Aside);
        }
        Posix.SyncFolder(_folder.Segments);
        RandomAccess.SetLength(_file, _end);
    }
}
