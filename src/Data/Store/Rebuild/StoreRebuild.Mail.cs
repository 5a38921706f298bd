using Aviso.Base;
using Aviso.Store.Blobs;
using Aviso.Store.Commit;
using Aviso.Store.Sqlite;

namespace Aviso.Store.Rebuild;

/// <summary>Mailboxes and what is in them.</summary>
public sealed partial class StoreRebuild
{
    /// <summary>On messages that came back with octets that are not those that were stored.</summary>
    private const string DamagedKeyword = "$Damaged";

    private void RestoreMailboxes(CancellationToken cancel)
    {
        foreach (var ids in ByAddress().ToArray())
        {
            foreach (var id in ids)
            {
                foreach (var (mailbox, state) in State.Accounts[id].Mailboxes)
                {
                    cancel.ThrowIfCancellationRequested();
                    RestoreMailbox(new(ids[0]), State.Accounts[id], id == ids[0], mailbox, state);
                }
            }
            var account = _batch.Account(new(ids[0]))!;
            if (account.Find("INBOX") is null) MakeFirst(account);
        }
    }

    /// <summary>Nothing tells what mailboxes there were: those that a new account has, so that junk and sent mail have a place.</summary>
    private void MakeFirst(OpenAccount account)
    {
        foreach (var (name, use) in SqliteMailStore.FirstMailboxes)
        {
            if (account.Find(name) is not null) continue;
            _batch.CreateMailbox(account, name, account.ById.Values.Any(other => other.Use == use) ? SpecialUse.None : use);
            _db.Use(Statements.Subscribe).Add(account.Id).Add(name).Run();
            _findings.Mailboxes++;
            _findings.NewUidValidity.Add($"{account.Row.Address} {name}");
        }
    }

    private void RestoreMailbox(AccountId id, JournalAccount owner, bool isLiving, long mailboxId, JournalMailbox state)
    {
        var account = _batch.Account(id)!;
        // A name that a lost line would have explained: keep the messages under a name of their own.
        var name = state.Name.Length > 0 ? state.Name : "Recovered " + IdText.Format(mailboxId);
        var there = account.Find(name);
        // Two accounts of one address, each with the mailbox: its messages go behind those of the living one.
        var keeps = isLiving && there is null && owner.ModSeq is not null && state.UidValidity > 0 && state.UidNext < uint.MaxValue - (100 * SafeDistance);
        var mailbox = there ?? Make(account, mailboxId, name, state, keeps);
        if (there is null && !keeps) _findings.NewUidValidity.Add($"{account.Row.Address} {name}");
        RestoreKeywords(account, mailbox, state, isFresh: there is null);
        foreach (var (entry, value) in state.Metadata) _db.Use(Statements.SetMetadata).Add(id.Value).Add(mailbox.Id).Add(entry).Add(value).Run();
        foreach (var (uid, entry) in state.Entries)
        {
            if (_bodies.Emails.TryGetValue(entry.Email, out var found))
            {
                if (keeps) account.ById[mailbox.Id].UidNext = uid;
                Restore(id, mailbox.Id, found.Record, found.Target, entry.Flags.System, Names(state, entry.Flags.Keywords), entry.InternalDate);
            }
            else _findings.Lost.Add($"{account.Row.Address} {name} UID {uid}: email {IdText.Format(entry.Email)} is on no disk");
            account = _batch.Account(id)!;
        }
        if (keeps) SetUidNext(account, account.ById[mailbox.Id], state.UidNext + SafeDistance);
    }

    private OpenMailbox Make(OpenAccount account, long mailboxId, string name, JournalMailbox state, bool keeps)
    {
        _findings.Mailboxes++;
        var use = account.ById.Values.Any(other => other.Use == state.Use) ? SpecialUse.None : state.Use;
        return _batch.RestoreMailbox(account, mailboxId, name, use, keeps ? state.UidValidity : _batch.NextUidValidity(), state.SortOrder);
    }

    private void SetUidNext(OpenAccount account, OpenMailbox mailbox, uint next)
    {
        _batch.Delta(account, mailbox);
        mailbox.UidNext = mailbox.FirstRecent = next;
    }

    private void RestoreKeywords(OpenAccount account, OpenMailbox mailbox, JournalMailbox state, bool isFresh)
    {
        if (!isFresh) return;
        var keywords = new List<string>();
        foreach (var (number, keyword) in state.Keywords)
            if (number == keywords.Count) keywords.Add(keyword);
        _batch.TryKeywords(account, mailbox, keywords, add: true, out _);
    }

    private static string[] Names(JournalMailbox state, UInt128 mask) =>
        mask == 0 ? [] : [.. state.Keywords.Where(pair => ((mask >> pair.Key) & 1) != 0).Select(pair => pair.Value)];

    /// <summary>An email the journal never named: its line was lost, so it is where it was delivered, with the flags it came with.</summary>
    private void RestoreUnnamed(long email, FoundRecord record, RecordTarget target)
    {
        if (_findings.Emails.Contains(email)) return;
        if (State.SeenEmails.Contains(email) || email <= State.Mark || State.GoneAccounts.Contains(target.Account))
        {
            _findings.LeftOut++;
            return;
        }
        if (!_accountOf.TryGetValue(target.Account, out var id) || _batch.Account(new(id)) is not { } account)
        {
            _findings.Lost.Add($"email {IdText.Format(email)}: its account {IdText.Format(target.Account)} is not known");
            return;
        }
        var mailbox = account.Find(target.Mailbox) ?? account.Find("INBOX")!;
        Restore(new(id), mailbox.Id, record, target, target.Flags, target.Keywords, target.InternalDate);
    }

    private void Restore(
        AccountId id, long mailboxId, FoundRecord record, RecordTarget target, SystemFlags flags, IReadOnlyList<string> keywords,
        long internalDate)
    {
        var account = _batch.Account(id)!;
        var mailbox = account.ById[mailboxId];
        if (record.Fault is not null) keywords = [.. keywords, DamagedKeyword];
        _batch.TryKeywords(account, mailbox, keywords, add: true, out var mask);
        AppendedEntry appended;
        if (!_findings.Emails.Add(target.Email))
        {
            var size = target.Prefix.Length + record.Record.BodyLength;
            var origin = _batch.HoldEmail(new(target.Email), new(flags, mask), account.ModSeq);
            var entry = new Entry(0, new(flags, mask), account.ModSeq, new(target.Email), internalDate, _batch.Now, size);
            appended = _batch.AddEntry(account, mailbox, entry, origin);
        }
        else
        {
            Hold(record);
            appended = _batch.AddEmail(
                account, mailbox, target.Email, record.Record.BodyId, Render(record), target.Prefix.Span, record.Record.BodyLength,
                new(flags, mask), internalDate, account.ModSeq);
        }
        if (record.Fault is not null)
            _findings.Marked.Add($"{account.Row.Address} {mailbox.Name} UID {appended.Uid}: email {IdText.Format(target.Email)}, {record.Fault}");
        _findings.Entries++;
        if (++_pending < EntriesAChange) return;
        End();
        Begin();
    }
}
