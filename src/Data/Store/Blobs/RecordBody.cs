using System.Buffers;
using Microsoft.Win32.SafeHandles;

namespace Aviso.Store.Blobs;

/// <summary>Where a row says that a body is.</summary>
/// <param name="Prefix">Of the row, in front of the body.</param>
/// <param name="At">Of the record in its file.</param>
/// <param name="Record">Octets of the whole record; the body is its end.</param>
internal sealed record RecordPlace(byte[] Prefix, int Segment, long At, long Record, long Length, long BodyId);

/// <summary>A stored message read from its record: the row's prefix, then the record's body. Small records are read whole when they are
/// opened, with one call to the system.</summary>
internal sealed class RecordBody : StoredBody
{
    private const int ReadWhole = 64 << 10;

    private readonly RecordPlace _place;
    private readonly Action<string> _damaged;
    private SafeFileHandle? _file;
    private byte[]? _whole;
    private uint _crc;
    private string? _fault;
    private bool _isProven;

    /// <param name="file">Lent: it goes back to the folder, which closes it.</param>
    /// <param name="damaged">Hears of damage that is found later than at opening, once, with its reason.</param>
    public RecordBody(RecordPlace place, SafeFileHandle file, Action<string> damaged)
    {
        (_place, _file, _damaged) = (place, file, damaged);
        _fault = Begin(file);
    }

    public override int PrefixLength => _place.Prefix.Length;

    public override long Length => _place.Prefix.Length + _place.Length;

    /// <summary>What opening found wrong: then no octet is given out, since they may be another message's.</summary>
    public override string? Fault => _fault;

    private long BodyOffset => _place.At + _place.Record - _place.Length;

    public override string? Prove()
    {
        ObjectDisposedException.ThrowIf(_file is null, this);
        if (_fault is not null || _isProven) return _fault;
        var crc = _whole is { } octets ? Crc32C.Of(BodyOf(octets)) : RecordCheck.CrcOf(_file, BodyOffset, _place.Length);
        _isProven = crc == _crc;
        if (_isProven) return null;
        _fault = "its octets do not have their checksum";
        _damaged(_fault);
        return _fault;
    }

    public override int Read(long offset, Span<byte> into)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ObjectDisposedException.ThrowIf(_file is null, this);
        if (_fault is not null) throw new DamagedBodyException(_fault);
        if (offset >= Length || into.IsEmpty) return 0;
        var fromPrefix = 0;
        if (offset < PrefixLength)
        {
            fromPrefix = (int)Math.Min(into.Length, PrefixLength - offset);
            _place.Prefix.AsSpan((int)offset, fromPrefix).CopyTo(into);
            into = into[fromPrefix..];
            offset += fromPrefix;
        }
        var count = (int)Math.Min(into.Length, Length - offset);
        if (count == 0) return fromPrefix;
        var read = ReadBody(_file, offset - PrefixLength, into[..count]);
        if (read == 0 && fromPrefix == 0) throw new DamagedBodyException("it is cut short");
        return fromPrefix + read;
    }

    private int ReadBody(SafeFileHandle file, long offset, Span<byte> into)
    {
        if (_whole is not { } octets) return RandomAccess.Read(file, into, BodyOffset + offset);
        BodyOf(octets).Slice((int)offset, into.Length).CopyTo(into);
        return into.Length;
    }

    private ReadOnlySpan<byte> BodyOf(byte[] octets) => octets.AsSpan((int)(_place.Record - _place.Length), (int)_place.Length);

    // What is wrong with the record at this place; null when it is the one that the row means.
    private string? Begin(SafeFileHandle file)
    {
        if (_place.Record <= ReadWhole) _whole = ArrayPool<byte>.Shared.Rent((int)Math.Max(_place.Record, BodyRecord.HeaderLength));
        Span<byte> header = stackalloc byte[BodyRecord.HeaderLength];
        var octets = _whole is null ? header : _whole.AsSpan(0, (int)Math.Max(_place.Record, BodyRecord.HeaderLength));
        var read = RandomAccess.Read(file, octets, _place.At);
        if (read < BodyRecord.HeaderLength
            || !BodyRecord.TryRead(octets[..BodyRecord.HeaderLength], _place.Segment, _place.At, out var record)
            || record.BodyId != _place.BodyId) return "its record is not where it was stored";
        _crc = record.BodyCrc;
        var isWhole = _whole is null ? RandomAccess.GetLength(file) >= _place.At + _place.Record : read >= _place.Record;
        return record.Length == _place.Record && isWhole ? null : "it is cut short";
    }

    protected override void Dispose(bool disposing)
    {
        if (Interlocked.Exchange(ref _file, null) is not { } open) return;
        SegmentFolder.Return(open, _place.Segment);
        if (_whole is not { } octets) return;
        _whole = null;
        ArrayPool<byte>.Shared.Return(octets);
    }
}
