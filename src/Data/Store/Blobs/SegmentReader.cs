using Microsoft.Win32.SafeHandles;

namespace Aviso.Store.Blobs;

/// <summary>Walks the records of a segment from its start; stops at the first octets that are no whole record.</summary>
internal sealed class SegmentReader(SafeFileHandle file, int segment, long from = 0)
{
    private readonly long _fileLength = RandomAccess.GetLength(file);
    private readonly byte[] _header = new byte[BodyRecord.HeaderLength];

    /// <summary>Offset of the current record.</summary>
    public long Offset { get; private set; } = -1;

    /// <summary>Where the next record begins: after the last whole one.</summary>
    public long End { get; private set; } = from;

    public long FileLength => _fileLength;

    public BodyRecord Record { get; private set; }

    public bool Next()
    {
        if (RandomAccess.Read(file, _header, End) < _header.Length) return false;
        if (!BodyRecord.TryRead(_header, segment, End, out var record)) return false;
        if (record.Length > _fileLength - End) return false;
        Record = record;
        Offset = End;
        End += record.Length;
        return true;
    }

    /// <summary>True when metadata and body of the current record have their checksums.</summary>
    public bool IsWhole() => RecordCheck.IsWhole(file, Offset, Record);

    /// <summary>The metadata of the current record; null when it cannot be read.</summary>
    public BodyMetadata? Metadata() => RecordCheck.Metadata(file, Offset, Record);
}

/// <summary>Proves one record by its checksums.</summary>
internal static class RecordCheck
{
    public static bool IsWhole(SafeFileHandle file, long offset, in BodyRecord record) =>
        CrcOf(file, offset + BodyRecord.HeaderLength, record.MetadataLength) == record.MetadataCrc
        && CrcOf(file, offset + BodyRecord.HeaderLength + record.MetadataLength, record.BodyLength) == record.BodyCrc;

    public static BodyMetadata? Metadata(SafeFileHandle file, long offset, in BodyRecord record)
    {
        if (record.MetadataLength > 256 << 20) return null;
        var octets = new byte[record.MetadataLength];
        if (RandomAccess.Read(file, octets, offset + BodyRecord.HeaderLength) < octets.Length) return null;
        return Crc32C.Of(octets) == record.MetadataCrc ? BodyMetadata.Read(octets) : null;
    }

    public static uint CrcOf(SafeFileHandle file, long offset, long length)
    {
        var piece = new byte[Math.Min(length, 256 * 1024)];
        var state = ~0u;
        while (length > 0)
        {
            var read = RandomAccess.Read(file, piece.AsSpan(0, (int)Math.Min(piece.Length, length)), offset);
            if (read == 0) return 0;
            state = Crc32C.Add(state, piece.AsSpan(0, read));
            offset += read;
            length -= read;
        }
        return ~state;
    }
}
