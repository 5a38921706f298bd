using System.Buffers;
using Aviso.Base;
using Microsoft.Win32.SafeHandles;

namespace Aviso.Store.Blobs;

/// <summary>Where a body's record lies. Segment 0: a file of its own.</summary>
internal readonly record struct BodyPlace(int Segment, long Offset);

/// <summary>One body on its way to disk: header and metadata made by the caller, the place filled in by who writes it.</summary>
internal sealed class BodyWrite
{
    private readonly byte[] _head;
    private readonly int _headLength;
    private readonly bool _pooled;
    private readonly Action<Action<ReadOnlyMemory<byte>>> _rest;

    public BodyWrite(long bodyId, SpooledBody body, BodyMetadata metadata, long madeAt)
    {
        var fields = new FieldWriter(512);
        fields.Skip(BodyRecord.HeaderLength);
        metadata.Write(fields);
        _headLength = fields.Length;
        _head = ArrayPool<byte>.Shared.Rent(_headLength);
        fields.Written.CopyTo(_head);
        _pooled = true;
        _rest = body.ForEachPiece;
        var crc = ~0u;
        body.ForEachPiece(piece => crc = Crc32C.Add(crc, piece.Span));
        Record = new(
            _headLength - BodyRecord.HeaderLength, body.Length, bodyId, madeAt,
            Crc32C.Of(_head.AsSpan(BodyRecord.HeaderLength, _headLength - BodyRecord.HeaderLength)), ~crc);
    }

    /// <summary>A record that is on disk already and gets a new place (compaction).</summary>
    public BodyWrite(BodyRecord record, SafeFileHandle from, long offset)
    {
        Record = record;
        _head = new byte[BodyRecord.HeaderLength];
        _headLength = _head.Length;
        _rest = sink => CopyPieces(from, offset + BodyRecord.HeaderLength, record.Length - BodyRecord.HeaderLength, sink);
    }

    public BodyRecord Record { get; }

    public BodyPlace Place { get; set; }

    /// <summary>Gives all octets of the record, made for this place, in order.</summary>
    public void WriteTo(BodyPlace place, Action<ReadOnlyMemory<byte>> sink)
    {
        Place = place;
        Record.Write(_head, place.Segment, place.Offset);
        sink(_head.AsMemory(0, _headLength));
        _rest(sink);
    }

    /// <summary>Gives the memory back once the record is written or given up.</summary>
    public void Release()
    {
        if (_pooled) ArrayPool<byte>.Shared.Return(_head);
    }

    private static void CopyPieces(SafeFileHandle from, long at, long left, Action<ReadOnlyMemory<byte>> sink)
    {
        var piece = new byte[Math.Min(left, 64 * 1024)];
        while (left > 0)
        {
            var read = RandomAccess.Read(from, piece.AsSpan(0, (int)Math.Min(piece.Length, left)), at);
            if (read == 0) throw new EndOfStreamException("a stored record is shorter than its header says");
            sink(piece.AsMemory(0, read));
            (at, left) = (at + read, left - read);
        }
    }
}
