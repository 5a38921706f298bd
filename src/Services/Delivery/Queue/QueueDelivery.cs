using System.Diagnostics;
using Aviso.Base;
using Aviso.Smtp;
using Aviso.Store;

namespace Aviso.Delivery;

/// <summary>
/// One batch of leased recipients of one destination over one connection: message by message, quota, send, settle. The settlement
/// of a message is written while the next one is on the wire.
/// </summary>
internal sealed class QueueDelivery(
    QueueParts parts, QueueRunnerOptions options, HopPool pool, RelayQuota quota, string destination, long leaseUntil)
{
    // A batch gives back what it has not begun by this share of the lease, so that nothing is ever in two hands.
    private const double LeaseShare = 0.3;

    private const int MaxOtherHosts = 3;

    private readonly RelaySettings? _relay = options.Relays.FirstOrDefault(r => r.Destination == destination);
    private readonly SpillChains _chains = new(options.Relays);
    private readonly QueueSettling _settling = new(parts, options);
    private readonly List<Task> _settlements = [];
    private readonly Dictionary<TlsWish, Refusal> _unreachable = [];
    private readonly NextHop _nextHop = new(
        new(parts.Resolver, parts.IsOurHost), new(new(parts.Resolver, parts.Clock), parts.Sts, parts.TlsTally, parts.Log),
        parts.MayDial, parts.IsOurAddress, parts.Dial, new()
        {
            HeloName = options.HostName,
            Timeouts = options.Timeouts,
            Clock = parts.Clock,
            Verify = parts.Verify,
            Roots = parts.Roots,
        }, parts.Log);

    private OpenHop? _hop;

    // The relay is in the settings no more.
    private Refusal? _gone;

    public async Task RunAsync(List<QueueRecipient> rows, CancellationToken stop, CancellationToken abort)
    {
        using var lease = new CancellationTokenSource(Left(1.0), parts.Clock);
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(lease.Token, abort);
        var byMessage = rows.ToLookup(r => r.Message);
        var messages = await parts.Queue.QueueMessagesAsync(byMessage.Select(g => g.Key).ToList(), linked.Token);
        try
        {
            // People first, then the older: what a quota leaves goes to them.
            foreach (var message in messages.OrderBy(m => m.Priority).ThenBy(m => m.ArrivedAt))
            {
                var due = byMessage[message.Id].ToList();
                if (stop.IsCancellationRequested || Left(LeaseShare) <= TimeSpan.Zero) _settlements.Add(_settling.GiveBackAsync(due));
                else await OneAsync(message, due, linked.Token);
            }
        }
        finally
        {
            await Task.WhenAll(_settlements);
            await LeaveAsync();
        }
    }

    private TimeSpan Left(double share)
    {
        var end = leaseUntil - (long)(options.Lease.TotalMilliseconds * (1 - share));
        var left = end - parts.Clock.GetUtcNow().ToUnixTimeMilliseconds();
        return TimeSpan.FromMilliseconds(Math.Max(0, left));
    }

    private async Task OneAsync(QueueMessage message, List<QueueRecipient> due, CancellationToken cancel)
    {
        due = Reroute(message, due);
        if (due.Count == 0) return;
        if (message.Account is { } account && parts.HoldReason(account) is { } held)
        {
            var waits = due.ConvertAll(r => QueueOutcome.Hold(r, held) with { IsQuiet = true });
            Report(message, waits, TimeSpan.Zero);
            _settlements.Add(_settling.SettleAsync(message, waits));
            return;
        }
        var granted = due.Count;
        if (_relay is not null) granted = await quota.TakeAsync(_relay, message.Priority, due.Count, cancel);
        else if (destination.StartsWith(Router.RelayPrefix, StringComparison.Ordinal))
            _gone = Later(3, 5, $"the relay {destination[Router.RelayPrefix.Length..]} is not in the settings");
        var outcomes = new List<QueueOutcome>();
        var watch = Stopwatch.GetTimestamp();
        try
        {
            if (granted < due.Count) due = [.. due.Take(granted), .. await SpillAsync(message, due.Skip(granted).ToList(), cancel)];
            if (due.Count == 0) return;
            outcomes.AddRange(due.Skip(granted).Select(r => QueueOutcome.Hold(r, HoldReason(message.Priority))));
            if (granted > 0) outcomes.AddRange(await TryAsync(message, due.Take(granted).ToList(), cancel));
        }
        catch
        {
            if (_relay is not null) quota.Return(_relay, granted);
            throw;
        }
        Report(message, outcomes, Stopwatch.GetElapsedTime(watch));
        _settlements.Add(SettleAsync(message, outcomes, granted));
        if (granted > 0 && _relay is not null && parts.Relayed is { } ledger)
            _settlements.Add(ledger.HandedOverAsync(_relay.Name, message, outcomes.ConvertAll(Try)));
    }

    private static Refusal Later(int subject, int detail, string text) => new(451, new(4, subject, detail), text, Reason.NextHop, text);

    private string HoldReason(QueuePriority priority) => $"the quota of relay {_relay!.Name} ({_relay.Quota} {Span(_relay.QuotaSpan)}) is used up"
        + (priority == QueuePriority.Person ? "" : " or kept for mail from people");

    /// <summary>What this relay's quota does not take goes to the next one that has room; returns what must wait here.</summary>
    private async Task<List<QueueRecipient>> SpillAsync(QueueMessage message, List<QueueRecipient> rows, CancellationToken cancel)
    {
        var (waiting, moved) = (new List<QueueRecipient>(), new List<(QueueRecipient Row, string To)>());
        foreach (var row in rows)
        {
            var routed = parts.Router.DestinationFor(message.Sender, row.Address);
            var others = _chains.Of(routed).Where(r => r.Destination != destination && !IsLeft(message, r.Destination));
            if (await quota.FirstWithRoomAsync(others, message.Priority, cancel)
                is { } next)
                moved.Add((row, next.Destination));
            else waiting.Add(row);
        }
        if (moved.Count == 0) return waiting;
        foreach (var to in moved.GroupBy(m => m.To))
        {
            parts.Log.Spilled(message.Id, to.Count(), destination, to.Key);
            QueueMeters.Spilled(destination, to.Key, to.Count());
        }
        _settlements.Add(_settling.MoveAsync(moved));
        return waiting;
    }

    private static string Span(TimeSpan span) => span == TimeSpan.FromDays(1) ? "a day" : span == TimeSpan.FromHours(1) ? "an hour" : "a minute";

    // Routes may have changed since the message came.
    private List<QueueRecipient> Reroute(QueueMessage message, List<QueueRecipient> due)
    {
        var moved = due.Select(r => (Row: r, To: parts.Router.DestinationFor(message.Sender, r.Address)))
            .Where(m => m.To != m.Row.Destination && (IsLeft(message, m.Row.Destination) || !HasSpilled(m.Row, m.To))).ToList();
        if (moved.Count == 0) return due;
        _settlements.Add(_settling.MoveAsync(moved));
        return due.Except(moved.Select(m => m.Row)).ToList();
    }

    // What a full relay has spilled stays where it went.
    private bool HasSpilled(QueueRecipient row, string routed) => _chains.Of(routed).Any(r => r.Destination == row.Destination);

    // Mail went away from this relay after the message came.
    private bool IsLeft(QueueMessage message, string from) =>
        parts.Left() is { } left && left.Destination == from && message.ArrivedAt < left.Before;

    private Task SettleAsync(QueueMessage message, List<QueueOutcome> outcomes, int granted) => _relay is null
        ? _settling.SettleAsync(message, outcomes)
        : quota.SettleAsync(_relay, granted, () => _settling.SettleAsync(message, outcomes));

    private async Task<List<QueueOutcome>> TryAsync(QueueMessage message, List<QueueRecipient> due, CancellationToken cancel)
    {
        var outcomes = new List<QueueOutcome>();
        // What a host did not take, those hosts, and what the best of them said to each recipient.
        var waiting = new List<QueueRecipient>();
        var gone = new HashSet<string>();
        var said = new Dictionary<int, QueueOutcome>();
        var (moves, isMoved, wish) = (0, false, Wish(message.Needs));
        while (due.Count > 0)
        {
            if (await ConnectAsync(wish, cancel) is { } no)
            {
                outcomes.AddRange(due.Select(r => QueueOutcome.Of(r, no)));
                break;
            }
            var hop = _hop!;
            var batch = due.Take(hop.Client.Features.MaxRecipients).ToList();
            List<(QueueRecipient Row, RecipientOutcome Outcome, QueueOutcome Result)> sent;
            try
            {
                sent = await SendAsync(hop, message, batch, cancel);
            }
            catch (DamagedBodyException damaged)
            {
                // Ours alone: it waits, others to this destination go on, and the sender hears when it is given up.
                return [.. outcomes, .. due.Select(r => QueueOutcome.Of(r, Later(3, 0, damaged.Message)))];
            }
            // A used session that the peer closed meanwhile says nothing about this message; a fresh one does, so this ends.
            if (hop.Reused && !hop.Client.Alive && sent.All(s => WasClosedBefore(s.Outcome))) continue;
            var again = TooManyRecipients(sent);
            foreach (var (row, outcome, result) in sent.Where(s => !again.Contains(s.Row)))
            {
                if (!WasNotTaken(outcome, result)) outcomes.Add(result);
                else
                {
                    waiting.Add(row);
                    said.TryAdd(row.Number, result);
                }
            }
            due = [.. again, .. due.Skip(batch.Count)];
            // The host is done with them, or broke off before it took anything.
            var isOver = due.Count == 0 || (!hop.Client.Alive && waiting.Count > 0 && sent.All(s => Died(s.Outcome)));
            if (!isOver || waiting.Count == 0 || moves++ >= MaxOtherHosts || !await OtherHostAsync(gone, hop, cancel)) continue;
            isMoved = true;
            due = [.. waiting, .. due];
            waiting.Clear();
        }
        // The next message begins with the best host again.
        if (isMoved) await EndAsync();
        return [.. outcomes, .. waiting.Select(w => said[w.Number])];
    }

    private static bool WasClosedBefore(RecipientOutcome outcome) => outcome.Failure is
    { Trouble: SmtpTrouble.Closed, Stage: SmtpStage.Mail or SmtpStage.Rcpt, Reply: null or { Code: 421 } };

    // After a temporary no the host has nothing, and before the data it cannot have it: another may try without a second copy.
    private static bool WasNotTaken(RecipientOutcome outcome, QueueOutcome result) =>
        result.Fate == Fate.Deferred && (outcome.Failure is { Trouble: SmtpTrouble.Refused } || Died(outcome));

    private static bool Died(RecipientOutcome outcome) => outcome.Failure is
    {
        Trouble: SmtpTrouble.Closed or SmtpTrouble.TimedOut or SmtpTrouble.Garbled, Stage: SmtpStage.Mail or SmtpStage.Rcpt or SmtpStage.Data,
    };

    // RFC 5321 §5.1: each of the addresses in order until one takes it.
    private async Task<bool> OtherHostAsync(HashSet<string> gone, OpenHop before, CancellationToken cancel)
    {
        gone.Add(before.Host);
        var (other, _) = await _nextHop.OpenAsync(destination, _relay, before.Wish, gone, cancel);
        if (other is null) return false;
        await EndAsync();
        _hop = other;
        return true;
    }

    // RFC 5321 §4.5.3.1.10: 452 to a later RCPT (552 before RFC 2821) means "in another transaction", at once, as long as each takes some.
    private static List<QueueRecipient> TooManyRecipients(List<(QueueRecipient Row, RecipientOutcome Outcome, QueueOutcome Result)> sent) =>
        sent.Any(s => s.Outcome.Delivered)
            ? [.. sent.Where(s => s.Outcome.Failure is { Stage: SmtpStage.Rcpt, Trouble: SmtpTrouble.Refused, Reply.Code: 452 or 552 })
                .Select(s => s.Row)]
            : [];

    // RFC 8689 §3: REQUIRETLS is stronger than the header field.
    private static TlsWish Wish(QueueNeeds needs) => needs.HasFlag(QueueNeeds.RequireTls) ? TlsWish.Required
        : needs.HasFlag(QueueNeeds.TlsOptional) ? TlsWish.Optional : TlsWish.Policy;

    private async Task<Refusal?> ConnectAsync(TlsWish wish, CancellationToken cancel)
    {
        if (_gone is not null) return _gone;
        if (_unreachable.TryGetValue(wish, out var unreachable)) return unreachable;
        if (_hop is { Client.Reusable: true } && _hop.Wish == wish)
        {
            _hop = _hop with { Reused = _hop.Client.Messages > 0 };
            return null;
        }
        if (_hop is not null) await LeaveAsync();
        _hop = pool.Take(destination, _relay, wish);
        if (_hop is not null) return null;
        (_hop, var no) = await _nextHop.OpenAsync(destination, _relay, wish, new HashSet<string>(), cancel);
        return _hop is null ? _unreachable[wish] = no ?? Later(4, 1, "no host could be reached") : null;
    }

    private async Task<List<(QueueRecipient Row, RecipientOutcome Outcome, QueueOutcome Result)>> SendAsync(
        OpenHop hop, QueueMessage message, List<QueueRecipient> batch, CancellationToken cancel)
    {
        var stored = await parts.Queue.OpenQueueBodyAsync(message.Id, cancel);
        if (stored is null) throw new InvalidOperationException($"the octets of message {message.Id} are gone");
        if (stored.Prove() is { } fault)
        {
            stored.Dispose();
            throw new DamagedBodyException(fault);
        }
        if (_relay is not null && parts.Relayed is { } ledger) await ledger.HandingOverAsync(_relay.Name, message, batch, stored, cancel);
        using var body = OutgoingBody.For(stored, message.Needs, hop.Client.Features, parts.Spool);
        var mail = new OutgoingMail(message.Sender, batch.Select(Envelope).ToList(), body.Length, body.Read, body.Type,
            message.Needs.HasFlag(QueueNeeds.SmtpUtf8),
            message.Return switch { DsnReturn.Full => "FULL", DsnReturn.Headers => "HDRS", _ => null }, message.EnvelopeId)
        {
            RequireTls = message.Needs.HasFlag(QueueNeeds.RequireTls),
        };
        var outcomes = await hop.Client.SendAsync(mail, cancel);
        return batch.Zip(outcomes, (row, outcome) => (row, outcome, QueueOutcome.Of(row, outcome, hop.Host, hop.Client.TlsDescription) with
        {
            PeerHasDsn = hop.Client.Features.Dsn,
            Relay = outcome.Delivered ? _relay?.Name ?? "" : "",
        })).ToList();
    }

    private static OutgoingRecipient Envelope(QueueRecipient row)
    {
        if (row.Notify == DsnNotify.Unspecified) return new(row.Address, null, row.OriginalRecipient);
        var words = new[] { DsnNotify.Never, DsnNotify.Success, DsnNotify.Failure, DsnNotify.Delay }
            .Where(n => row.Notify.HasFlag(n)).Select(n => n.ToString().ToUpperInvariant());
        return new(row.Address, string.Join(',', words), row.OriginalRecipient);
    }

    private async Task LeaveAsync()
    {
        if (_hop is not { Client.Reusable: true } hop)
        {
            await EndAsync();
            return;
        }
        _hop = null;
        pool.Park(destination, hop);
    }

    private async Task EndAsync()
    {
        if (_hop is not { } hop) return;
        _hop = null;
        await hop.Client.QuitAsync(CancellationToken.None);
        await hop.DisposeAsync();
    }

    private void Report(QueueMessage message, List<QueueOutcome> outcomes, TimeSpan took)
    {
        parts.Tried(message.Id, outcomes.ConvertAll(Try));
        foreach (var group in outcomes.GroupBy(o => (o.Fate, o.Reply)))
        {
            QueueMeters.Tried(group.Key.Fate.ToString().ToLowerInvariant(), group.Count());
            parts.Log.Tried(
                message.Id, group.Key.Fate, destination, string.Join(' ', group.Take(10).Select(o => o.Recipient.Address)), message.Sender,
                message.MessageId, (long)took.TotalMilliseconds, group.Key.Reply);
        }
    }

    private QueueTry Try(QueueOutcome outcome) => new(outcome.Recipient.Address, destination, outcome.Fate == Fate.Delivered,
        outcome.Fate is Fate.Delivered or Fate.Failed, outcome.FromPeer?.Enhanced, outcome.Reply)
    {
        IsHeld = outcome.Fate == Fate.Held,
    };
}
