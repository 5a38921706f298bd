using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace Aviso.Store.Blobs;

/// <summary>Writes the fields of records and journal lines: little-endian numbers, octets and texts with a length before them.</summary>
internal sealed class FieldWriter(int capacity = 512)
{
    private readonly ArrayBufferWriter<byte> _out = new(capacity);

    public ReadOnlySpan<byte> Written => _out.WrittenSpan;

    public ReadOnlyMemory<byte> WrittenMemory => _out.WrittenMemory;

    public int Length => _out.WrittenCount;

    public void Clear() => _out.ResetWrittenCount();

    /// <summary>The first octets again, to be filled in.</summary>
    public Span<byte> Rewrite(int length) => System.Runtime.InteropServices.MemoryMarshal.AsMemory(_out.WrittenMemory)[..length].Span;

    public void Byte(byte value)
    {
        _out.GetSpan(1)[0] = value;
        _out.Advance(1);
    }

    public void Int(int value)
    {
        BinaryPrimitives.WriteInt32LittleEndian(_out.GetSpan(4), value);
        _out.Advance(4);
    }

    public void Long(long value)
    {
        BinaryPrimitives.WriteInt64LittleEndian(_out.GetSpan(8), value);
        _out.Advance(8);
    }

    public void Octets(ReadOnlySpan<byte> value)
    {
        Int(value.Length);
        _out.Write(value);
    }

    public void Text(string value)
    {
        var most = Encoding.UTF8.GetMaxByteCount(value.Length);
        var at = _out.GetSpan(4 + most);
        var length = Encoding.UTF8.GetBytes(value, at[4..]);
        BinaryPrimitives.WriteInt32LittleEndian(at, length);
        _out.Advance(4 + length);
    }

    public void Skip(int octets)
    {
        _out.GetSpan(octets)[..octets].Clear();
        _out.Advance(octets);
    }
}

/// <summary>Reads what <see cref="FieldWriter"/> wrote; past the end or on a length that cannot be it turns bad and answers zeros.</summary>
internal ref struct FieldReader(ReadOnlySpan<byte> octets)
{
    private ReadOnlySpan<byte> _rest = octets;

    public bool Bad { get; private set; }

    public readonly bool AtEnd => _rest.IsEmpty;

    public byte Byte() => Take(1) is [var value] ? value : (byte)0;

    public int Int() => Take(4) is { Length: 4 } at ? BinaryPrimitives.ReadInt32LittleEndian(at) : 0;

    public long Long() => Take(8) is { Length: 8 } at ? BinaryPrimitives.ReadInt64LittleEndian(at) : 0;

    public ReadOnlySpan<byte> Octets() => Take(Int());

    public string Text() => Encoding.UTF8.GetString(Octets());

    /// <summary>A count of items that take at least one octet each.</summary>
    public int Count()
    {
        var count = Int();
        if (count >= 0 && count <= _rest.Length) return count;
        Bad = true;
        return 0;
    }

    private ReadOnlySpan<byte> Take(int length)
    {
        if (Bad || length < 0 || length > _rest.Length)
        {
            Bad = true;
            _rest = default;
            return default;
        }
        var taken = _rest[..length];
        _rest = _rest[length..];
        return taken;
    }
}
