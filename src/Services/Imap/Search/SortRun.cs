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

/// <summary>RFC 5256 §3 and RFC 5957: orders found messages; text compares upper-cased, code point by code point.</summary>
internal static class SortRun
{
    private const int Batch = 512;

    public static async ValueTask<List<int>> OrderAsync(ImapSession session, SelectedMailbox box, List<int> found, List<SortCriterion> criteria)
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
            var emails = await session.Store.EmailsAsync(session.Account, batch.ConvertAll(i => view[i].Email), session.Cancel);
            for (var k = 0; k < batch.Count; k++) rows.Add(Row(batch[k], view[batch[k]], emails[k], criteria, threads));
        }
        return rows;
    }

    private static SortRow Row(int index, in Entry entry, StoredEmail? email, List<SortCriterion> criteria, bool threads)
    {
        // RFC 5256 §2.2: without a readable Date, INTERNALDATE.
        if (email is null) return new(index) { Date = entry.InternalDate, Texts = criteria.ConvertAll(_ => "").ToArray() };
        var rendered = email.Rendered;
        return new(index)
        {
            Date = rendered.SentDate ?? entry.InternalDate,
            Subject = rendered.BaseSubject,
            IsReply = threads && Mime.BaseSubject.Of(EnvelopeReader.Subject(rendered.Envelope)).IsReplyOrForward,
            MessageId = rendered.MessageId,
            References = threads ? rendered.References : [],
            Texts = [.. criteria.Select(c => TextOf(rendered, c.Key))],
        };
    }

    private static string TextOf(Rendered rendered, SortKey key) => key switch
    {
        SortKey.Subject => rendered.BaseSubject,
        SortKey.From => First(rendered, EnvelopeReader.From, display: false),
        SortKey.To => First(rendered, EnvelopeReader.To, display: false),
        SortKey.Cc => First(rendered, EnvelopeReader.Cc, display: false),
        SortKey.DisplayFrom => First(rendered, EnvelopeReader.From, display: true),
        SortKey.DisplayTo => First(rendered, EnvelopeReader.To, display: true),
        _ => "",
    };

    // RFC 5256 §3: the mailbox of the first address. RFC 5957 §3: its display name, else mailbox@host.
    private static string First(Rendered rendered, int which, bool display)
    {
        var addresses = EnvelopeReader.Addresses(rendered.Envelope, which);
        if (addresses.Count == 0) return "";
        var (name, mailbox, host) = addresses[0];
        var text = !display ? mailbox : name.Length > 0 ? name : host.Length > 0 ? mailbox + "@" + host : mailbox;
        return SearchText.Fold(text).ToUpperInvariant();
    }
}
