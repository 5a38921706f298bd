using System.Text.RegularExpressions;
using Aviso.Base;
using Aviso.Store;
using Aviso.Trace;
using Microsoft.Extensions.Logging;

namespace Aviso.Delivery;

/// <summary>One queued message as <c>aviso queue list</c> shows it. Times are UTC.</summary>
public sealed record QueueEntry(
    string Id, string Sender, DateTimeOffset Arrived, long Size, string MessageId, string Priority, IReadOnlyList<QueueEntryRecipient> Recipients);

/// <param name="State">waiting or held.</param>
/// <param name="Reason">Why it is held or waits, in our words.</param>
/// <param name="LastReply">Remote host and reply (with TLS) of the last try; empty when no remote said anything then.</param>
public sealed record QueueEntryRecipient(
    string Address, string Destination, string State, string Reason, int Attempts, DateTimeOffset? LastAttempt, DateTimeOffset NextAttempt, string LastReply);

/// <summary>What the verb selects by: an id, or parts of the envelope. All that is set must match; nothing set selects all.</summary>
public sealed record QueueSelection(string? Id = null, string? Recipient = null, string? Destination = null, string? Sender = null)
{
    public bool IsAll => Id is null && Recipient is null && Destination is null && Sender is null;
}

/// <summary>The verbs queue list|show|retry|hold|release|drop.</summary>
public sealed partial class QueueService(IQueueRows queue, TimeProvider clock, Action wake, ILogger log)
{
    /// <summary>Keeps the life of each message.</summary>
    public TraceRecorder? Trace { get; init; }

    /// <summary>Why nothing of an account may leave now, or null: shown before the queue has come to each of its rows.</summary>
    public Func<AccountId, string?> HoldReason { get; init; } = _ => null;

    public async Task<IReadOnlyList<QueueEntry>> ListAsync(QueueSelection which, int limit, CancellationToken cancel) =>
        Filter(which) is not { } filter ? [] : (await queue.ListQueueAsync(filter, limit, cancel)).Select(Entry).ToList();

    /// <summary>Null when there is no such message (any more).</summary>
    public async Task<QueueEntry?> ShowAsync(string id, CancellationToken cancel) =>
        await ListAsync(new(id), 1, cancel) is [var entry] ? entry : null;

    /// <summary>Due now; held ones stay held. Returns the recipients changed.</summary>
    public Task<int> RetryAsync(QueueSelection which, CancellationToken cancel) => ChangeAsync(which, QueueChange.RetryNow, cancel);

    public Task<int> HoldAsync(QueueSelection which, CancellationToken cancel) => ChangeAsync(which, QueueChange.Hold, cancel);

    public Task<int> ReleaseAsync(QueueSelection which, CancellationToken cancel) => ChangeAsync(which, QueueChange.Release, cancel);

    /// <summary>What the sending brake holds of one account.</summary>
    public async Task<int> ReleaseAccountAsync(AccountId account, CancellationToken cancel)
    {
        var changed = await queue.ChangeQueueAsync(new(Account: account, HoldReason: SendingHold.Word), QueueChange.Release, clock.GetUtcNow().ToUnixTimeMilliseconds(), cancel);
        wake();
        return changed;
    }

    /// <summary>Removes without a bounce; an empty selection drops nothing. What is on its way at this moment may still arrive.</summary>
    public async Task<int> DropAsync(QueueSelection which, CancellationToken cancel)
    {
        if (which.IsAll || Filter(which) is not { } filter) return 0;
        var items = await queue.ListQueueAsync(filter, int.MaxValue, cancel);
        var dropped = await ChangeAsync(which, QueueChange.Drop, cancel);
        // Nobody else will ever hear of this mail.
        foreach (var item in items)
        {
            foreach (var row in item.Recipients.Where(r => Fits(which.Recipient, r.Address) && Fits(which.Destination, r.Destination)))
            {
                log.Dropped(item.Message.Id, row.Address, item.Message.Sender, item.Message.MessageId);
                QueueTrace.Dropped(Trace, item.Message.Id, row.Address, clock.GetUtcNow());
            }
        }
        if (dropped > 0) QueueMeters.Tried("dropped", dropped);
        return dropped;
    }

    private static bool Fits(string? wanted, string value) => wanted is null || wanted.Equals(value, StringComparison.OrdinalIgnoreCase);

    private async Task<int> ChangeAsync(QueueSelection which, QueueChange change, CancellationToken cancel)
    {
        if (Filter(which) is not { } filter) return 0;
        var changed = await queue.ChangeQueueAsync(filter, change, clock.GetUtcNow().ToUnixTimeMilliseconds(), cancel);
        if (change is QueueChange.RetryNow or QueueChange.Release) wake();
        return changed;
    }

    // Null for an id that is none: it selects nothing, never everything.
    private static QueueFilter? Filter(QueueSelection which)
    {
        if (which.Id is null) return new(null, which.Recipient, which.Destination, which.Sender);
        return IdText.TryParse(which.Id, out var id) ? new(new(id), which.Recipient, which.Destination, which.Sender) : null;
    }

    private QueueEntry Entry(QueueItem item) => new(
        item.Message.Id.ToString(), item.Message.Sender, Time(item.Message.ArrivedAt), item.Message.Size, item.Message.MessageId,
        item.Message.Priority.ToString().ToLowerInvariant(), item.Recipients.Select(r => Recipient(r, item.Message.Account is { } account ? HoldReason(account) : null)).ToList());

    private static QueueEntryRecipient Recipient(QueueRecipient row, string? held)
    {
        var hold = row.HoldReason.Length > 0 ? row.HoldReason : held;
        var (reason, reply) = Split(row.LastReply);
        return new(
            row.Address, row.Destination, row.State == QueueState.Held || hold is not null ? "held" : "waiting", hold ?? reason,
            row.Attempts, row.LastAttemptAt > 0 ? Time(row.LastAttemptAt) : null, Time(row.DueAt), reply);
    }

    // A row keeps one text of its last try: host and reply, or our reason behind a code of our own.
    private static (string Reason, string Reply) Split(string last)
    {
        var text = OwnCode().Replace(last, "");
        return last.Length == 0 ? ("not tried yet", "") : RemoteCode().IsMatch(text) ? ("the remote host put it off", text) : (text, "");
    }

    [GeneratedRegex(@"^\d{3} \d\.\d{1,3}\.\d{1,3} ", RegexOptions.None, 1_000)]
    private static partial Regex OwnCode();

    [GeneratedRegex(@": [2-5]\d\d(?: |$)", RegexOptions.None, 1_000)]
    private static partial Regex RemoteCode();

    private static DateTimeOffset Time(long milliseconds) => DateTimeOffset.FromUnixTimeMilliseconds(milliseconds);
}
