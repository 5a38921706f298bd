using System.Buffers;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Aviso.Moving;

/// <summary>A message in an mbox file.</summary>
/// <param name="Offset">Of its first octet after the line that begins with "From ".</param>
/// <param name="Length">Octets in the file, without the empty line that ends it.</param>
/// <param name="Key">Digest of those octets.</param>
/// <param name="FromLine">What stands after "From ".</param>
/// <param name="Header">Its header as it stands in the file, cut at <see cref="MboxFile.MostHeader"/>.</param>
/// <param name="IsRaw">Written by an export of ours octet by octet, since lines cannot say it.</param>
internal sealed record MboxMessage(long Offset, long Length, UInt128 Key, string FromLine, byte[] Header, bool IsRaw);

/// <summary>
/// mbox files (RFC 4155 and what programs make of it): a message begins at a line "From " behind an empty line; in the text such lines
/// have a
/// `&gt;` before them, and one of these goes when it is read (mboxrd, which reads mboxo rightly too).
/// </summary>
internal static class MboxFile
{
    public const int MostHeader = 256 * 1024;

    /// <summary>First in a message of an export of ours whose octets follow as they are: how many.</summary>
    public const string RawField = "X-Aviso-Octets: ";

    private const int MostMessages = 10_000_000;

    /// <exception cref="SourceException">It is no mbox.</exception>
    public static IReadOnlyList<MboxMessage> Index(Stream file, string name, CancellationToken cancel)
    {
        var messages = new List<MboxMessage>();
        using var lines = new LineScan(file);
        Reading? now = null;
        var wasEmpty = true;
        while (lines.Next(out var line))
        {
            if (wasEmpty && line.Text.StartsWith("From "u8))
            {
                cancel.ThrowIfCancellationRequested();
                if (now is not null) messages.Add(now.End());
                if (messages.Count >= MostMessages) throw new SourceException($"{name} has more than {MostMessages} messages");
                now?.Dispose();
#pragma warning disable CA2000 // the next message or the end of the file lets go of it
                now = new(Encoding.Latin1.GetString(line.Text[5..]).Trim(), line.End);
#pragma warning restore CA2000
                wasEmpty = false;
                // Octets of ours are counted, not looked at.
                if (Raw(lines, now)) wasEmpty = true;
                continue;
            }
            if (now is null)
            {
                if (line.Text.Trim((byte)'\r').IsEmpty) continue;
                throw new SourceException($"{name} is no mbox: it does not begin with a line \"From ...\"");
            }
            now.Add(line);
            wasEmpty = line.Text.IsEmpty || (line.Text.Length == 1 && line.Text[0] == '\r');
        }
        if (now is not null) messages.Add(now.End());
        now?.Dispose();
        return messages;
    }

    /// <summary>Writes a message with CRLF and without the `&gt;` that kept lines apart.</summary>
    public static void Copy(Stream file, MboxMessage message, Base.SpooledBody into)
    {
        file.Position = message.Offset;
        if (message.IsRaw)
        {
            using var piece = new PieceStream(file, message.Length);
            WireText.Copy(piece, into);
            return;
        }
        using var text = new PieceStream(file, message.Length);
        using var lines = new LineScan(text);
        var isTop = true;
        while (lines.Next(out var line))
        {
            // The fields that an export of ours put on top are not the message's.
            isTop = isTop && IsOurs(line.Text);
            if (isTop) continue;
            var octets = line.Text;
            if (octets.Length > 0 && octets[0] == '>' && octets.TrimStart((byte)'>').StartsWith("From "u8)) octets = octets[1..];
            into.Write(octets);
            if (!line.HasEnd) break;
            into.Write(octets is [.., (byte)'\r'] ? "\n"u8 : "\r\n"u8);
        }
    }

    public static bool IsOurs(ReadOnlySpan<byte> line) => line.StartsWith("X-Aviso-Flags: "u8) || line.StartsWith("X-Aviso-Octets: "u8);

