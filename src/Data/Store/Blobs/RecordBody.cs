using Microsoft.Win32.SafeHandles;

namespace Aviso.Store.Blobs;

/// <summary>A stored message read from its record: the row's prefix, then the record's body.</summary>
/// <param name="bodyOffset">Of the body's first octet in the file.</param>
/// <param name="fault">What opening found wrong: then no octet is given out, since they may be another message's.</param>
/// <param name="damaged">Hears of damage once, with its reason.</param>
internal sealed class RecordBody(
    byte[] prefix, SafeFileHandle file, int segment, long bodyOffset, long bodyLength, uint crc = 0, string? fault = null,
    Action<string>? damaged = null) : StoredBody
{
#pragma warning disable CA2213 // the handle is lent: it goes back to the folder, which closes it
    private SafeFileHandle? _file = file;
#pragma warning restore CA2213
    private string? _fault = fault;

    public override int PrefixLength => prefix.Length;

    public override long Length => prefix.Length + bodyLength;

    public override string? Fault => _fault;

    public override string? Prove()
    {
        ObjectDisposedException.ThrowIf(_file is null, this);
        if (_fault is null && RecordCheck.CrcOf(_file, bodyOffset, bodyLength) != crc)
        {
            _fault = "its octets do not have their checksum";
            damaged?.Invoke(_fault);
        }
        return _fault;
    }

    public override int Read(long offset, Span<byte> into)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ObjectDisposedException.ThrowIf(_file is null, this);
        if (_fault is not null) throw new DamagedBodyException(_fault);
        if (offset >= Length || into.IsEmpty) return 0;
        var fromPrefix = 0;
        if (offset < prefix.Length)
        {
            fromPrefix = (int)Math.Min(into.Length, prefix.Length - offset);
            prefix.AsSpan((int)offset, fromPrefix).CopyTo(into);
            into = into[fromPrefix..];
            offset += fromPrefix;
        }
        var count = (int)Math.Min(into.Length, Length - offset);
        if (count == 0) return fromPrefix;
        var read = RandomAccess.Read(_file, into[..count], bodyOffset + offset - prefix.Length);
        if (read == 0 && fromPrefix == 0) throw new DamagedBodyException("it is cut short");
        return fromPrefix + read;
    }

    /// <summary>What is wrong with the record at this place; null when it is the one that the row means.</summary>
    public static string? FaultOf(SafeFileHandle file, int segment, long at, long bodyId, long recordLength, out uint crc)
    {
        crc = 0;
        Span<byte> header = stackalloc byte[BodyRecord.HeaderLength];
        if (RandomAccess.Read(file, header, at) < header.Length || !BodyRecord.TryRead(header, segment, at, out var record) || record.BodyId != bodyId)
            return "its record is not where it was stored";
        if (record.Length != recordLength || RandomAccess.GetLength(file) < at + recordLength) return "it is cut short";
        crc = record.BodyCrc;
        return null;
    }

    protected override void Dispose(bool disposing)
    {
        if (Interlocked.Exchange(ref _file, null) is { } open) SegmentFolder.Return(open, segment);
    }
}
