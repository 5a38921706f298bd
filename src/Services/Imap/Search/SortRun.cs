using System.Text;
using Aviso.Base;
using Aviso.Mime;
using Aviso.Store;

namespace Aviso.Imap;

/// <summary>RFC 5256 §3 and RFC 5957: orders found messages; text compares by i;unicode-casemap (§1).</summary>
internal static class SortRun
{
    private const int Batch = 512;

    /// <summary>What is compared of one message.</summary>
    /// <param name="Texts">One for each criterion that compares text; empty without one.</param>
    private sealed record Row(int Index, long Date, string[] Texts);

    public static async ValueTask<List<int>> OrderAsync(
        ImapSession session, SelectedMailbox box, List<int> found, List<SortCriterion> criteria)
    {
        var rows = await RowsAsync(session, box.View, found, criteria);
        var view = box.View;
        rows.Sort((a, b) =>
        {
            for (var c = 0; c < criteria.Count; c++)
            {
                var order = Compare(view, a, b, criteria[c].Key, c);
                if (order != 0) return criteria[c].Reverse ? -order : order;
            }
            // RFC 5256 §3: ties fall in mailbox order.
            return a.Index.CompareTo(b.Index);
        });
        return rows.ConvertAll(r => r.Index);
    }

    private static int Compare(MailboxView view, Row a, Row b, SortKey key, int criterion) => key switch
    {
        SortKey.Arrival => view[a.Index].InternalDate.CompareTo(view[b.Index].InternalDate),
        SortKey.Size => view[a.Index].Size.CompareTo(view[b.Index].Size),
        SortKey.Date => a.Date.CompareTo(b.Date),
        _ => string.CompareOrdinal(a.Texts[criterion], b.Texts[criterion]),
    };

    private static async ValueTask<List<Row>> RowsAsync(
        ImapSession session, MailboxView view, List<int> found, List<SortCriterion> criteria)
    {
        if (criteria.TrueForAll(c => c.Key is SortKey.Arrival or SortKey.Size)) return found.ConvertAll(i => new Row(i, 0, []));
        if (criteria.Exists(c => c.Key is not (SortKey.Arrival or SortKey.Size or SortKey.Date)))
            return await TextRowsAsync(session, view, found, criteria);
        var keys = await session.Server.Keys.OfAsync(session, view, found);
        var rows = new List<Row>(found.Count);
        // RFC 5256 §2.2: without a readable Date, INTERNALDATE.
        for (var k = 0; k < keys.Length; k++) rows.Add(new(found[k], keys[k].SentDate ?? view[found[k]].InternalDate, []));
        return rows;
    }

    private static async ValueTask<List<Row>> TextRowsAsync(
        ImapSession session, MailboxView view, List<int> found, List<SortCriterion> criteria)
    {
        var rows = new List<Row>(found.Count);
        for (var start = 0; start < found.Count; start += Batch)
        {
            var batch = found.GetRange(start, Math.Min(Batch, found.Count - start));
            var ids = batch.ConvertAll(i => view[i].Email);
            var made = new Row?[batch.Count];
            await session.Store.ShowEmailsAsync(
                session.Account, ids, ShownColumns.Keys, session.Server.Reader.Version,
                (int place, in ShownEmail email) => made[place] = RowOf(batch[place], view[batch[place]], email, criteria),
                session.Cancel);
            for (var k = 0; k < batch.Count; k++) rows.Add(made[k] ?? await OldRowAsync(session, batch[k], view[batch[k]], criteria));
        }
        return rows;
    }

    // Gone meanwhile, or rendered by an older version.
    private static async ValueTask<Row> OldRowAsync(ImapSession session, int index, Entry entry, List<SortCriterion> criteria) =>
        await RenderedAsync(session, entry.Email) is { } rendered ? RowOf(index, entry, Shown(rendered), criteria)
            : new(index, entry.InternalDate, criteria.ConvertAll(_ => "").ToArray());

    /// <summary>As this version of Mime renders it, whatever version stored it; null when it is gone.</summary>
    public static async ValueTask<Rendered?> RenderedAsync(ImapSession session, EmailId id)
    {
        if ((await session.Store.EmailsAsync(session.Account, [id], session.Cancel))[0] is not { } email) return null;
        if (email.Rendered.Version == session.Server.Reader.Version) return email.Rendered;
        using var body = await session.Store.OpenBodyAsync(session.Account, email.Id, session.Cancel);
        return body is null or { Fault: not null } ? email.Rendered : FetchWriter.Fresh(session, email, body);
    }

    public static ShownEmail Shown(Rendered rendered) => new()
    {
        Envelope = rendered.Envelope,
        SentDate = rendered.SentDate,
        BaseSubject = Encoding.UTF8.GetBytes(rendered.BaseSubject),
        MessageId = Encoding.UTF8.GetBytes(rendered.MessageId),
        References = Encoding.UTF8.GetBytes(string.Join('\n', rendered.References)),
    };

    private static Row RowOf(int index, in Entry entry, in ShownEmail email, List<SortCriterion> criteria)
    {
        var texts = new string[criteria.Count];
        for (var c = 0; c < texts.Length; c++) texts[c] = TextOf(email, criteria[c].Key);
        return new(index, email.SentDate ?? entry.InternalDate, texts);
    }

    private static string TextOf(in ShownEmail rendered, SortKey key) => key switch
    {
        SortKey.Subject => Encoding.UTF8.GetString(rendered.BaseSubject),
        SortKey.From => First(rendered, EnvelopeReader.From, display: false),
        SortKey.To => First(rendered, EnvelopeReader.To, display: false),
        SortKey.Cc => First(rendered, EnvelopeReader.Cc, display: false),
        SortKey.DisplayFrom => First(rendered, EnvelopeReader.From, display: true),
        SortKey.DisplayTo => First(rendered, EnvelopeReader.To, display: true),
        _ => "",
    };

    // RFC 5256 §3: the mailbox of the first address. RFC 5957 §3: its display name, else mailbox@host.
    private static string First(in ShownEmail rendered, int which, bool display)
    {
        var addresses = EnvelopeReader.Addresses(rendered.Envelope, which);
        if (addresses.Count == 0) return "";
        var (name, mailbox, host) = addresses[0];
        var text = !display ? mailbox : name.Length > 0 ? name : host.Length > 0 ? mailbox + "@" + host : mailbox;
        return UnicodeCasemap.Key(text);
    }
}
