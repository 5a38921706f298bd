using Aviso.Base;
using Aviso.Store.Blobs;
using Microsoft.Win32.SafeHandles;

namespace Aviso.Store.Rebuild;

/// <summary>A record found on disk.</summary>
/// <param name="Fault">What is wrong with its body; null when it is whole. Who it was for is known in any case.</param>
internal sealed record FoundRecord(BodyPlace Place, BodyRecord Record, BodyMetadata Metadata, string? Fault);

/// <summary>All bodies of the data folder, found without the database.</summary>
internal sealed class BodyCatalogue
{
    private readonly List<string> _lost = [];

    public SortedDictionary<long, FoundRecord> Bodies { get; } = [];

    public Dictionary<long, (FoundRecord Record, RecordTarget Target)> Emails { get; } = [];

    /// <summary>Records nobody can tell the owner of, and stretches of a file that hold none.</summary>
    public IReadOnlyList<string> Lost => _lost;

    public static BodyCatalogue Read(SegmentFolder folder, CancellationToken cancel)
    {
        var catalogue = new BodyCatalogue();
        foreach (var segment in folder.List()) catalogue.ReadSegment(folder, segment, cancel);
        foreach (var id in folder.ListLarge())
        {
            cancel.ThrowIfCancellationRequested();
            catalogue.ReadLarge(folder, id);
        }
        return catalogue;
    }

    private void ReadSegment(SegmentFolder folder, int segment, CancellationToken cancel)
    {
        if (folder.Rent(segment, 0) is not { } file) return;
        try
        {
            for (long from = 0; ;)
            {
                cancel.ThrowIfCancellationRequested();
                var reader = new SegmentReader(file, segment, from);
                while (reader.Next()) Add(file, new(segment, reader.Offset), reader.Record, $"segment {segment} at {reader.Offset}");
                if (reader.End >= reader.FileLength) return;
                var next = NextHeader(file, segment, reader.End + 1, reader.FileLength) ?? reader.FileLength;
                AddPart(file, new(segment, reader.End), next, $"segment {segment} at {reader.End}");
                from = next;
            }
        }
        finally
        {
            SegmentFolder.Return(file, segment);
        }
    }

    private void ReadLarge(SegmentFolder folder, long id)
    {
        if (folder.Rent(0, id) is not { } file) return;
        try
        {
            var reader = new SegmentReader(file, 0);
            if (reader.Next() && reader.Record.BodyId == id) Add(file, default, reader.Record, folder.LargePath(id));
            else AddPart(file, default, reader.FileLength, folder.LargePath(id));
        }
        finally
        {
            SegmentFolder.Return(file, 0);
        }
    }

    /// <summary>A stretch that is no whole record: one that is cut short when its header is whole.</summary>
    private void AddPart(SafeFileHandle file, BodyPlace place, long end, string where)
    {
        Span<byte> header = stackalloc byte[BodyRecord.HeaderLength];
        if (RandomAccess.Read(file, header, place.Offset) == header.Length && BodyRecord.TryRead(header, place.Segment, place.Offset, out var record))
            Add(file, place, record, where);
        else _lost.Add($"{where}: {end - place.Offset} octets that are no record");
    }

    private void Add(SafeFileHandle file, BodyPlace place, BodyRecord record, string where)
    {
        if (RecordCheck.Metadata(file, place.Offset, record) is not { } metadata)
        {
            _lost.Add($"{where}: body {IdText.Format(record.BodyId)}, {record.BodyLength} octets, whose list of recipients is damaged");
            return;
        }
        var fault = RandomAccess.GetLength(file) < place.Offset + record.Length ? "it is cut short"
            : RecordCheck.IsWhole(file, place.Offset, record) ? null : "its octets do not have their checksum";
        var found = new FoundRecord(place, record, metadata, fault);
        // Two copies: compaction was interrupted; a whole one is better.
        if (Bodies.TryGetValue(record.BodyId, out var there) && (there.Fault is null || fault is not null)) return;
        Bodies[record.BodyId] = found;
        foreach (var target in metadata.Targets) Emails[target.Email] = (found, target);
    }

    /// <summary>Behind damage: the next octets that are a header of exactly this place.</summary>
    private static long? NextHeader(SafeFileHandle file, int segment, long from, long length)
    {
        var window = new byte[1 << 20];
        while (from + BodyRecord.HeaderLength <= length)
        {
            var read = RandomAccess.Read(file, window, from);
            if (read < BodyRecord.HeaderLength) return null;
            for (var at = 0; at + BodyRecord.HeaderLength <= read; at++)
            {
                var skip = window.AsSpan(at, read - at).IndexOf("AVRC"u8);
                if (skip < 0) break;
                at += skip;
                if (at + BodyRecord.HeaderLength <= read && BodyRecord.TryRead(window.AsSpan(at), segment, from + at, out _)) return from + at;
            }
            from += read - BodyRecord.HeaderLength + 1;
        }
        return null;
    }
}
