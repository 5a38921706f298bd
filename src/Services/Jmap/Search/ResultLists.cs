using System.Collections.Concurrent;
using Aviso.Store;

namespace Aviso.Jmap;

/// <summary>
/// Results of queries, kept for the next question and carried on with what changed, so that a page of a long list costs a page. The least
/// recently used go when they take more memory than they may.
/// </summary>
internal sealed class ResultLists(IMailStore store, long memoryCap = 64L << 20)
{
    // Beyond this it is cheaper to look at all emails again.
    private const int ManyChanges = 2_000;

    private readonly ConcurrentDictionary<(AccountId Account, string Plan), Kept> _kept = new();

    /// <summary>The result of a plan in this picture of the account, or a newer one.</summary>
    public async Task<ResultList> OfAsync(EmailQueryPlan plan, AccountMail mail, CancellationToken cancel)
    {
        var key = (mail.Account, plan.Name);
        var kept = _kept.GetOrAdd(key, static _ => new());
        kept.LastUse = Environment.TickCount64;
        if (kept.List is { } present && present.State == mail.State) return present;
        await kept.Gate.WaitAsync(cancel);
        try
        {
            if (kept.List is { } list && list.State == mail.State) return list;
            // An older picture is answered from what it is, and nothing newer is forgotten for it.
            if (kept.List is { } newer && newer.State > mail.State) return await MakeAsync(plan, mail, cancel);
            kept.List = kept.List is { } older && await CarryOnAsync(plan, mail, older, cancel) is { } carried
                ? carried : await MakeAsync(plan, mail, cancel);
            return kept.List;
        }
        finally
        {
            kept.Gate.Release();
            Evict(key);
        }
    }

    private async Task<ResultList> MakeAsync(EmailQueryPlan plan, AccountMail mail, CancellationToken cancel)
    {
        var rows = plan.IsOldestFirst ? mail.From(0) : mail.From(mail.Count - 1, backwards: true);
        var found = await new EmailSearch(store, mail, plan).RunAsync(rows, cancel);
        return new(mail.State, Sort(found, plan));
    }

    private async Task<ResultList?> CarryOnAsync(EmailQueryPlan plan, AccountMail mail, ResultList older, CancellationToken cancel)
    {
        if (await AffectedEmails.SinceAsync(store, mail, older.State, plan.IsMutable, plan.IsAboutThreads, cancel) is not { } affected
            || affected.Present.Count > ManyChanges) return null;
        if (affected.IsEmpty) return older with { State = mail.State };
        var order = new EmailOrder(plan);
        var fresh = Sort(await new EmailSearch(store, mail, plan).RunAsync(affected.Present.Values, cancel), plan);
        var merged = new List<SortedEmail>(older.Emails.Count + fresh.Count);
        var at = 0;
        foreach (var email in older.Emails)
        {
            if (affected.Before.Contains(email.Id)) continue;
            while (at < fresh.Count && order.Compare(fresh[at], email) < 0) merged.Add(fresh[at++]);
            merged.Add(email);
        }
        merged.AddRange(fresh.Skip(at));
        return new(mail.State, merged);
    }

    // Most come in the order they are asked for; what was decided in batches may not.
    private static List<SortedEmail> Sort(List<SortedEmail> found, EmailQueryPlan plan)
    {
        var order = new EmailOrder(plan);
        for (var i = 1; i < found.Count; i++)
        {
            if (order.Compare(found[i - 1], found[i]) <= 0) continue;
            found.Sort(order);
            break;
        }
        return found;
    }

    private void Evict((AccountId Account, string Plan) except)
    {
        var octets = _kept.Values.Sum(static kept => kept.List?.Octets ?? 0);
        foreach (var (key, kept) in _kept.ToArray().OrderBy(static pair => pair.Value.LastUse))
        {
            if (octets <= memoryCap) return;
            if (key == except || kept.List is not { } list) continue;
            if (_kept.TryRemove(new(key, kept))) octets -= list.Octets;
        }
    }

    private sealed class Kept
    {
        public SemaphoreSlim Gate { get; } = new(1, 1);

        public ResultList? List { get; set; }

        public long LastUse { get; set; }
    }
}
