using Aviso.Admin;
using Aviso.Delivery;

namespace Aviso.Verbs;

/// <summary>What the verbs about the queue do in the running server.</summary>
internal sealed class QueueCalls(QueueService queue)
{
    private const int MostRows = 10_000;

    public void Add(AdminHandlers admin) => admin
        .Add("queue.list", async (c, t) =>
            Replies.Rows((await queue.ListAsync(Selection(c), MostRows, t)).SelectMany(Flat), AdminJson.Default.QueueRow))
        .Add("queue.show", async (c, t) => await queue.ShowAsync(c.Text("id") ?? "", t) is { } entry
            ? Replies.One(entry, AdminJson.Default.QueueEntry) : AdminReply.No($"nothing in the queue has the id `{c.Text("id")}`"))
        .Add("queue.retry", (c, t) => Changed(c, "will be tried now", queue.RetryAsync, t), changes: true)
        .Add("queue.hold", (c, t) => Changed(c, "held", queue.HoldAsync, t), changes: true)
        .Add("queue.release", (c, t) => Changed(c, "released", queue.ReleaseAsync, t), changes: true)
        .Add("queue.drop", (c, t) => Changed(c, "dropped", queue.DropAsync, t), changes: true);

    private static QueueSelection Selection(AdminCall call) => new(
        call.Text("id"), call.Text("recipient"), call.Text("destination") is "*" ? null : call.Text("destination"), call.Text("sender"));

    private static async Task<AdminReply> Changed(
        AdminCall call, string what, Func<QueueSelection, CancellationToken, Task<int>> change, CancellationToken cancel) =>
        await change(Selection(call), cancel) is var count and > 0
            ? AdminReply.Done(count == 1 ? $"1 recipient {what}" : $"{count} recipients {what}")
            : AdminReply.No("nothing in the queue fits");

    /// <summary>A row for each recipient: the reason and the remote reply stand beside the address they are about.</summary>
    private static IEnumerable<QueueRow> Flat(QueueEntry entry) => entry.Recipients.Select(r => new QueueRow(
        entry.Id, entry.Sender, r.Address, r.State, r.Reason, r.Attempts, r.NextAttempt, r.LastReply, r.Destination, entry.Arrived,
            entry.Size));
}

/// <summary>One recipient of a queued message.</summary>
internal sealed record QueueRow(
    string Id, string Sender, string Recipient, string State, string Reason, int Attempts, DateTimeOffset NextAttempt, string LastReply,
    string Destination, DateTimeOffset Arrived, long Size);
