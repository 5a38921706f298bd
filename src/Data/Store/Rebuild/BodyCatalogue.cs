using Aviso.Store.Blobs;

namespace Aviso.Store.Rebuild;

/// <summary>A whole record found on disk.</summary>
internal sealed record FoundRecord(BodyPlace Place, BodyRecord Record, BodyMetadata Metadata);

/// <summary>All bodies of the data folder, found without the database.</summary>
internal sealed class BodyCatalogue
{
    public SortedDictionary<long, FoundRecord> Bodies { get; } = [];

    public Dictionary<long, (FoundRecord Record, RecordTarget Target)> Emails { get; } = [];

    /// <summary>Records that are not whole, and stretches of a segment that hold none.</summary>
    public int Damaged { get; private set; }

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
            long from = 0;
            while (true)
            {
                cancel.ThrowIfCancellationRequested();
                var reader = new SegmentReader(file, segment, from);
                while (reader.Next())
                {
                    if (reader.IsWhole() && reader.Metadata() is { } metadata) Add(new(new(segment, reader.Offset), reader.Record, metadata));
                    else Damaged++;
                }
                if (reader.End >= reader.FileLength) return;
                Damaged++;
                if (NextHeader(file, segment, reader.End + 1, reader.FileLength) is not { } next) return;
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
            if (reader.Next() && reader.Record.BodyId == id && reader.IsWhole() && reader.Metadata() is { } metadata)
                Add(new(default, reader.Record, metadata));
            else Damaged++;
        }
        finally
        {
            SegmentFolder.Return(file, 0);
        }
    }

    private void Add(FoundRecord found)
    {
        // Two copies: compaction was interrupted; either is whole.
        if (!Bodies.TryAdd(found.Record.BodyId, found)) return;
        foreach (var target in found.Metadata.Targets) Emails[target.Email] = (found, target);
    }

    /// <summary>Behind damage: the next octets that are a header of exactly this place.</summary>
    private static long? NextHeader(Microsoft.Win32.SafeHandles.SafeFileHandle file, int segment, long from, long length)
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
