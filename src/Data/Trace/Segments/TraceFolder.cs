using System.Globalization;
using Microsoft.Extensions.Logging;
using Microsoft.Win32.SafeHandles;

namespace Aviso.Trace;

/// <summary>
/// The files of traces in DATA/trace, oldest first. One writer; everybody else reads what <see cref="Segments"/> gave. What is over the
/// bound, in octets or in days, goes a whole file at a time, the oldest first. Nothing is synced: a power cut may lose the last moments.
/// </summary>
internal sealed class TraceFolder : IDisposable
{
    private readonly string _folder;
    private readonly ILogger _log;
    private readonly Lock _gate = new();
    private readonly List<TraceSegment> _segments = [];
    private SafeFileHandle? _file;
    private int _number;

    private TraceFolder(string folder, ILogger log) => (_folder, _log) = (folder, log);

    /// <summary>Oldest first; the last one may still grow.</summary>
    public IReadOnlyList<TraceSegment> Segments
    {
        get
        {
            lock (_gate) return [.. _segments.Select(s => s with { })];
        }
    }

    /// <summary>Octets of all files.</summary>
    public long Octets
    {
        get
        {
            lock (_gate) return _segments.Sum(s => s.Octets);
        }
    }

    /// <summary>Takes what is there: a file without a foot, which a crash left, is read and gets one.</summary>
    public static TraceFolder Open(string folder, TraceOptions options, ILogger log)
    {
        Directory.CreateDirectory(folder);
        var made = new TraceFolder(folder, log);
        foreach (var file in Directory.EnumerateFiles(folder, "*.trace").Order(StringComparer.Ordinal))
        {
            if (!int.TryParse(Path.GetFileNameWithoutExtension(file), CultureInfo.InvariantCulture, out var number)) continue;
            made._number = Math.Max(made._number, number);
            if (made.Take(new(number, file), options) is { } segment) made._segments.Add(segment);
        }
        return made;
    }

    /// <summary>Adds whole entries. Throws IOException when they cannot be written: then none of them is kept.</summary>
    public void Append(ReadOnlySpan<byte> entries, TraceOptions options)
    {
        lock (_gate)
        {
            while (!entries.IsEmpty)
            {
                var segment = Growing(options);
                var part = entries[..Fitting(entries, options.SegmentOctets - segment.End, segment)];
                try
                {
                    RandomAccess.Write(_file!, part, segment.End);
                }
                catch
                {
                    // Begins anew elsewhere; what a torn write left behind the end is not read.
                    Close(segment);
                    if (segment.End == TraceSegment.Mark.Length) Drop(segment, "empty");
                    throw;
                }
                segment.End += part.Length;
                segment.Octets = segment.End;
                entries = entries[part.Length..];
            }
        }
    }

    /// <summary>Drops what is over the bound at this moment (Unix milliseconds).</summary>
    public void Trim(long now, TraceOptions options)
    {
        lock (_gate)
        {
            var keep = (long)options.Keep.TotalMilliseconds;
            // A quiet server's file ends too, or it could never be dropped.
            if (_file is not null && now - _segments[^1].First > keep / 30) Close(_segments[^1]);
            while (_segments.Count > (_file is null ? 0 : 1) && now - _segments[0].Last > keep) Drop(_segments[0], "age");
            MakeRoom(options, keep: 1);
            var oldest = _segments.Count > 0 && _segments[0].First != long.MaxValue ? (now - _segments[0].First) / 1000.0 : 0;
            TraceMeters.Show(new(_segments.Sum(s => s.Octets), Math.Max(0, oldest)));
        }
    }

    public void Dispose()
    {
        lock (_gate)
        {
            if (_file is not null) Close(_segments[^1]);
        }
    }

    private TraceSegment Growing(TraceOptions options)
    {
        if (_file is not null)
        {
            if (_segments[^1].End < options.SegmentOctets) return _segments[^1];
            Close(_segments[^1]);
        }
        MakeRoom(options, keep: 0);
        var file = Path.Combine(_folder, (++_number).ToString("00000000", CultureInfo.InvariantCulture) + ".trace");
        var segment = new TraceSegment(_number, file) { Tokens = new(TokenOctets(options)) };
        _file = File.OpenHandle(file, FileMode.Create, FileAccess.Write, FileShare.Read | FileShare.Delete);
        _segments.Add(segment);
        try
        {
            RandomAccess.Write(_file, TraceSegment.Mark, 0);
        }
        catch
        {
            _file.Dispose();
            _file = null;
            Drop(segment, "empty");
            throw;
        }
        return segment;
    }

