using Aviso.Store;
using Xunit;

namespace Aviso.Tests.Unit.Store;

/// <summary>
/// Random steps of IMAP's and of JMAP's kind. What JMAP's do is foretold from how the emails were, by the rules of design.md ("Message
/// model"), and compared with what the views show after.
/// </summary>
internal sealed class MixedRun(EmailSetTests.Scene scene, Random random)
{
    private static readonly string[] Words = ["$junk", "$forwarded", "work", "later", "important"];

    private readonly IMailStore _store = scene.Test.Store;
    private int _made;

    private AccountId Account => scene.Account;

    /// <summary>An email as JMAP sees it.</summary>
    internal sealed record Whole(SortedSet<string> Mailboxes, SortedSet<string> Keywords, IReadOnlyList<EntryPlace> Places);

    public async Task StepAsync()
    {
        scene.Test.Clock.Advance(TimeSpan.FromSeconds(random.Next(3)));
        switch (random.Next(12))
        {
            case 0 or 1: await scene.Test.DeliverAsync(Account, "x", (await AnyAsync()).Name, "", Some(Words, 2)); break;
            case 2: await FlagAsync(); break;
            case 3: await CopyAsync(); break;
            case 4 when random.Next(3) == 0: await ExpungeAsync(); break;
            case 5 when random.Next(4) == 0: await TreeAsync(); break;
            case 6: await ReplyAsync(); break;
            default: await SetAsync(); break;
        }
    }

    /// <summary>All emails that JMAP sees, from the views.</summary>
    public async Task<Dictionary<EmailId, Whole>> LookAsync()
    {
        var entries = new Dictionary<EmailId, List<(MailboxInfo Mailbox, Entry Entry, string[] Keywords)>>();
        foreach (var mailbox in await _store.ListMailboxesAsync(Account, default))
        {
            var view = (await _store.ViewAsync(Account, mailbox.Id, default))!;
            for (var i = 0; i < view.Count; i++)
            {
                if (view[i].Flags.System.HasFlag(SystemFlags.Deleted)) continue;
                if (!entries.TryGetValue(view[i].Email, out var all)) entries[view[i].Email] = all = [];
                all.Add((mailbox, view[i], Keywords(view, view[i].Flags)));
            }
        }
        return entries.ToDictionary(pair => pair.Key, pair => new Whole(
            [.. pair.Value.Select(entry => entry.Mailbox.Id.ToString())],
            [.. pair.Value.SelectMany(entry => entry.Keywords)
                .Where(word => word != "$seen" || pair.Value.TrueForAll(entry => entry.Keywords.Contains("$seen")))],
            [.. pair.Value.Select(entry => new EntryPlace(entry.Mailbox.Id, entry.Entry.Uid))]));
    }

    public static string[] Keywords(MailboxView view, EntryFlags flags)
    {
        var words = view.Keywords.Where((_, n) => ((flags.Keywords >> n) & 1) != 0).Select(word => word.ToLowerInvariant());
        foreach (var flag in (SystemFlags[])[SystemFlags.Seen, SystemFlags.Answered, SystemFlags.Flagged, SystemFlags.Draft])
            if (flags.System.HasFlag(flag)) words = words.Append("$" + flag.ToString().ToLowerInvariant());
        return [.. words];
    }

    private async Task SetAsync()
    {
        var before = await LookAsync();
        var mailboxes = (await _store.ListMailboxesAsync(Account, default)).Select(mailbox => mailbox.Id).ToArray();
        var expected = new Dictionary<EmailId, (SortedSet<string> Mailboxes, SortedSet<string> Keywords)>();
        foreach (var (id, email) in before) expected[id] = (new(email.Mailboxes), new(email.Keywords));
        var (updates, destroys, wanted) = (new List<EmailUpdate>(), new List<EmailDestroy>(), new List<StoreError>());
        foreach (var id in Some([.. before.Keys], 4))
        {
            var seen = random.Next(3) == 0 ? [] : before[id].Places;
            if (random.Next(5) == 0)
            {
                destroys.Add(new(id) { Seen = seen });
                expected.Remove(id);
                continue;
            }
            var (words, boxes) = (random.Next(2) == 0 ? null : RandomKeywords(), random.Next(2) == 0 ? null : RandomMailboxes(mailboxes));
            var update = new EmailUpdate(id, words, boxes) { Seen = seen };
            updates.Add(update);
            wanted.Add(Foretell(update, expected[id], out var after));
            if (wanted[^1] == StoreError.None) expected[id] = after;
        }
        var created = random.Next(3) > 0 ? null : new NewEmail(
            scene.Test.Body("new"), TestStore.Rendered("m" + _made++),
            [mailboxes[random.Next(mailboxes.Length)], mailboxes[random.Next(mailboxes.Length)]], SystemFlags.Seen, Some(Words, 2), 7);
        var done = await scene.SetAsync(new() { Create = created is null ? [] : [created], Update = updates, Destroy = destroys });
        created?.Body.Dispose();
        Assert.Equal(wanted, done.Updated);
        Assert.All(done.Destroyed, error => Assert.Equal(StoreError.None, error));
        if (created is not null)
            expected[done.Created[0].Value!.Email] = ([.. created.Mailboxes.Select(m => m.ToString())], [.. created.Keywords, "$seen"]);
        var shown = (await LookAsync()).Select(pair => (pair.Key, pair.Value.Mailboxes, pair.Value.Keywords));
        Assert.Equal(Show(expected.Select(pair => (pair.Key, pair.Value.Mailboxes, pair.Value.Keywords))), Show(shown));
        Assert.Equal(done.NewState, await _store.StateAsync(Account, default));
    }

