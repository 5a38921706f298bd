using Aviso.Accounts;
using Aviso.Imap;
using Aviso.Store;

namespace Aviso.Moving;

/// <summary>What would happen to one mailbox.</summary>
/// <param name="Shown">What clients of the old server saw it as.</param>
/// <param name="Uids">"kept", or why not.</param>
public sealed record PlannedMailbox(
    string Name, string Shown, int Messages, int New, int Changed, int Deleted, long Octets, string Uids);

/// <summary>What would happen to one account.</summary>
/// <param name="State">"exists", "to be made" or why it cannot be.</param>
public sealed record PlannedAccount(
    string Address, string State, string Password, IReadOnlyList<PlannedMailbox> Mailboxes, IReadOnlyList<string> Scripts,
        IReadOnlyList<MoveNote> Notes);

/// <summary>All that a run would do; nothing was written.</summary>
public sealed record MovePlan(
    string Title, IReadOnlyList<PlannedAccount> Accounts, IReadOnlyList<string> Domains, IReadOnlyList<string> Aliases,
        IReadOnlyList<string> Keys,
    IReadOnlyList<MoveNote> Notes)
{
    public bool HasDamage => Notes.Concat(Accounts.SelectMany(account => account.Notes)).Any(note => note.Kind == NoteKind.Damaged);
}

/// <summary>Looks at both sides and says what a run would do.</summary>
internal sealed class Planner(MoveTarget target, AccountBook book, MoveWishes wishes)
{
    private const int MostNotes = 200;

    public async Task<MovePlan> PlanAsync(MoveSet set, CancellationToken cancel)
    {
        var accounts = new List<PlannedAccount>();
        foreach (var account in set.Accounts) accounts.Add(await PlanAsync(set, account, cancel));
        var domains = set.IsServer ? set.Domains.Where(domain => !book.Table.IsLocalDomain(domain)).ToList() : [];
        return new(set.Title, accounts, domains,
            [.. set.Aliases.Select(alias => $"{alias.Address} -> {string.Join(", ", alias.To)}")],
            [.. set.Keys.Select(key => $"{key.Selector}._domainkey.{key.Domain}")], [.. set.Notes.Take(MostNotes)]);
    }

    private async Task<PlannedAccount> PlanAsync(MoveSet set, MoveAccount account, CancellationToken cancel)
    {
        var there = book.Table.FindAccount(account.Address);
        var state = there is not null ? "exists" : set.IsServer ? "to be made"
            : "there is no such account; make it first with `aviso account add`";
        var password = there is not null ? "as it is here" : account.Hash is null ? "none" : account.HasUsableHash ? "kept"
            : "cannot be verified here";
        if (account.Mail is null) return new(account.Address, state, password, [], [], []);
        MailSource source;
        try
        {
            source = account.Mail();
        }
        catch (SourceException e)
        {
            return new(account.Address, state, password, [], [], [new(NoteKind.Damaged, account.From, e.Message)]);
        }
        using (source)
        {
            var notes = new List<MoveNote>();
            var mailboxes = await MailboxesAsync(source, there, notes, cancel);
            var scripts = source.Scripts.ByName.Keys.Select(name => name == source.Scripts.Active ? name + " (active)" : name).ToList();
            foreach (var (name, text) in source.Scripts.ByName)
                if (MoveHabits.ProblemOf(name, text) is { } no) notes.Add(new(NoteKind.Lost, $"script {name}", "does not compile here: "
                    + no));
            return new(account.Address, state, password, mailboxes, scripts, [.. source.Notes.Concat(notes).Take(MostNotes)]);
        }
    }

    private async Task<List<PlannedMailbox>> MailboxesAsync(MailSource source, AccountId? account, List<MoveNote> notes,
        CancellationToken cancel)
    {
        var label = wishes.Label ?? source.Kind;
        var taken = account is { } id ? await TakenMailbox.LoadAsync(target.Store, id, cancel) : [];
        var here = (account is { } known ? await target.Store.ListMailboxesAsync(known, cancel) : []).ToDictionary(box =>
            box.Name, StringComparer.Ordinal);
        var planned = new List<PlannedMailbox>();
        var mailboxes = source.Mailboxes;
        if (account is { } whose)
        {
            var boxes = await KnownMailboxes.LoadAsync(target, whose, source, label, taken.Values, cancel);
            notes.AddRange(mailboxes.Select(mailbox => boxes.WhyNot(mailbox.Name)).OfType<MoveNote>());
            mailboxes = [.. mailboxes.Where(mailbox => boxes.WhyNot(mailbox.Name) is null)];
            foreach (var mailbox in mailboxes)
                if (boxes.Find(mailbox.Name) is { } renamed) here[mailbox.Name] = renamed;
        }
        foreach (var mailbox in mailboxes)
        {
            var messages = source.Read(mailbox, cancel);
            var box = here.GetValueOrDefault(mailbox.Name);
            if (box is not null && taken.GetValueOrDefault((label, box.Id)) is { } old
                && old.All.Any(message => message.Uid > 0 && source.IsOutdated(mailbox, message.Key)))
                notes.Add(new(NoteKind.Damaged, mailbox.Place, "its UIDVALIDITY changed since the last run: nothing of it is taken or "
                    + "deleted without --allow-deletes"));
            var diff = MailboxDiff.Of(source, messages, taken.Values, label, box?.Id);
            planned.Add(new(mailbox.Name, mailbox.Shown, messages.Count, diff.New.Count, diff.Changed.Count, source.TellsOfDeletion
                ? diff.Gone.Count : 0,
                messages.Sum(message => Math.Max(0, message.Size)), Uids(mailbox, box)));
        }
        if (account is { } there && MovedSource.WhyNot(await MovedSource.LoadAsync(target.Store, there, label, cancel), source, wishes)
            is { } no) notes.Add(new(NoteKind.Damaged, source.Place, no));
        if (await NamesAsync(source, account, here.Values, cancel) is { } note) notes.Add(note);
        return planned;
    }

    private async Task<MoveNote?> NamesAsync(
        MailSource source, AccountId? account, IReadOnlyCollection<MailboxInfo> here, CancellationToken cancel)
    {
        if (source.Separator is not { } separator) return null;
        var naming = account is { } known ? await MailboxNaming.LoadAsync(target.Store, known, cancel) : MailboxNaming.Plain;
        var theirs = new MailboxNaming(separator, source.Prefix);
        if (!theirs.IsValid) return new(NoteKind.Changed, source.Place,
            $"clients saw `{separator}` between levels of folders and `{source.Prefix}` before names, and see `{naming.Separator}` and "
            + $"`{naming.Prefix}` here: what they keep by name is kept for folders without levels");
        if (naming == theirs || here.All(box => box.UidNext == 1))
            return theirs == MailboxNaming.Plain ? null : new(NoteKind.Carried, source.Place,
                $"IMAP clients go on seeing `{separator}` between levels of folders"
                    + (source.Prefix.Length > 0 ? $" and `{source.Prefix}` before every name but INBOX" : ""));
        return new(NoteKind.Changed, source.Place,
            $"clients saw `{separator}` between levels of folders and see `{naming.Separator}` here, where the "
            + "account is in use: what they keep by name is kept for folders without levels. `aviso import names` changes it");
    }

    private static string Uids(SourceMailbox there, MailboxInfo? here) =>
        there.UidValidity == 0 ? "new: the source has none"
        : here is null || here.UidValidity == there.UidValidity || here.UidNext == 1 ? "kept"
        : "new: the mailbox here has given out its own";
}
