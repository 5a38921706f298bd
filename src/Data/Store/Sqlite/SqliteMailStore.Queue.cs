using Aviso.Store.Commit;
using Aviso.Store.Sqlite;

namespace Aviso.Store;

public sealed partial class SqliteMailStore : IQueueRows
{
    public async Task<IReadOnlyList<QueueRecipient>> LeaseAsync(
        long now, long leaseUntil, int limit, IReadOnlySet<string> busy, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        // Nothing to give out costs no commit.
        var destinations = await _reads.ReadAsync(db => DueDestinations(db, now, limit, busy), cancel);
        if (destinations.Count == 0) return [];
        return await ChangeAsync(
            batch =>
            {
                var leased = new List<QueueRecipient>();
                foreach (var destination in destinations)
                {
                    if (leased.Count == limit) break;
                    QueueWrites.Lease(batch, destination, now, leaseUntil, limit - leased.Count, leased);
                }
                return leased;
            },
            refused: static _ => []);
    }

    // One row for each destination that has mail: a backlog of a busy one is passed over in one step.
    private static List<string> DueDestinations(Connection db, long now, int limit, IReadOnlySet<string> busy)
    {
        var found = new List<string>();
        using var row = db.Use(Statements.DueDestinations).Add(now);
        while (found.Count < limit && row.Step())
            if (row.Text(0) is var destination && !busy.Contains(destination)) found.Add(destination);
        return found;
    }

    public async Task<long?> NextDueAsync(CancellationToken cancel) =>
        await _reads.ReadAsync(static db => db.Use(Statements.NextDue).Number(), cancel);

    public async Task<IReadOnlyList<QueueMessage>> QueueMessagesAsync(IReadOnlyList<QueueId> ids, CancellationToken cancel) =>
        await _reads.ReadAsync(
            db =>
            {
                var messages = new List<QueueMessage>(ids.Count);
                foreach (var id in ids)
                {
                    using var row = db.Use(Statements.GetQueueMessage).Add(id.Value);
                    if (row.Step()) messages.Add(ReadMessage(row));
                }
                return messages;
            },
            cancel);

    public async Task<StoredBody?> OpenQueueBodyAsync(QueueId id, CancellationToken cancel) =>
        await OpenAsync(db => FindBody(db, Statements.QueueBody, id.Value, 0), cancel);

    public async Task SettleAsync(
        IReadOnlyList<QueueSettlement> settlements, IReadOnlyList<Acceptance> follows, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        var plans = follows.Select(follow => new AcceptPlan(follow, _ids, _addresses)).ToArray();
        await ChangeAsync(
            batch =>
            {
                foreach (var settled in settlements) QueueWrites.Settle(batch, settled);
                foreach (var plan in plans) plan.Apply(batch);
                return 0;
            },
            refused: null, [.. plans.Select(plan => plan.Body)]);
    }

    public async Task<IReadOnlyList<QueueItem>> ListQueueAsync(QueueFilter filter, int limit, CancellationToken cancel) =>
        await _reads.ReadAsync(db => FindQueued(db, filter, limit, wholeMessages: true), cancel);

    public Task<int> ChangeQueueAsync(QueueFilter filter, QueueChange change, long now, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        return ChangeAsync(
            batch =>
            {
                var changed = 0;
                foreach (var item in FindQueued(batch.Db, filter, int.MaxValue, wholeMessages: false))
                    foreach (var row in item.Recipients)
                        if (ChangeOne(batch, row, change, now)) changed++;
                return changed;
            },
            refused: null);
    }

    public async Task<QueueTotals> QueueTotalsAsync(CancellationToken cancel) => await _reads.ReadAsync(
        static db =>
        {
            using var messages = db.Use(Statements.QueueMessageTotals);
            using var recipients = db.Use(Statements.QueueRecipientTotals);
            messages.Step();
            recipients.Step();
            return new QueueTotals(messages.Int(0), recipients.Int(0), recipients.Int(1), messages.IntOrNull(1), recipients.Int(2));
        },
        cancel);

