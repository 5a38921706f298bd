using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using System.Runtime.InteropServices;
using System.Text;
using Aviso.Base;

namespace Aviso.Trace;

/// <summary>
/// What is known of a message at one moment, as events that are written as they are told. Got by <see cref="TraceRecorder.Begin"/>, given
/// back by <see cref="TraceRecorder.Add"/>, in one piece of work: another thread never sees it.
/// </summary>
public sealed class TraceEntry
{
    /// <summary>Octets of one entry; a message with thousands of recipients has the rest counted.</summary>
    internal const int Most = 512 << 10;
    private const int MostText = 512;
    private const int MostTokens = 4_000;

    private byte[] _buffer = new byte[2048];
    private uint[] _tokens = new uint[32];
    private int _at, _tokenCount, _fields, _cut;
    private long _began;

    internal bool IsEmpty => _at == 0;

    /// <summary>Its events, as they are on disk.</summary>
    internal ReadOnlySpan<byte> Events => _buffer.AsSpan(0, _at);

    internal ReadOnlySpan<uint> Tokens => _tokens.AsSpan(0, _tokenCount);

    /// <summary>Unix milliseconds UTC.</summary>
    internal long Began => _began;

    /// <summary>A subject would be kept: else nobody need read it.</summary>
    public bool KeepsSubject { get; private set; }

    internal void Start(long began, bool subjects)
    {
        (_began, _at, _tokenCount, _cut, _fields, KeepsSubject) = (began, 0, 0, 0, -1, subjects);
        if (_buffer.Length > 64 << 10) _buffer = new byte[2048];
    }

    /// <summary>Begins an event; what follows is its evidence.</summary>
    /// <param name="at">When; not before the entry itself. Null: when the entry began.</param>
    public TraceEntry Event(TraceKind kind, DateTimeOffset? at = null)
    {
        if (_at > Most)
        {
            _cut++;
            _fields = -1;
            return this;
        }
        Reserve(16);
        _buffer[_at++] = (byte)kind;
        Varint((ulong)Math.Max(0, at is { } time ? time.ToUnixTimeMilliseconds() - _began : 0));
        _fields = _at;
        _buffer[_at++] = 0;
        return this;
    }

    /// <summary>Evidence; null and empty are left out.</summary>
    public TraceEntry With(TraceField field, string? text)
    {
        // An address is found by its domain too.
        if (_fields >= 0 && text is not null && TraceFieldRules.IsAddress(field) && MailAddress.DomainOf(text) is { Length: > 0 } domain)
            Token(TraceToken.Of(domain));
        return With(field, text.AsSpan());
    }

    public TraceEntry With(TraceField field, ReadOnlySpan<char> text)
    {
        if (text.IsEmpty || _fields < 0 || _buffer[_fields] == byte.MaxValue) return this;
        if (field == TraceField.Subject)
        {
            if (!KeepsSubject) return this;
            TraceToken.EachWord(text, word => Token(TraceToken.Of(word)));
        }
        else if (TraceFieldRules.IsKey(field)) Token(TraceToken.Of(text));
        // What is cut off shows that it is.
        if (text.Length > MostText) text = string.Concat(text[..(MostText - 1)], "…");
        Reserve(text.Length * 3 + 8);
        _buffer[_fields]++;
        _buffer[_at++] = (byte)field;
        // A length of less than 128 octets in one, the common case; else two, made room for before.
        var isLong = text.Length > 42;
        var at = _at + (isLong ? 2 : 1);
        var length = Encoding.UTF8.GetBytes(text, _buffer.AsSpan(at));
        if (isLong)
        {
            _buffer[_at] = (byte)(length | 0x80);
            _buffer[_at + 1] = (byte)(length >> 7);
        }
        else _buffer[_at] = (byte)length;
        _at = at + length;
        return this;
    }

    public TraceEntry With(TraceField field, long number)
    {
        Span<char> text = stackalloc char[24];
        number.TryFormat(text, out var length, default, CultureInfo.InvariantCulture);
        return With(field, text[..length]);
    }

    /// <param name="points">With two digits behind the point.</param>
    public TraceEntry With(TraceField field, double points)
    {
        Span<char> text = stackalloc char[32];
        points.TryFormat(text, out var length, "0.##", CultureInfo.InvariantCulture);
        return With(field, text[..length]);
    }

    public TraceEntry With(TraceField field, IPAddress address)
    {
        Span<char> text = stackalloc char[64];
        var plain = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
        return plain.TryFormat(text, out var length) ? With(field, text[..length]) : this;
    }

    /// <summary>Says what was left out.</summary>
    internal void End()
    {
        if (_cut == 0) return;
        var cut = _cut;
        (_cut, _at) = (0, Math.Min(_at, _buffer.Length));
        Reserve(64);
        _buffer[_at++] = (byte)TraceKind.Cut;
        Varint(0);
        _fields = _at;
        _buffer[_at++] = 0;
        With(TraceField.Count, cut);
    }

    private void Token(uint token)
    {
        if (_tokenCount == MostTokens || (_tokenCount < 64 && _tokens.AsSpan(0, _tokenCount).Contains(token))) return;
        if (_tokenCount == _tokens.Length) Array.Resize(ref _tokens, _tokens.Length * 2);
        _tokens[_tokenCount++] = token;
    }

    private void Varint(ulong value)
    {
        for (; value >= 0x80; value >>= 7) _buffer[_at++] = (byte)(value | 0x80);
        _buffer[_at++] = (byte)value;
    }

    private void Reserve(int octets)
    {
        if (_buffer.Length - _at < octets) Array.Resize(ref _buffer, Math.Max(_buffer.Length * 2, _at + octets));
    }

    /// <summary>Octets of the whole entry as it stands on disk.</summary>
    internal int Length => EntryHead.Octets + _tokenCount * sizeof(uint) + _at;

    /// <summary>Writes it into room of <see cref="Length"/> octets.</summary>
    internal void Write(Span<byte> into)
    {
        BinaryPrimitives.WriteInt32LittleEndian(into, Length);
        BinaryPrimitives.WriteInt64LittleEndian(into[8..], _began);
        BinaryPrimitives.WriteInt32LittleEndian(into[16..], _tokenCount);
        MemoryMarshal.AsBytes(Tokens).CopyTo(into[EntryHead.Octets..]);
        Events.CopyTo(into[(EntryHead.Octets + _tokenCount * sizeof(uint))..]);
        BinaryPrimitives.WriteUInt32LittleEndian(into[4..], Store.Blobs.Crc32C.Of(into[8..Length]));
    }
}
