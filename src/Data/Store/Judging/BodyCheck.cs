using Aviso.Base;
using Aviso.Store.Blobs;
using Aviso.Store.Sqlite;

namespace Aviso.Store.Judging;

internal readonly record struct CheckedBody(long Id, int Segment, long At, long Record, long Length);

/// <summary>The bodies' half of the self-check: what a row says against what is on the disk.</summary>
internal static class BodyCheck
{
    public const int BodiesARead = 500;

    public static List<CheckedBody> List(Connection db, long after)
    {
        var bodies = new List<CheckedBody>(BodiesARead);
        using var row = db.Use(Statements.BodiesAfter).Add(after).Add(BodiesARead);
        while (row.Step()) bodies.Add(new(row.Int(0), (int)row.Int(1), row.Int(2), row.Int(3), row.Int(4)));
        return bodies;
    }

    public static StoreFinding? Run(SegmentFolder segments, CheckedBody body, StoreCheckDepth depth)
    {
        var where = body.Segment == 0
            ? $"body {IdText.Format(body.Id)} in its own file"
            : $"body {IdText.Format(body.Id)} at {body.At} of segment {body.Segment}";
        if (segments.Rent(body.Segment, body.Id) is not { } file) return new("body-file-missing", where + ": the file is missing");
        try
        {
            var header = new byte[BodyRecord.HeaderLength];
            if (RandomAccess.Read(file, header, body.At) < header.Length
                || !BodyRecord.TryRead(header, body.Segment, body.At, out var record) || record.BodyId != body.Id)
            {
                return new("body-record-missing", where + ": there is no such record");
            }
            if (record.Length != body.Record || record.BodyLength != body.Length || RandomAccess.GetLength(file) < body.At + record.Length)
                return new("body-record-length", where + ": the record has another length than its row");
            return depth == StoreCheckDepth.Bodies && !RecordCheck.IsWhole(file, body.At, record)
                ? new("body-checksum", where + ": the octets do not have their checksum")
                : null;
        }
        finally
        {
            SegmentFolder.Return(file, body.Segment);
        }
    }

    /// <summary>Segments that are shorter than what rows point at: one glance a file, at any depth.</summary>
    public static IEnumerable<StoreFinding> Segments(Connection db, SegmentFolder folder)
    {
        using var row = db.Use(Statements.ListSegments);
        while (row.Step())
        {
            var file = new FileInfo(folder.SegmentPath((int)row.Int(0)));
            if (!file.Exists) yield return new("segment-missing", $"segment {row.Int(0)} is missing: {row.Int(1)} octets of stored mail");
            else if (file.Length < row.Int(1)) yield return new("segment-short", $"segment {row.Int(0)} lacks {row.Int(1) - file.Length} octets of stored mail");
        }
    }
}
