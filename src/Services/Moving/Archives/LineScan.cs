using System.Buffers;

namespace Aviso.Moving;

/// <summary>A line, or a piece of one that is longer than what is read at once.</summary>
/// <param name="end">Offset behind the piece and, if it is the last, the line's LF.</param>
internal readonly ref struct ScannedLine(ReadOnlySpan<byte> text, long end, bool isStart, bool hasEnd)
{
    /// <summary>Without its LF; a CR stays, and is never parted from it.</summary>
    public ReadOnlySpan<byte> Text { get; } = text;

    public long End { get; } = end;

    /// <summary>The line begins here.</summary>
    public bool IsStart { get; } = isStart;

    /// <summary>A LF ends it here. Without one the rest follows, or the stream ends.</summary>
    public bool HasEnd { get; } = hasEnd;

    public bool IsEmpty => IsStart && Text is [] or [(byte)'\r'];
}

/// <summary>Lines of a stream of any length; one that is longer than the buffer comes in pieces.</summary>
/// <param name="longest">Octets of a piece, 16 at least.</param>
internal sealed class LineScan(Stream from, int longest = 1 << 20) : IDisposable
{
    private readonly byte[] _buffer = ArrayPool<byte>.Shared.Rent(longest);
    private int _start, _end;
    private long _base = from.CanSeek ? from.Position : 0;
    private bool _isStart = true;

    public bool Next(out ScannedLine line)
    {
        while (true)
        {
            var at = _buffer.AsSpan(_start, _end - _start).IndexOf((byte)'\n');
            if (at >= 0)
            {
                line = Take(at, hasEnd: true);
                return true;
            }
            var isFull = _end - _start == _buffer.Length;
            if (!isFull && Fill()) continue;
            var count = _end - _start;
            if (isFull && _buffer[_end - 1] == '\r') count--;
            line = Take(count, hasEnd: false);
            return count > 0;
        }
    }

    /// <summary>Does what comes next begin so?</summary>
    public bool Peek(ReadOnlySpan<byte> text)
    {
        while (_end - _start < text.Length && Fill())
        {
        }
        return _buffer.AsSpan(_start, _end - _start).StartsWith(text);
    }

    public bool IsAtEnd => _start == _end && !Fill();

    public void Skip(long count, Action<byte[]> each)
    {
        while (count > 0 && (_end > _start || Fill()))
        {
            var some = (int)Math.Min(count, _end - _start);
            each(_buffer.AsSpan(_start, some).ToArray());
            _start += some;
            count -= some;
        }
    }

    private ScannedLine Take(int count, bool hasEnd)
    {
        var (from, isStart) = (_start, _isStart);
        _start += hasEnd ? count + 1 : count;
        _isStart = hasEnd;
        return new(_buffer.AsSpan(from, count), _base + _start, isStart, hasEnd);
    }

    private bool Fill()
    {
        if (_start > 0)
        {
            _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
            _base += _start;
            (_start, _end) = (0, _end - _start);
        }
        if (_end == _buffer.Length) return false;
        var read = from.Read(_buffer.AsSpan(_end));
        _end += read;
        return read > 0;
    }

    public void Dispose() => ArrayPool<byte>.Shared.Return(_buffer);
}
