using System.Buffers.Binary;

namespace Aviso.Moving;

/// <summary>
/// What zlib_save = lz4 writes: "Dovecot-LZ4", four octets, the largest chunk, then blocks of LZ4, each with its length before it. (The
/// block
/// format: a token of two lengths, literals, a distance back; every length is checked.)
/// </summary>
internal sealed class DovecotLz4 : Stream
{
    private const int MostChunk = 16 << 20;
    private readonly Stream _from;
    private readonly string _name;
    private readonly byte[] _chunk;
    private int _at, _length;

    public DovecotLz4(Stream from, string name)
    {
        (_from, _name) = (from, name);
        var head = new byte[19];
        if (from.ReadAtLeast(head, head.Length, throwOnEndOfStream: false) < head.Length) throw Damaged();
        var chunk = BinaryPrimitives.ReadUInt32BigEndian(head.AsSpan(15));
        _chunk = new byte[chunk is > 0 and <= MostChunk ? chunk : throw Damaged()];
    }

    public override int Read(Span<byte> buffer)
    {
        if (_at == _length && !Next()) return 0;
        var count = Math.Min(buffer.Length, _length - _at);
        _chunk.AsSpan(_at, count).CopyTo(buffer);
        _at += count;
        return count;
    }

    private bool Next()
    {
        var size = new byte[4];
        var read = _from.ReadAtLeast(size, 4, throwOnEndOfStream: false);
        if (read == 0) return false;
        var length = BinaryPrimitives.ReadUInt32BigEndian(size);
        if (read < 4 || length is 0 or > MostChunk + (MostChunk / 128)) throw Damaged();
        var block = new byte[length];
        if (_from.ReadAtLeast(block, block.Length, throwOnEndOfStream: false) < block.Length) throw Damaged();
        _length = Unpack(block, _chunk);
        _at = 0;
        return _length > 0 ? true : throw Damaged();
    }

    /// <summary>Octets written; -1: the block is damaged or too large.</summary>
    internal static int TryUnpack(ReadOnlySpan<byte> block, Span<byte> into)
    {
        var (at, to) = (0, 0);
        while (at < block.Length)
        {
            var token = block[at++];
            if (!TryLength(token >> 4, block, ref at, out var literals) || literals > block.Length - at
                || literals > into.Length - to) return -1;
            block.Slice(at, literals).CopyTo(into[to..]);
            at += literals;
            to += literals;
            // The last sequence has no match.
            if (at == block.Length) return to;
            if (at + 2 > block.Length) return -1;
            var back = BinaryPrimitives.ReadUInt16LittleEndian(block[at..]);
            at += 2;
            if (!TryLength(token & 15, block, ref at, out var match) || back == 0 || back > to || match > into.Length - to - 4) return -1;
            for (var end = to + match + 4; to < end; to++) into[to] = into[to - back];
        }
        return -1;
    }

    private int Unpack(byte[] block, byte[] into) => TryUnpack(block, into) is >= 0 and var length ? length : throw Damaged();

    private static bool TryLength(int nibble, ReadOnlySpan<byte> block, ref int at, out int length)
    {
        length = nibble;
        if (nibble < 15) return true;
        while (at < block.Length)
        {
            var more = block[at++];
            length += more;
            if (length > MostChunk) return false;
            if (more < 255) return true;
        }
        return false;
    }

    private SourceException Damaged() => new($"{_name} is packed by LZ4 and damaged");

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