    public async Task<long> RelayUseAsync(string relay, long since, CancellationToken cancel) =>
        await _reads.ReadAsync(db => db.Use(Statements.RelayUse).Add(relay).Add(since).Number() ?? 0, cancel);

    // The lock on the folder is ours, so whoever held a lease is dead: its recipients are due at once.
    private Task<int> EndLeasesAsync()
    {
        var now = _options.Clock.GetUtcNow().ToUnixTimeMilliseconds();
        return ChangeAsync(
            batch =>
            {
                batch.Db.Use(Statements.EndLeases).Add(now).Run();
                batch.Db.Use(Statements.ForgetDestinations).Run();
                batch.Db.Use(Statements.FindDestinations).Run();
                return 0;
            },
            refused: static _ => 0, counts: false);
    }

    private static bool ChangeOne(WriteBatch batch, QueueRecipient row, QueueChange change, long now)
    {
        // While an attempt runs, its outcome decides when the recipient is due next, or the message would go out twice.
        var leasedUntil = LeasedUntil(batch, row);
        switch (change)
        {
            case QueueChange.Drop:
                QueueWrites.Remove(batch, row);
                return true;
            case QueueChange.Hold when row.State == QueueState.Waiting:
                QueueWrites.SetState(batch, row with { State = QueueState.Held, HoldReason = "held by hand" });
                return true;
            case QueueChange.Release when row.State == QueueState.Held || row.HoldReason.Length > 0:
                QueueWrites.SetState(batch, row with { State = QueueState.Waiting, HoldReason = "", DueAt = Math.Max(now, leasedUntil) });
                return true;
            case QueueChange.RetryNow when row.State == QueueState.Waiting && leasedUntil <= now:
                QueueWrites.SetState(batch, row with { HoldReason = "", DueAt = now });
                return true;
            default:
                return false;
        }
    }

    private static long LeasedUntil(WriteBatch batch, QueueRecipient row)
    {
        using var found = batch.Db.Use(Statements.GetRecipient).Add(row.Message.Value).Add(row.Number);
        return found.Step() ? found.Int(13) : 0;
    }

    private static List<QueueItem> FindQueued(Connection db, QueueFilter filter, int limit, bool wholeMessages)
    {
        var items = new List<QueueItem>();
        var messages = new List<QueueMessage>();
        using (var row = filter.Id is { } id
            ? db.Use(Statements.GetQueueMessage).Add(id.Value)
            : db.Use(Statements.ListQueueMessages))
        {
            while (row.Step())
                if (ReadMessage(row) is var message && Same(filter.Sender, message.Sender) && (filter.Account is null || filter.Account == message.Account)) messages.Add(message);
        }
        foreach (var message in messages)
        {
            if (items.Count == limit) break;
            var recipients = new List<QueueRecipient>();
            using (var row = db.Use(Statements.RecipientsOf).Add(message.Id.Value))
            {
                while (row.Step()) recipients.Add(QueueWrites.Read(row));
            }
            var matching = recipients.FindAll(row => Same(filter.Recipient, row.Address) && Same(filter.Destination, row.Destination)
                && (filter.HoldReason is null || row.HoldReason.StartsWith(filter.HoldReason, StringComparison.Ordinal)));
            if (matching.Count > 0) items.Add(new(message, wholeMessages ? recipients : matching));
        }
        return items;
    }

    private static bool Same(string? wanted, string value) =>
        wanted is null || wanted.Equals(value, StringComparison.OrdinalIgnoreCase);

    private static QueueMessage ReadMessage(Statement row) => new(
        new(row.Int(0)), row.Text(1), row.IntOrNull(2) is { } account ? new AccountId(account) : null, row.Text(3),
        (DsnReturn)row.Int(4), (QueueNeeds)row.Int(5), (QueuePriority)row.Int(6), row.Int(7), row.Int(8), row.Text(9));
}