    // For what the growing file may still take, an entry that goes over its end, and its foot.
    private void MakeRoom(TraceOptions options, int keep)
    {
        var most = options.Size - options.SegmentOctets - TraceEntry.Most - TokenOctets(options);
        while (_segments.Count > keep && _segments.Sum(s => s.Octets) > most) Drop(_segments[0], "size");
    }

    // A thirty-second of the entries: four bits for each token and seven times as many that stay empty.
    private static int TokenOctets(TraceOptions options) =>
        (int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)options.SegmentOctets / 32);

    // Octets of the entries that go into this segment, one at least; their tokens and times are noted.
    private static int Fitting(ReadOnlySpan<byte> entries, long room, TraceSegment segment)
    {
        var length = 0;
        while (EntryHead.TryRead(entries[length..], out var entry) && (length == 0 || length + entry.Length <= room))
        {
            foreach (var token in entry.Tokens) segment.Tokens!.Add(token);
            segment.First = Math.Min(segment.First, entry.At);
            segment.Last = Math.Max(segment.Last, entry.At);
            length += entry.Length;
        }
        return length > 0 ? length : throw new InvalidOperationException("what is added is no whole entry");
    }

    private void Close(TraceSegment segment)
    {
        var file = _file;
        _file = null;
        try
        {
            if (file is null || segment.Tokens is not { } tokens) return;
            var foot = segment.Foot(tokens.Shrunk());
            RandomAccess.SetLength(file, segment.End);
            RandomAccess.Write(file, foot, segment.End);
            segment.Octets = segment.End + foot.Length;
            segment.Tokens = null;
        }
        catch (IOException e)
        {
            // It keeps its tokens in memory, and is read anew at the next start.
            segment.Tokens = segment.Tokens?.Shrunk();
            _log.Unreadable(e, segment.File);
        }
        finally
        {
            file?.Dispose();
        }
    }

    private void Drop(TraceSegment segment, string why)
    {
        try
        {
            File.Delete(segment.File);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            _log.Unreadable(e, segment.File);
        }
        _segments.Remove(segment);
        TraceMeters.Drop(why, segment.Octets);
    }

    private TraceSegment? Take(TraceSegment segment, TraceOptions options)
    {
        try
        {
            return segment.TryReadFoot() || Mend(segment, options) ? segment : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            _log.Unreadable(e, segment.File);
            return null;
        }
    }

    private bool Mend(TraceSegment segment, TraceOptions options)
    {
        var octets = File.ReadAllBytes(segment.File);
        if (octets.Length <= TraceSegment.Mark.Length)
        {
            File.Delete(segment.File);
            return false;
        }
        if (!octets.AsSpan().StartsWith(TraceSegment.Mark)) throw new IOException("it is no file of traces");
        var tokens = new TokenSet(TokenOctets(options));
        var at = TraceSegment.Mark.Length;
        while (EntryHead.TryRead(octets.AsSpan(at), out var entry) && entry.IsWhole)
        {
            foreach (var token in entry.Tokens) tokens.Add(token);
            segment.First = Math.Min(segment.First, entry.At);
            segment.Last = Math.Max(segment.Last, entry.At);
            at += entry.Length;
        }
        if (at < octets.Length) _log.TailCut(segment.File, octets.Length - at);
        if (at == TraceSegment.Mark.Length)
        {
            File.Delete(segment.File);
            return false;
        }
        segment.End = at;
        using var file = File.OpenHandle(segment.File, FileMode.Open, FileAccess.Write, FileShare.Read | FileShare.Delete);
        RandomAccess.SetLength(file, at);
        var foot = segment.Foot(tokens.Shrunk());
        RandomAccess.Write(file, foot, at);
        segment.Octets = at + foot.Length;
        return true;
    }
}
