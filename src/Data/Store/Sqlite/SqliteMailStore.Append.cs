using Aviso.Base;
using Aviso.Store.Blobs;
using Aviso.Store.Commit;

namespace Aviso.Store;

public sealed partial class SqliteMailStore : IEntries
{
    public async Task<Outcome<IReadOnlyList<AppendedEntry>>> AppendAsync(
        AccountId account, MailboxId mailbox, IReadOnlyList<AppendMessage> messages, CancellationToken cancel)
    {
        if (await FindMailboxAsync(account, mailbox, cancel) is not { } info) return StoreError.NotFound;
        var plan = new AppendPlan(account, info, messages, _ids, _addresses.GetValueOrDefault(account.Value, ""));
        return await ChangeAsync<IReadOnlyList<AppendedEntry>>(plan.Apply, plan.Bodies, bringsMail: true);
    }

    public async Task<Outcome<AppendedEntry>> ReplaceAsync(
        AccountId account, MailboxId from, uint uid, MailboxId to, AppendMessage message, CancellationToken cancel)
    {
        if (await FindMailboxAsync(account, to, cancel) is not { } info) return StoreError.NotFound;
        var plan = new AppendPlan(account, info, [message], _ids, _addresses.GetValueOrDefault(account.Value, ""));
        return await ChangeAsync<AppendedEntry>(
            batch =>
            {
                if (batch.Mailbox(account, from) is not { } source || batch.FindEntry(batch.Account(account)!, source, uid) is not { } old)
                    return plan.GiveUp(batch, StoreError.NotFound);
                var appended = plan.Apply(batch, old.Size);
                if (!appended.Ok) return appended.Error;
                batch.RemoveEntry(batch.Account(account)!, source, old, appended.Value![0].ModSeq);
                return appended.Value[0];
            },
            plan.Bodies, bringsMail: true);
    }
}

/// <summary>Messages appended to one mailbox, all or none (RFC 3502).</summary>
internal sealed class AppendPlan
{
    private readonly AccountId _account;
    private readonly MailboxId _mailbox;
    private readonly IReadOnlyList<AppendMessage> _messages;
    private readonly long[] _emails;
    private readonly string[] _keywords;
    private readonly IReadOnlyList<uint>? _uids;

    /// <param name="uids">Under which each comes in, growing; 0: the next one. Null: all under the next.</param>
    public AppendPlan(
        AccountId account, MailboxInfo mailbox, IReadOnlyList<AppendMessage> messages, IdSource ids, string address,
        IReadOnlyList<uint>? uids = null)
    {
        (_account, _mailbox, _messages, _uids) = (account, mailbox.Id, messages, uids);
        _emails = new long[messages.Count];
        Bodies = new BodyWrite[messages.Count];
        for (var i = 0; i < messages.Count; i++)
        {
            var message = messages[i];
            var body = ids.Next();
            _emails[i] = ids.Next();
            var target = new RecordTarget(
                account.Value, address, _emails[i], mailbox.Name, message.Flags, message.Keywords, message.InternalDate, default);
            Bodies[i] = new(body, message.Body, new([target], 0, null, message.InternalDate), message.InternalDate);
        }
        _keywords = [.. messages.SelectMany(message => message.Keywords).Distinct(StringComparer.OrdinalIgnoreCase)];
    }

    public BodyWrite[] Bodies { get; }

    public Outcome<IReadOnlyList<AppendedEntry>> Apply(WriteBatch batch) => Apply(batch, 0);

    /// <param name="freed">Octets that the same change gives back.</param>
    public Outcome<IReadOnlyList<AppendedEntry>> Apply(WriteBatch batch, long freed)
    {
        if (batch.Account(_account) is not { } account || batch.Mailbox(_account, _mailbox) is not { } mailbox)
            return GiveUp(batch, StoreError.NotFound);
        if (!UidsFit(mailbox.UidNext)) return GiveUp(batch, StoreError.Conflict);
        if (account.IsOver(Bodies.Sum(body => body.Record.BodyLength) - freed)) return GiveUp(batch, StoreError.OverQuota);
        if (!batch.TryKeywords(account, mailbox, _keywords, add: true, out _)) return GiveUp(batch, StoreError.LimitReached);
        var modSeq = batch.NextModSeq(account);
        var appended = new AppendedEntry[Bodies.Length];
        for (var i = 0; i < Bodies.Length; i++)
        {
            var message = _messages[i];
            batch.TryKeywords(account, mailbox, message.Keywords, add: false, out var keywords);
            batch.BodyStored(Bodies[i], 1);
            if (_uids?[i] is > 0 and var uid) mailbox.UidNext = uid;
            appended[i] = batch.AddEmail(
                account, mailbox, _emails[i], Bodies[i].Record.BodyId, message.Rendered, default, Bodies[i].Record.BodyLength,
                new(message.Flags, keywords), message.InternalDate, modSeq);
        }
        return appended;
    }

    // RFC 9051 §2.3.1.1: a UID is given once, and they only grow.
    private bool UidsFit(uint next)
    {
        foreach (var uid in _uids ?? [])
        {
            if (uid == 0) next++;
            else if (uid < next || uid == uint.MaxValue) return false;
            else next = uid + 1;
        }
        return true;
    }

    /// <summary>The bodies on disk are garbage.</summary>
    public StoreError GiveUp(WriteBatch batch, StoreError error)
    {
        foreach (var body in Bodies) batch.BodyUnused(body);
        foreach (var email in _emails) batch.Journal.EmailRefused(email);
        return error;
    }
}
