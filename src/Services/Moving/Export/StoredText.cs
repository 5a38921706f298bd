using System.Globalization;
using System.Text;
using Aviso.Imap;
using Aviso.Store;

namespace Aviso.Moving;

/// <summary>Octets of stored messages on their way out.</summary>
internal static class StoredText
{
    /// <summary>Every line ends with CRLF, the last one too, and no CR or LF stands elsewhere.</summary>
    public static bool IsLines(StoredBody body) => HasOnlyCrLf(body, out var last) && last == '\n';

    /// <summary>No CR and no LF stands alone: LF for CRLF can be undone.</summary>
    public static bool HasOnlyCrLf(StoredBody body) => HasOnlyCrLf(body, out _);

    private static bool HasOnlyCrLf(StoredBody body, out byte last)
    {
        var octets = new byte[64 * 1024];
        last = 0;
        for (long at = 0; body.Read(at, octets) is > 0 and var read; at += read)
        {
            foreach (var octet in octets.AsSpan(0, read))
            {
                if (octet == '\n' != (last == '\r')) return false;
                last = octet;
            }
        }
        return last != '\r';
    }

    /// <summary>The octets of a message, read against their checksum once; null when they cannot be given out, which a note says.</summary>
    public static async Task<StoredBody?> OpenAsync(
        IMailStore store, AccountId account, MailboxInfo mailbox, Entry entry, List<MoveNote> notes, CancellationToken cancel)
    {
        var body = await store.OpenBodyAsync(account, entry.Email, cancel);
        if ((body is null ? "its octets are not there" : body.Prove()) is not { } fault) return body;
        body?.Dispose();
        notes.Add(new(NoteKind.Lost, string.Create(CultureInfo.InvariantCulture, $"{mailbox.Name} UID {entry.Uid}"),
            body is null ? fault : $"is damaged here and was left out: {fault}"));
        return null;
    }

    public static void Copy(StoredBody body, Stream into)
    {
        var octets = new byte[64 * 1024];
        for (long at = 0; body.Read(at, octets) is > 0 and var read; at += read) into.Write(octets.AsSpan(0, read));
    }
}

/// <summary>Names of mailboxes and keywords outside.</summary>
internal static class ExportNames
{
    // Linux: NAME_MAX, and PATH_MAX without the zero and the name of a message's file.
    private const int LongestName = 255, LongestPath = 3800;

    /// <summary>Such a file or folder can be made.</summary>
    public static bool Fits(string path) => Encoding.UTF8.GetByteCount(path) <= LongestPath
        && path.Split('/').All(name => Encoding.UTF8.GetByteCount(name) <= LongestName);

    public static MoveNote TooLong(string name) => new(NoteKind.Lost, name,
        $"its name is longer than the {LongestName} octets that a folder's may have; rename it and export again");

    /// <summary>A mailbox's name as a path: levels in modified UTF-7, as Maildirs have them.</summary>
    public static string Path(string mailbox) =>
        string.Join('/', mailbox.Split('/').Select(level => level is "." or ".." ? level.Replace('.', '_') : ModifiedUtf7.Encode(level)));

    public static IEnumerable<string> Keywords(MailboxView view, Entry entry)
    {
        for (var number = 0; number < view.Keywords.Count; number++)
            if (((entry.Flags.Keywords >> number) & 1) != 0) yield return view.Keywords[number];
    }
}

/// <summary>A stored message as a stream.</summary>
internal sealed class StoredStream(StoredBody body) : Stream
{
    private long _at;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => body.Length;

    public override long Position
    {
        get => _at;
        set => throw new NotSupportedException();
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override int Read(Span<byte> buffer)
    {
        var read = body.Read(_at, buffer);
        _at += read;
        return read;
    }

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