    private static IEnumerable<string> Show(IEnumerable<(EmailId Id, SortedSet<string> Mailboxes, SortedSet<string> Keywords)> emails) =>
        emails.OrderBy(email => email.Id.Value)
            .Select(email => $"{email.Id} in {string.Join(',', email.Mailboxes)} with {string.Join(',', email.Keywords)}");

    private static StoreError Foretell(
        EmailUpdate update, (SortedSet<string> Mailboxes, SortedSet<string> Keywords) before,
        out (SortedSet<string> Mailboxes, SortedSet<string> Keywords) after)
    {
        after = (new(before.Mailboxes), new(before.Keywords));
        if (update.Mailboxes is { } move)
        {
            if (move.Whole) after.Mailboxes.Clear();
            after.Mailboxes.ExceptWith(move.Remove.Select(m => m.ToString()));
            after.Mailboxes.UnionWith(move.Add.Select(m => m.ToString()));
            if (after.Mailboxes.Count == 0) return StoreError.NotPermitted;
        }
        if (update.Keywords is { } words)
        {
            if (words.Whole) after.Keywords.Clear();
            after.Keywords.ExceptWith(Names(words.Remove));
            after.Keywords.UnionWith(Names(words.Add));
        }
        return StoreError.None;
    }

    private static IEnumerable<string> Names(KeywordSet set)
    {
        var names = set.Names.AsEnumerable();
        if (set.Flags.HasFlag(SystemFlags.Seen)) names = names.Append("$seen");
        if (set.Flags.HasFlag(SystemFlags.Flagged)) names = names.Append("$flagged");
        return names;
    }

    private KeywordsChange RandomKeywords()
    {
        var add = new KeywordSet((SystemFlags)random.Next(2) | (random.Next(2) == 0 ? SystemFlags.Flagged : 0), Some(Words, 2));
        var remove = new KeywordSet((SystemFlags)random.Next(2) & ~add.Flags, [.. Some(Words, 2).Except(add.Names)]);
        var whole = random.Next(2) == 0;
        return new(whole, add, whole ? KeywordSet.None : remove);
    }

    private MailboxesChange RandomMailboxes(MailboxId[] mailboxes)
    {
        var whole = random.Next(2) == 0;
        var add = Some(mailboxes, 2);
        return new(whole, add, whole ? [] : [.. Some(mailboxes, 3).Except(add)]);
    }

    private async Task FlagAsync()
    {
        var (mailbox, uids) = await UidsAsync();
        var flags = (SystemFlags)random.Next(32);
        await _store.StoreFlagsAsync(Account, mailbox.Id, uids, new((FlagOperation)random.Next(3), flags, Some(Words, 2)), null, default);
    }

    private async Task CopyAsync()
    {
        var (mailbox, uids) = await UidsAsync();
        await _store.CopyAsync(Account, mailbox.Id, uids, (await AnyAsync()).Id, random.Next(2) == 0, default);
    }

    private async Task ExpungeAsync()
    {
        var (mailbox, uids) = await UidsAsync();
        await _store.ExpungeAsync(Account, mailbox.Id, random.Next(2) == 0 ? null : uids, onlyDeleted: random.Next(4) > 0, default);
    }

    private async Task ReplyAsync()
    {
        var mailbox = await AnyAsync();
        using var body = scene.Test.Body("reply");
        var rendered = TestStore.Rendered("r" + _made++, "m" + random.Next(_made));
        await _store.AppendAsync(Account, mailbox.Id, [new(body, rendered, (SystemFlags)random.Next(32), [], random.Next(100))], default);
    }

    private async Task TreeAsync()
    {
        if (random.Next(2) == 0) await _store.CreateMailboxAsync(Account, $"Box{random.Next(4)}", SpecialUse.None, default);
        else await _store.DeleteMailboxAsync(Account, (await AnyAsync()).Id, default);
    }

    private async Task<MailboxInfo> AnyAsync()
    {
        var all = await _store.ListMailboxesAsync(Account, default);
        return random.Next(2) == 0 ? all.First(mailbox => mailbox.Name == "INBOX") : all[random.Next(all.Count)];
    }

    private async Task<(MailboxInfo Mailbox, uint[] Uids)> UidsAsync()
    {
        var mailbox = await AnyAsync();
        return (mailbox, [.. Enumerable.Range(0, random.Next(1, 5)).Select(_ => (uint)random.Next(1, (int)mailbox.UidNext + 1))]);
    }

    private T[] Some<T>(IReadOnlyList<T> of, int most)
    {
        var some = new HashSet<T>();
        for (var i = random.Next(most + 1); i > 0 && of.Count > 0; i--) some.Add(of[random.Next(of.Count)]);
        return [.. some];
    }
}
