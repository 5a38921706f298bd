using Aviso.Base;
using Aviso.Store;

namespace Aviso.Imap;

/// <summary>
/// The octets of the messages of one APPEND or REPLACE: a literal as it came, or the parts of CATENATE (RFC 4469 §3) put together in the
/// spool, unchanged. No flag is set on what is copied from.
/// </summary>
internal sealed class AppendedBodies(ImapSession session, IReadOnlyList<SpooledBody> literals) : IDisposable
{
    private readonly List<SpooledBody> _made = [];
    private int _next;

    /// <summary>The body of the next message, or why there is none.</summary>
    public async ValueTask<(SpooledBody? Body, Completion Problem)> NextAsync(AppendOptions options)
    {
        if (!options.IsCatenated) return (literals[_next++], default);
        var body = session.Store.Spool.Begin();
        _made.Add(body);
        foreach (var part in options.Parts)
        {
            if (part.Url is null) literals[_next++].ForEachPiece(piece => body.Write(piece.Span));
            else if (await CopyAsync(body, part.Url) is { } problem) return (null, problem);
            // RFC 4469 §4.2, RFC 7889 §4.
            if (body.Length > session.Options.MessageSize) return (null, Completion.No("TOOBIG", "The message is larger than APPENDLIMIT"));
        }
        return (body, default);
    }

    private async ValueTask<Completion?> CopyAsync(SpooledBody into, string text)
    {
        if (MessageUrl.Parse(text, session.Utf8Names) is not { } url) return Bad(text, "That is no URL of a message in this session");
        // RFC 4469 §3: the octets leave the message, as they would by FETCH.
        if (session.Scope is { SearchOnly: true }) return Completion.NotAllowed;
        var mailbox = url.Mailbox is null ? session.Box?.Id : (await session.Mailboxes.FindMailboxAsync(session.Account, url.Mailbox, session.Cancel))?.Id;
        if (mailbox is null || await session.Store.ViewAsync(session.Account, mailbox.Value, session.Cancel) is not { } view
            || (url.UidValidity ?? view.UidValidity) != view.UidValidity) return Bad(text, "There is no such mailbox");
        if (view.IndexOf(url.Uid) is not (>= 0 and var at)
            || (await session.Store.EmailsAsync(session.Account, [view[at].Email], session.Cancel))[0] is not { } email)
            return Bad(text, "There is no such message");
        using var body = await session.Store.OpenBodyAsync(session.Account, email.Id, session.Cancel);
        if (body is null) return Bad(text, "There is no such message");
        var found = SectionFinder.Find(url.Section, FetchWriter.Fresh(session, email, body), body);
        if (!found.Exists) return Bad(text, "The message has no such part");
        return Copy(into, body, url.Section, found) ? null : Completion.No("TOOBIG", "The message is larger than APPENDLIMIT");
    }

    private bool Copy(SpooledBody into, StoredBody body, FetchSection section, FoundSection found)
    {
        var offset = Math.Min(section.Offset, found.Length);
        var length = Math.Min(section.Length, found.Length - offset);
        if (into.Length + length > session.Options.MessageSize) return false;
        if (found.Made is { } made)
        {
            into.Write(made.AsSpan((int)offset, (int)length));
            return true;
        }
        var piece = new byte[Math.Min(length, 64 * 1024)];
        for (var at = found.Offset + offset; length > 0;)
        {
            var count = body.Read(at, piece.AsSpan(0, (int)Math.Min(piece.Length, length)));
            if (count == 0) throw new EndOfStreamException("a stored message is shorter than its size says");
            into.Write(piece.AsSpan(0, count));
            (at, length) = (at + count, length - count);
        }
        return true;
    }

    // RFC 4469 §4.1: the URL stands in the code, which cannot hold "]" and controls.
    private static Completion Bad(string url, string text) =>
        Completion.No("BADURL " + string.Concat(url.Select(c => c is ']' or < ' ' or > '~' ? Uri.EscapeDataString(c.ToString()) : c.ToString())), text);

    public void Dispose() => _made.ForEach(body => body.Dispose());
}