    private static bool Raw(LineScan lines, Reading now)
    {
        if (!lines.Peek("X-Aviso-Flags: "u8) && !lines.Peek("X-Aviso-Octets: "u8)) return false;
        while (lines.Peek("X-Aviso-Flags: "u8) && lines.Next(out var flags)) now.Add(flags);
        if (!lines.Peek("X-Aviso-Octets: "u8) || !lines.Next(out var raw)) return false;
        now.Add(raw);
        if (!long.TryParse(Encoding.ASCII.GetString(raw.Text[RawField.Length..]), NumberStyles.None, CultureInfo.InvariantCulture,
            out var count)) return false;
        now.BeginRaw(raw.End, count, lines);
        return true;
    }

    private sealed class Reading(string fromLine, long offset) : IDisposable
    {
        private readonly IncrementalHash _digest = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        private readonly MemoryStream _header = new();
        private bool _inHeader = true;
        private int _empty;
        private readonly long _offset = offset;
        private long _end = offset, _endBeforeEmpty = offset;
        private (long At, long Length)? _raw;

        public void Add(in ScannedLine line)
        {
            var isEmpty = line.Text.IsEmpty || (line.Text.Length == 1 && line.Text[0] == '\r');
            if (_inHeader && isEmpty) _inHeader = false;
            if (_inHeader && _header.Length + line.Text.Length < MostHeader)
            {
                _header.Write(line.Text);
                _header.WriteByte((byte)'\n');
            }
            _endBeforeEmpty = isEmpty ? _end : line.End;
            _end = line.End;
            if (IsOurs(line.Text)) return;
            if (isEmpty)
            {
                _empty++;
                return;
            }
            Empty(_empty);
            _digest.AppendData(line.Text.TrimEnd((byte)'\r'));
            _digest.AppendData("\n"u8);
        }

        // The last one belongs to the file and not to the message.
        private void Empty(int count)
        {
            for (; count > 0; count--) _digest.AppendData("\n"u8);
            _empty = 0;
        }

        public void BeginRaw(long at, long count, LineScan lines)
        {
            _raw = (at, count);
            lines.Skip(count, piece => _digest.AppendData(piece));
            _end = _endBeforeEmpty = at + count;
            _inHeader = false;
        }

        public MboxMessage End()
        {
            Empty(_empty - 1);
            var key = System.Buffers.Binary.BinaryPrimitives.ReadUInt128BigEndian(_digest.GetHashAndReset());
            return _raw is { } raw ? new(raw.At, raw.Length, key, fromLine, _header.ToArray(), true)
                : new(_offset, _endBeforeEmpty - _offset, key, fromLine, _header.ToArray(), false);
        }

        public void Dispose()
        {
            _digest.Dispose();
            _header.Dispose();
        }
    }
}

/// <param name="end">Offset behind the line and its end.</param>
internal readonly ref struct ScannedLine(ReadOnlySpan<byte> text, long end, bool hasEnd)
{
    /// <summary>Without its LF; a CR stays.</summary>
    public ReadOnlySpan<byte> Text { get; } = text;

    public long End { get; } = end;

    public bool HasEnd { get; } = hasEnd;
}

/// <summary>Lines of a stream of any length; one that is longer than the buffer comes in pieces.</summary>
internal sealed class LineScan(Stream from) : IDisposable
{
    private readonly byte[] _buffer = ArrayPool<byte>.Shared.Rent(1 << 20);
    private int _start, _end;
    private long _base = from.CanSeek ? from.Position : 0;

    public bool Next(out ScannedLine line)
    {
        while (true)
        {
            var at = _buffer.AsSpan(_start, _end - _start).IndexOf((byte)'\n');
            if (at >= 0)
            {
                line = new(_buffer.AsSpan(_start, at), _base + _start + at + 1, true);
                _start += at + 1;
                return true;
            }
            if (_end - _start == _buffer.Length || !Fill())
            {
                line = new(_buffer.AsSpan(_start, _end - _start), _base + _end, false);
                var some = _end > _start;
                _start = _end;
                return some;
            }
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
