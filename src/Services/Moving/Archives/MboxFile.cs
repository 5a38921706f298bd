using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Aviso.Moving;

/// <summary>A message in an mbox file.</summary>
/// <param name="Offset">Of its first octet after the line that begins with "From ".</param>
/// <param name="Length">Octets in the file, without the empty line that ends it.</param>
/// <param name="Key">Digest of those octets, without the fields that programs rewrite in the file.</param>
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

    // What was read, answered, labelled and counted since: a later copy of the file has the same message with others.
    private static readonly string[] Rewritten =
    [
        "Status", "X-Status", "X-Keywords", "X-UID", "X-IMAP", "X-IMAPbase", "X-Gmail-Labels", "Content-Length", "Lines",
    ];

    /// <summary>Says each message when its end is known, so that nobody holds the headers of a whole file.</summary>
    /// <exception cref="SourceException">It is no mbox.</exception>
    public static void Index(Stream file, string name, Action<MboxMessage> each, CancellationToken cancel)
    {
        var messages = 0;
        using var lines = new LineScan(file);
        Reading? now = null;
        var wasEmpty = true;
        while (lines.Next(out var line))
        {
            if (wasEmpty && line.IsStart && line.Text.StartsWith("From "u8))
            {
                cancel.ThrowIfCancellationRequested();
                if (now is not null) each(now.End());
                if (++messages > MostMessages) throw new SourceException($"{name} has more than {MostMessages} messages");
                now?.Dispose();
#pragma warning disable CA2000 // the next message or the end of the file lets go of it
                now = new(Encoding.Latin1.GetString(line.Text[5..]).Trim(), line.End);
#pragma warning restore CA2000
                wasEmpty = false;
                // Octets of ours are counted, not looked at.
                if (!Raw(lines, now)) continue;
                wasEmpty = lines.Next(out var end) && end.IsEmpty && (lines.Peek("From "u8) || lines.IsAtEnd);
                if (!wasEmpty)
                    throw new SourceException($"{name}: the message at octet {now.Offset} does not end where its {RawField}says");
                continue;
            }
            if (now is null)
            {
                if (line.Text.Trim((byte)'\r').IsEmpty) continue;
                throw new SourceException($"{name} is no mbox: it does not begin with a line \"From ...\"");
            }
            now.Add(line);
            wasEmpty = line.IsEmpty;
        }
        if (now is not null) each(now.End());
        now?.Dispose();
    }

    /// <summary>Writes a message with CRLF and without the `&gt;` that kept lines apart.</summary>
    /// <param name="isRaw">As <see cref="MboxMessage.IsRaw"/>.</param>
    public static void Copy(Stream file, long offset, long length, bool isRaw, Base.SpooledBody into)
    {
        file.Position = offset;
        if (isRaw)
        {
            using var piece = new PieceStream(file, length);
            WireText.Copy(piece, into);
            return;
        }
        using var text = new PieceStream(file, length);
        using var lines = new LineScan(text);
        var isTop = true;
        while (lines.Next(out var line))
        {
            // The fields that an export of ours put on top are not the message's.
            isTop = isTop && IsOurs(line.Text);
            if (isTop) continue;
            var isKept = line.IsStart && line.Text is [(byte)'>', ..] && line.Text.TrimStart((byte)'>').StartsWith("From "u8);
            var octets = isKept ? line.Text[1..] : line.Text;
            into.Write(octets);
            if (line.HasEnd) into.Write(octets is [.., (byte)'\r'] ? "\n"u8 : "\r\n"u8);
        }
    }

    public static bool IsOurs(ReadOnlySpan<byte> line) => line.StartsWith("X-Aviso-Flags: "u8) || line.StartsWith("X-Aviso-Octets: "u8);

    private static bool IsRewritten(ReadOnlySpan<byte> line)
    {
        foreach (var name in Rewritten)
            if (line.Length > name.Length && line[name.Length] == ':' && Ascii.EqualsIgnoreCase(line[..name.Length], name)) return true;
        return false;
    }

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
        private bool _inHeader = true, _inRewritten;
        private int _empty;
        public long Offset { get; } = offset;
        private long _end = offset, _endBeforeEmpty = offset;
        private (long At, long Length)? _raw;

        public void Add(in ScannedLine line)
        {
            var isEmpty = line.IsEmpty;
            if (_inHeader && isEmpty) _inHeader = false;
            if (_inHeader && _header.Length + line.Text.Length < MostHeader)
            {
                _header.Write(line.Text);
                if (line.HasEnd) _header.WriteByte((byte)'\n');
            }
            _endBeforeEmpty = isEmpty ? _end : line.End;
            _end = line.End;
            // RFC 5322 §2.2.3: a line that begins with a blank goes on with the field before it.
            if (line.IsStart && line.Text is not [(byte)' ' or (byte)'\t', ..]) _inRewritten = _inHeader && IsRewritten(line.Text);
            if (IsOurs(line.Text) || _inRewritten) return;
            if (isEmpty)
            {
                _empty++;
                return;
            }
            Empty(_empty);
            _digest.AppendData(line.HasEnd ? line.Text.TrimEnd((byte)'\r') : line.Text);
            if (line.HasEnd) _digest.AppendData("\n"u8);
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
            var key = BinaryPrimitives.ReadUInt128BigEndian(_digest.GetHashAndReset());
            return _raw is { } raw ? new(raw.At, raw.Length, key, fromLine, _header.ToArray(), true)
                : new(Offset, _endBeforeEmpty - Offset, key, fromLine, _header.ToArray(), false);
        }

        public void Dispose()
        {
            _digest.Dispose();
            _header.Dispose();
        }
    }
}
