using Aviso.Store;

namespace Aviso.Jmap;

/// <summary>Which emails may have come into a result, left it or changed their place in it since a state (RFC 8620 §5.6).</summary>
/// <param name="Present">Emails that are there now and came, or changed, or whose thread did where that matters.</param>
/// <param name="Before">Emails that were there at that state: those of <paramref name="Present"/> that are older, and those that are
/// gone.</param>
internal sealed record AffectedEmails(IReadOnlyDictionary<EmailId, EmailRow> Present, IReadOnlySet<EmailId> Before)
{
    public bool IsEmpty => Present.Count + Before.Count == 0;

    /// <summary>Null: the log does not reach back so far, or no state was ever called that.</summary>
    /// <param name="mutable">Changes of emails that stay matter.</param>
    /// <param name="wholeThreads">So do the other emails of their threads.</param>
    public static async Task<AffectedEmails?> SinceAsync(
        IAccountChanges store, AccountMail mail, long since, bool mutable, bool wholeThreads, CancellationToken cancel)
    {
        if (since > mail.State) return null;
        var left = await store.GoneAsync(mail.Account, since, mail.State, cancel);
        if (!left.Complete) return null;
        var (present, before, threads) = (new Dictionary<EmailId, EmailRow>(), new HashSet<EmailId>(), new HashSet<ThreadId>());
        foreach (var slot in mail.Rows.ChangedSince(since))
        {
            if (mutable || mail.Rows[slot].CreatedModSeq > since) Add(mail.Rows[slot]);
        }
        foreach (var email in left.Emails)
        {
            threads.Add(email.Thread);
            if (email.CreatedModSeq <= since) before.Add(email.Email);
            if (mail.TryFind(email.Email, out var again)) Add(again);
        }
        if (wholeThreads)
        {
            foreach (var row in threads.ToList().SelectMany(mail.Thread)) Add(row);
        }
        return new(present, before);

        void Add(in EmailRow row)
        {
            present[row.Id] = row;
            threads.Add(row.Thread);
            if (row.CreatedModSeq <= since) before.Add(row.Id);
        }
    }
}
