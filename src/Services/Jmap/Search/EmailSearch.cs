using Aviso.Mime;
using Aviso.Store;

namespace Aviso.Jmap;

/// <summary>Finds the emails that match a plan, with what they are sorted by, in three passes that each decide what the one before could
/// not: rows of the picture, columns of the store in batches, octets one message at a time.</summary>
internal sealed class EmailSearch(IMailStore store, AccountMail mail, EmailQueryPlan plan)
{
    private const int Batch = 256;

    private readonly List<SortedEmail> _found = [];
    private readonly List<EmailRow> _open = new(Batch);
    private readonly bool _needsColumns = plan.Sort.Any(static c => c.IsInColumns);
    private EmailJudgement? _judgement;

    /// <summary>Those of these emails that match, as they come.</summary>
    public async Task<List<SortedEmail>> RunAsync(IEnumerable<EmailRow> rows, CancellationToken cancel)
    {
        _judgement = await new EmailJudgements(store, mail).OfAsync(plan.Filter, cancel);
        foreach (var row in rows)
        {
            var truth = _judgement?.Of(row, known: false, default, null) ?? Truth.Yes;
            if (truth == Truth.No) continue;
            if (truth == Truth.Yes && !_needsColumns) _found.Add(Sorted(row, default));
            else _open.Add(row);
            if (_open.Count == Batch) await DecideAsync(cancel);
        }
        await DecideAsync(cancel);
        return _found;
    }

    private async Task DecideAsync(CancellationToken cancel)
    {
        if (_open.Count == 0) return;
        cancel.ThrowIfCancellationRequested();
        var (truths, sorted) = (new Truth?[_open.Count], new SortedEmail?[_open.Count]);
        await store.ShowEmailsAsync(
            mail.Account, _open.ConvertAll(static row => row.Id), ShownColumns.Summary, ImapStructure.Version,
            (int place, in ShownEmail email) =>
            {
                truths[place] = Judge(_open[place], email, null);
                if (truths[place] != Truth.No) sorted[place] = Sorted(_open[place], email);
            },
            cancel);
        for (var i = 0; i < _open.Count; i++)
        {
            var isOpen = truths[i] is null or Truth.Unknown;
            var email = isOpen ? await LookInsideAsync(_open[i], cancel) : truths[i] == Truth.Yes ? sorted[i] : null;
            if (email is not null) _found.Add(email);
        }
        _open.Clear();
    }

    // What is damaged cannot be looked into; the store has said so in the log.
    private async Task<SortedEmail?> LookInsideAsync(EmailRow row, CancellationToken cancel)
    {
        if ((await store.EmailsAsync(mail.Account, [row.Id], cancel))[0] is not { } email) return null;
        using var body = await store.OpenBodyAsync(mail.Account, row.Id, cancel);
        if (body is null or { Fault: not null }) return null;
        var shown = new ShownEmail { Thread = email.Thread, Envelope = email.Rendered.Envelope, Parts = email.Rendered.Parts };
        var text = new EmailText(new(body, PartIndex.Read(email.Rendered.Parts)));
        return Judge(row, shown, text) == Truth.Yes ? Sorted(row, shown) : null;
    }

    private Truth Judge(in EmailRow row, scoped in ShownEmail email, EmailText? text) =>
        _judgement?.Of(row, known: true, email, text) ?? Truth.Yes;

    private SortedEmail Sorted(in EmailRow row, scoped in ShownEmail email)
    {
        var keys = plan.IsByReceived ? [] : new SortKey[plan.Sort.Count];
        for (var i = 0; i < keys.Length; i++)
        {
            keys[i] = plan.Sort[i].IsInColumns ? SortKey.OfColumns(plan.Sort[i], row, email) : SortKey.OfRow(plan.Sort[i], mail, row);
        }
        return new(row.Id, row.Thread, row.ReceivedAt, keys);
    }
}
