using Aviso.Mime;
using Aviso.Store;

namespace Aviso.Pop3;

/// <summary>A message, or its beginning, as a multi-line reply.</summary>
internal static class MessageReply
{
    private const int Piece = 32 * 1024;
    private const int LongestHeader = 1024 * 1024;

    public static async ValueTask<Reply> SendAsync(Pop3Session session, Entry entry, int? bodyLines)
    {
        using var body = await session.Server.Store.OpenBodyAsync(session.Account, entry.Email, session.Cancel);
        if (body is null) return Reply.No("", "That message was removed meanwhile");
        if (body.Prove() is { } fault)
        {
            Pop3Log.Damaged(session.Server.Log, session.Connection.Id, session.Who?.Address ?? "", entry.Email.ToString(), fault);
            return Reply.No("SYS/PERM", "That message is damaged on the disk; its owner should ask the administrator");
        }
        var length = 0;
        var header = session.Utf8 ? null : SevenBitHeader(body, out length);
        session.Writer.Begin(Reply.Ok(bodyLines is null ? FormattableString.Invariant($"{entry.Size} octets") : "The beginning follows"));
        var lines = new MessageLines(octets => session.Writer.Bytes(octets.Span), bodyLines);
        if (header is not null) lines.Write(header);
        var offset = header is null ? 0L : length;
        var piece = new byte[Piece];
        while (!lines.IsFull && body.Read(offset, piece) is var read and > 0)
        {
            offset += read;
            lines.Write(piece.AsMemory(0, read));
            if (!await session.Writer.GoOnAsync()) return Reply.Silent;
            session.Heard();
        }
        lines.Finish();
        session.Writer.IsInLines = false;
        return Reply.Silent;
    }

    /// <summary>RFC 6856 §2.1: who did not ask for UTF-8 gets a surrogate of a header that has it. Null: it has none.</summary>
    /// <param name="length">Octets of the header that it stands for.</param>
    private static byte[]? SevenBitHeader(StoredBody body, out int length)
    {
        var octets = new byte[Piece];
        var filled = 0;
        while (true)
        {
            var read = body.Read(filled, octets.AsSpan(filled));
            filled += read;
            length = HeaderFields.LengthOf(octets.AsSpan(0, filled));
            if (length > 0 || read == 0 || filled >= LongestHeader) break;
            if (filled == octets.Length) Array.Resize(ref octets, octets.Length * 2);
        }
        if (length <= 0) length = filled;
        var header = octets.AsSpan(0, length);
        return System.Text.Ascii.IsValid(header) ? null : SurrogateHeader.Of(header);
    }
}
