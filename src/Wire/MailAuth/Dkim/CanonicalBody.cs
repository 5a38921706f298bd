using System.Buffers;
using System.Security.Cryptography;
using Aviso.Base;

namespace Aviso.MailAuth;

/// <summary>
/// RFC 6376 §3.4.3, 3.4.4: the body in the form that is signed, fed piece by piece into every hash that wants this form.
/// Memory: one pooled buffer, whatever the body's size; each octet is looked at a fixed number of times.
/// </summary>
internal sealed class CanonicalBody(Canonicalization form) : IDisposable
{
    private readonly List<BodyHash> _hashes = [];
    private readonly byte[] _buffer = ArrayPool<byte>.Shared.Rent(16 * 1024);
    private int _filled;

    // What is held back until it is known whether more follows: empty lines, a CR, white space (relaxed).
    private long _emptyLines;
    private bool _carriageReturn;
    private bool _space;
    private bool _lineHasText;

    public Canonicalization Form => form;

    /// <summary>A hash over at most <paramref name="length"/> octets of the form (l=), or all; equal wishes share one hash.</summary>
    public BodyHash Want(HashAlgorithmName algorithm, long? length)
    {
        foreach (var hash in _hashes)
            if (hash.Algorithm == algorithm && hash.Limit == length) return hash;
        var added = new BodyHash(algorithm, length);
        _hashes.Add(added);
        return added;
    }

    public void Feed(ReadOnlySpan<byte> piece)
    {
        if (form == Canonicalization.Simple) FeedSimple(piece);
        else FeedRelaxed(piece);
    }

    public void End()
    {
        if (_carriageReturn) Text("\r"u8);
        // Simple: one CRLF ends the body, an empty one too. Relaxed: a last line without CRLF gets one.
        if (form == Canonicalization.Simple || _lineHasText) Emit("\r\n"u8);
        Flush();
        foreach (var hash in _hashes) hash.End();
    }

    public void Dispose()
    {
        ArrayPool<byte>.Shared.Return(_buffer);
        foreach (var hash in _hashes) hash.Dispose();
    }

    private void FeedSimple(ReadOnlySpan<byte> piece)
    {
        if (piece.IsEmpty) return;
        if (_carriageReturn)
        {
            _carriageReturn = false;
            if (piece[0] == '\n')
            {
                _emptyLines++;
                piece = piece[1..];
            }
            else Text("\r"u8);
        }
        if (piece.EndsWith("\r"u8))
        {
            _carriageReturn = true;
            piece = piece[..^1];
        }
        var ends = 0;
        while (piece.EndsWith("\r\n"u8))
        {
            piece = piece[..^2];
            ends++;
        }
        if (!piece.IsEmpty) Text(piece);
        _emptyLines += ends;
    }

    private void FeedRelaxed(ReadOnlySpan<byte> piece)
    {
        while (!piece.IsEmpty)
        {
            if (_carriageReturn)
            {
                _carriageReturn = false;
                if (piece[0] == '\n')
                {
                    EndLine();
                    piece = piece[1..];
                }
                else Text("\r"u8);
                continue;
            }
            var end = piece.IndexOf((byte)'\r');
            RelaxLine(end < 0 ? piece : piece[..end]);
            if (end < 0) return;
            _carriageReturn = true;
            piece = piece[(end + 1)..];
        }
    }

    private void EndLine()
    {
        _space = false;
        if (_lineHasText) Emit("\r\n"u8);
        else _emptyLines++;
        _lineHasText = false;
    }

    private void RelaxLine(ReadOnlySpan<byte> text)
    {
        if (text.IndexOf((byte)'\t') < 0 && text.IndexOf("  "u8) < 0) RelaxPlain(text);
        else RelaxRuns(text);
    }

    // Most lines: single spaces only, so the line is taken whole.
    private void RelaxPlain(ReadOnlySpan<byte> text)
    {
        if (text.StartsWith(" "u8))
        {
            _space = true;
            text = text[1..];
        }
        if (text.IsEmpty) return;
        var trailing = text[^1] == ' ';
        Text(trailing ? text[..^1] : text);
        _space = trailing;
    }

    private void RelaxRuns(ReadOnlySpan<byte> text)
    {
        while (true)
        {
            var word = text.IndexOfAnyExcept((byte)' ', (byte)'\t');
            _space |= word != 0 && !text.IsEmpty;
            if (word < 0) return;
            text = text[word..];
            var end = text.IndexOfAny((byte)' ', (byte)'\t');
            if (end < 0) end = text.Length;
            Text(text[..end]);
            text = text[end..];
        }
    }

    // Text of a line: what was held back before it belongs to the body.
    private void Text(ReadOnlySpan<byte> text)
    {
        for (; _emptyLines > 0; _emptyLines--) Emit("\r\n"u8);
        if (_space) Emit(" "u8);
        _space = false;
        _lineHasText = true;
        Emit(text);
    }

    private void Emit(ReadOnlySpan<byte> octets)
    {
        while (octets.Length > _buffer.Length - _filled)
        {
            var part = _buffer.Length - _filled;
            octets[..part].CopyTo(_buffer.AsSpan(_filled));
            octets = octets[part..];
            _filled = _buffer.Length;
            Flush();
        }
        octets.CopyTo(_buffer.AsSpan(_filled));
        _filled += octets.Length;
    }

    private void Flush()
    {
        foreach (var hash in _hashes) hash.Add(_buffer.AsSpan(0, _filled));
        _filled = 0;
    }
}

/// <summary>One body hash in the making; <see cref="Value"/> stands after the pass.</summary>
internal sealed class BodyHash(HashAlgorithmName algorithm, long? limit) : IDisposable
{
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(algorithm);

    public HashAlgorithmName Algorithm => algorithm;

    /// <summary>l= in octets of the canonical form; null for all.</summary>
    public long? Limit => limit;

    /// <summary>Octets of the canonical body.</summary>
    public long Length { get; private set; }

    public byte[] Value { get; private set; } = [];

    public void Add(ReadOnlySpan<byte> octets)
    {
        var take = limit is { } most ? Math.Clamp(most - Length, 0, octets.Length) : octets.Length;
        if (take > 0) _hash.AppendData(octets[..(int)take]);
        Length += octets.Length;
    }

    public void End() => Value = _hash.GetHashAndReset();

    public void Dispose() => _hash.Dispose();
}

/// <summary>All body hashes of one message, made in one pass over it.</summary>
internal sealed class CanonicalPass : IDisposable
{
    private readonly List<CanonicalBody> _forms = [];

    public BodyHash Want(Canonicalization form, HashAlgorithmName algorithm, long? length)
    {
        var body = _forms.Find(f => f.Form == form);
        if (body is null) _forms.Add(body = new(form));
        return body.Want(algorithm, length);
    }

    public void Run(SpooledBody body, long offset)
    {
        if (_forms.Count == 0) return;
        var at = 0L;
        body.ForEachPiece(piece =>
        {
            var skip = (int)Math.Clamp(offset - at, 0, piece.Length);
            at += piece.Length;
            foreach (var form in _forms) form.Feed(piece.Span[skip..]);
        });
        foreach (var form in _forms) form.End();
    }

    public void Dispose()
    {
        foreach (var form in _forms) form.Dispose();
    }
}
