using System.Buffers;
using Aviso.Base;

namespace Aviso.Store.Blobs;

/// <summary>Where a body's record lies. Segment 0: a file of its own.</summary>
internal readonly record struct BodyPlace(int Segment, long Offset);

/// <summary>One body on its way to disk: header and metadata made by the caller, the place filled in by who writes it.</summary>
internal sealed class BodyWrite
{
    private readonly byte[] _head;
    private readonly int _headLength;
    private readonly SpooledBody _body;

    public BodyWrite(long bodyId, SpooledBody body, BodyMetadata metadata, long madeAt)
    {
        var fields = new FieldWriter(512);
        fields.Skip(BodyRecord.HeaderLength);
        metadata.Write(fields);
        _headLength = fields.Length;
        _head = ArrayPool<byte>.Shared.Rent(_headLength);
        fields.Written.CopyTo(_head);
        _body = body;
        var crc = ~0u;
        body.ForEachPiece(piece => crc = Crc32C.Add(crc, piece.Span));
        Record = new(
            _headLength - BodyRecord.HeaderLength, body.Length, bodyId, madeAt,
            Crc32C.Of(_head.AsSpan(BodyRecord.HeaderLength, _headLength - BodyRecord.HeaderLength)), ~crc);
    }

    public BodyRecord Record { get; }

    public BodyPlace Place { get; set; }

    /// <summary>Gives all octets of the record, made for this place, in order.</summary>
    public void WriteTo(BodyPlace place, Action<ReadOnlyMemory<byte>> sink)
    {
        Place = place;
        Record.Write(_head, place.Segment, place.Offset);
        sink(_head.AsMemory(0, _headLength));
        _body.ForEachPiece(sink);
    }

    /// <summary>Gives the memory back once the record is written or given up.</summary>
    public void Release() => ArrayPool<byte>.Shared.Return(_head);
}
