using System.Text;
using Aviso.Base;
using Aviso.Store;

namespace Aviso.Imap;

/// <summary>What SORT and THREAD compare of one message.</summary>
internal sealed class SortRow(int index)
{
    public int Index => index;

    public long Date { get; init; }

    public string Subject { get; init; } = "";

    public bool IsReply { get; init; }

    public string MessageId { get; init; } = "";

    public IReadOnlyList<string> References { get; init; } = [];

    /// <summary>One text for each criterion that compares text.</summary>
    public string[] Texts { get; init; } = [];
}

/// <summary>RFC 5256 §3 and RFC 5957: orders found messages; text compares by i;unicode-casemap (§1).</summary>
internal static class SortRun
{
    private const int Batch = 512;

    public static async ValueTask<List<int>> OrderAsync(
        ImapSession session, SelectedMailbox box, List<int> found, List<SortCriterion> criteria)
    {
        var rows = await RowsAsync(session, box, found, criteria, threads: false);
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

    private static int Compare(MailboxView view, SortRow a, SortRow b, SortKey key, int criterion) => key switch
    {
        SortKey.Arrival => view[a.Index].InternalDate.CompareTo(view[b.Index].InternalDate),
        SortKey.Size => view[a.Index].Size.CompareTo(view[b.Index].Size),
        SortKey.Date => a.Date.CompareTo(b.Date),
        _ => string.CompareOrdinal(a.Texts[criterion], b.Texts[criterion]),
    };

    public static async ValueTask<List<SortRow>> RowsAsync(
        ImapSession session, SelectedMailbox box, List<int> found, List<SortCriterion> criteria, bool threads)
    {
        var rows = new List<SortRow>(found.Count);
        if (!threads && criteria.TrueForAll(c => c.Key is SortKey.Arrival or SortKey.Size))
            return found.ConvertAll(i => new SortRow(i));
        var view = box.View;
        for (var start = 0; start < found.Count; start += Batch)
        {
            var batch = found.GetRange(start, Math.Min(Batch, found.Count - start));
            var ids = batch.ConvertAll(i => view[i].Email);
            var made = new SortRow?[batch.Count];
            await session.Store.ShowEmailsAsync(
                session.Account, ids, ShownColumns.Keys, session.Server.Reader.Version,
                (int place, in ShownEmail email) => made[place] = Row(batch[place], view[batch[place]], email, criteria, threads),
                session.Cancel);
            for (var k = 0; k < batch.Count; k++) rows.Add(
                made[k] ?? await OldRowAsync(session, batch[k], view[batch[k]], criteria, threads));
        }
        return rows;
    }

    // Gone meanwhile, or rendered by an older version.
    private static async ValueTask<SortRow> OldRowAsync(
        ImapSession session, int index, Entry entry, List<SortCriterion> criteria, bool threads)
    {
        if ((await session.Store.EmailsAsync(session.Account, [entry.Email], session.Cancel))[0] is not { } email)
            return new(index) { Date = entry.InternalDate, Texts = criteria.ConvertAll(_ => "").ToArray() };
        // What an older version wrote is not compared with what this one writes.
        var rendered = email.Rendered;
        if (rendered.Version != session.Server.Reader.Version)
        {
            using var body = await session.Store.OpenBodyAsync(session.Account, email.Id, session.Cancel);
            if (body is not null) rendered = FetchWriter.Fresh(session, email, body);
        }
        return Row(
            index, entry,
            new()
            {
                Envelope = rendered.Envelope,
                SentDate = rendered.SentDate,
                BaseSubject = Encoding.UTF8.GetBytes(rendered.BaseSubject),
                MessageId = Encoding.UTF8.GetBytes(rendered.MessageId),
                References = Encoding.UTF8.GetBytes(string.Join('\n', rendered.References)),
            },
            criteria, threads);
    }

    private static SortRow Row(int index, in Entry entry, in ShownEmail email, List<SortCriterion> criteria, bool threads)
    {
        var texts = criteria.Count == 0 ? [] : new string[criteria.Count];
        for (var c = 0; c < texts.Length; c++) texts[c] = TextOf(email, criteria[c].Key);
        return new(index)
        {
            // RFC 5256 §2.2: without a readable Date, INTERNALDATE.
            Date = email.SentDate ?? entry.InternalDate,
            Texts = texts,
            Subject = threads ? Encoding.UTF8.GetString(email.BaseSubject) : "",
            IsReply = threads && Mime.BaseSubject.Of(EnvelopeReader.Subject(email.Envelope)).IsReplyOrForward,
            MessageId = threads ? Encoding.UTF8.GetString(email.MessageId) : "",
            References = threads && !email.References.IsEmpty ? Encoding.UTF8.GetString(email.References).Split('\n') : [],
        };
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
