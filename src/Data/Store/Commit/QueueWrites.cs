using Aviso.Store.Blobs;
using Aviso.Store.Sqlite;

namespace Aviso.Store.Commit;

/// <summary>Changes of queue rows.</summary>
internal static class QueueWrites
{
    private const int ReplyLength = 1000;
    private const long RelayWindow = 48L * 3600 * 1000;

    /// <param name="numbers">Of the recipients, or null to count from 0: after a rebuild they keep those that the journal knows.</param>
    public static void Insert(
        WriteBatch batch, long id, QueueSubmission queue, BodyRecord body, string messageId, long arrivedAt,
            IReadOnlyList<int>? numbers = null)
    {
        var arrivedMs = arrivedAt * 1000;
        batch.Db.Use(Statements.InsertQueueMessage).Add(id).Add(queue.Sender).Add(queue.Account?.Value).Add(queue.EnvelopeId)
            .Add((long)queue.Return).Add((long)queue.Needs).Add((long)queue.Priority).Add(queue.Prefix.Span).Add(arrivedMs)
            .Add(queue.Prefix.Length + body.BodyLength).Add(messageId).Add(body.BodyId).Add(queue.Recipients.Count).Run();
        for (var i = 0; i < queue.Recipients.Count; i++)
        {
            var recipient = queue.Recipients[i];
            batch.Db.Use(Statements.InsertQueueRecipient).Add(id).Add(numbers?[i] ?? i).Add(recipient.Address).Add(recipient.Destination)
                .Add((long)recipient.Notify).Add(recipient.OriginalRecipient).Add(recipient.DueAt).Run();
            Due(batch, recipient.Destination, recipient.DueAt);
        }
    }

    /// <summary>Leases up to <paramref name="limit"/> due recipients of one destination.</summary>
    public static void Lease(WriteBatch batch, string destination, long now, long until, int limit, List<QueueRecipient> into)
    {
        var from = into.Count;
        using (var row = batch.Db.Use(Statements.DueRecipients).Add(destination).Add(now).Add(limit))
        {
            while (row.Step()) into.Add(Read(row));
        }
        foreach (var row in into.Skip(from))
            batch.Db.Use(Statements.LeaseRecipient).Add(until).Add(until).Add(row.Message.Value).Add(row.Number).Run();
        if (batch.Db.Use(Statements.NextDueAt).Add(destination).Number() is { } next)
            batch.Db.Use(Statements.SetDestination).Add(next).Add(destination).Run();
        else batch.Db.Use(Statements.ForgetDestination).Add(destination).Run();
    }

    public static void Settle(WriteBatch batch, QueueSettlement settled)
    {
        if (Find(batch, settled.Message, settled.Number) is not { } row) return;
        if (settled.Relay.Length > 0)
        {
            batch.Db.Use(Statements.InsertRelayUse).Add(settled.Relay).Add(settled.At).Add(row.Message.Value).Add(row.Number).Run();
            batch.Db.Use(Statements.TrimRelayUse).Add(settled.Relay).Add(settled.At - RelayWindow).Run();
        }
        if (settled.Result == QueueResult.Done)
        {
            Remove(batch, row);
            return;
        }
        Write(batch, row with
        {
            Destination = settled.Destination ?? row.Destination,
            // Held by hand while the attempt ran: stays held.
            HoldReason = row.State == QueueState.Held ? row.HoldReason : settled.HoldReason,
            Attempts = row.Attempts + (settled.Result == QueueResult.Retry ? 1 : 0),
            DueAt = settled.DueAt,
            LastReply = settled.Reply.Length == 0 ? row.LastReply : Cut(settled.Reply),
            LastAttemptAt = settled.Result == QueueResult.Retry ? settled.At : row.LastAttemptAt,
            DelayNotified = row.DelayNotified || settled.DelayNotified,
        });
    }

    /// <summary>The recipient goes; with the last one the message.</summary>
    public static void Remove(WriteBatch batch, QueueRecipient row)
    {
        batch.Db.Use(Statements.DeleteRecipient).Add(row.Message.Value).Add(row.Number).Run();
        batch.Journal.QueueDone(row.Message.Value, row.Number);
        long left, body;
        using (var counted = batch.Db.Use(Statements.DropRecipientCount).Add(row.Message.Value))
        {
            if (!counted.Step()) return;
            (left, body) = (counted.Int(0), counted.Int(1));
        }
        if (left > 0) return;
        batch.Db.Use(Statements.DeleteQueueMessage).Add(row.Message.Value).Run();
        batch.ReleaseBody(body);
    }

    /// <summary>Writes the row and ends its lease.</summary>
    private static void Write(WriteBatch batch, QueueRecipient row)
    {
        batch.Db.Use(Statements.SetRecipient).Add(row.Destination).Add((long)row.State).Add(row.HoldReason).Add(row.Attempts)
            .Add(row.DueAt).Add(row.LastReply).Add(row.LastAttemptAt).Add(row.DelayNotified).Add(row.Message.Value)
            .Add(row.Number).Run();
        if (row.State == QueueState.Waiting) Due(batch, row.Destination, row.DueAt);
    }

    /// <summary>Changes by hand: the lease of a running attempt stays.</summary>
    public static void SetState(WriteBatch batch, QueueRecipient row)
    {
        batch.Db.Use(Statements.SetRecipientState).Add((long)row.State).Add(row.HoldReason).Add(row.DueAt).Add(row.Message.Value)
            .Add(row.Number).Run();
        if (row.State == QueueState.Waiting) Due(batch, row.Destination, row.DueAt);
    }

    // Never later than the first due row of the destination; may be earlier, a lease that finds nothing puts it right.
    private static void Due(WriteBatch batch, string destination, long at) =>
        batch.Db.Use(Statements.DestinationDue).Add(destination).Add(at).Run();

    public static QueueRecipient Read(Statement row) => new(
        new(row.Int(0)), (int)row.Int(1), row.Text(2), row.Text(3), (DsnNotify)row.Int(4), row.Text(5), (QueueState)row.Int(6),
        row.Text(7), (int)row.Int(8), row.Int(9), row.Text(10), row.Int(11), row.Bool(12));

    private static QueueRecipient? Find(WriteBatch batch, QueueId message, int number)
    {
        using var row = batch.Db.Use(Statements.GetRecipient).Add(message.Value).Add(number);
        return row.Step() ? Read(row) : null;
    }

    private static string Cut(string reply) => reply.Length <= ReplyLength ? reply : reply[..ReplyLength];
}
