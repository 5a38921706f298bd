using System.Text;
using Aviso.Base;
using Aviso.Store;
using Xunit;

namespace Aviso.Tests.Unit.Delivery;

internal sealed class SetClock : TimeProvider
{
    public DateTimeOffset Now = new(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);

    public long Ms => Now.ToUnixTimeMilliseconds();

    public override DateTimeOffset GetUtcNow() => Now;
}

internal sealed class FakeStoredBody(byte[] octets) : StoredBody
{
    public override int PrefixLength => 0;

    public override long Length => octets.Length;

    public override int Read(long offset, Span<byte> into)
    {
        var count = (int)Math.Clamp(octets.Length - offset, 0, into.Length);
        octets.AsSpan((int)offset, count).CopyTo(into);
        return count;
    }

    protected override void Dispose(bool disposing)
    {
    }
}

internal sealed class FakeReader : IMessageReader
{
    public int Version => 1;

    public Rendered Render(SpooledBody body) => new(1, [], [], [], [], "");

    public (string Text, bool Whole) ExtractText(SpooledBody body, int limit) => ("", true);
}

/// <summary>A notice as it was stored: its octets, and the mailbox or the queue recipient it went to.</summary>
internal sealed record StoredNotice(string Text, AcceptTarget? Local);

/// <summary>The queue in memory, with the store's lease rules; settlements may be made to fail.</summary>
internal sealed class FakeQueue(SetClock clock) : IQueueRows
{
    private readonly Lock _gate = new();
    private readonly Dictionary<(QueueId, int), (QueueRecipient Row, long LeasedUntil)> _rows = [];
    private readonly Dictionary<QueueId, (QueueMessage Message, byte[] Octets)> _messages = [];
    private readonly List<(string Relay, long At)> _relayed = [];
    private long _next = 1;

    public List<StoredNotice> Notices { get; } = [];

    public List<QueueSettlement> Settled { get; } = [];

    public int FailSettlements { get; set; }

    public IReadOnlyList<QueueRecipient> Rows
    {
        get { lock (_gate) return _rows.Values.Select(r => r.Row).OrderBy(r => r.Message.Value).ThenBy(r => r.Number).ToList(); }
    }

    public QueueId Add(string destination, string body = "Subject: x\r\n\r\nhello\r\n", string sender = "a@home.test",
        QueuePriority priority = QueuePriority.Person, QueueNeeds needs = QueueNeeds.None, DsnNotify notify = DsnNotify.Unspecified,
        DsnReturn ret = DsnReturn.Unspecified, string envid = "", string orcpt = "", params string[] to)
    {
        lock (_gate)
        {
            var id = new QueueId(_next++);
            var octets = Encoding.Latin1.GetBytes(body);
            _messages[id] = (new(id, sender, null, envid, ret, needs, priority, clock.Ms, octets.Length, $"m{id.Value}@home.test"), octets);
            for (var i = 0; i < to.Length; i++)
                _rows[(id, i)] = (new(id, i, to[i], destination, notify, orcpt, QueueState.Waiting, "", 0, clock.Ms, "", 0, false), 0);
            return id;
        }
    }

    public Task<IReadOnlyList<QueueRecipient>> LeaseAsync(
        long now, long leaseUntil, int limit, IReadOnlySet<string> busy, CancellationToken cancel)
    {
        lock (_gate)
        {
            var due = _rows.Where(r => r.Value.Row.State == QueueState.Waiting && r.Value.Row.DueAt <= now && r.Value.LeasedUntil <= now
                && !busy.Contains(r.Value.Row.Destination)).OrderBy(r => r.Value.Row.DueAt).ThenBy(r => r.Key.Item1.Value).ThenBy(r =>
                    r.Key.Item2).Take(limit).ToList();
            foreach (var (key, value) in due) _rows[key] = (value.Row, leaseUntil);
            return Task.FromResult<IReadOnlyList<QueueRecipient>>(due.Select(d => d.Value.Row).ToList());
        }
    }

    public Task<long?> NextDueAsync(CancellationToken cancel)
    {
        lock (_gate) return Task.FromResult(_rows.Values.Select(r => (long?)Math.Max(r.Row.DueAt, r.LeasedUntil)).Min());
    }

    public Task<IReadOnlyList<QueueMessage>> QueueMessagesAsync(IReadOnlyList<QueueId> ids, CancellationToken cancel)
    {
        lock (_gate) return Task.FromResult<IReadOnlyList<QueueMessage>>(
            ids.Where(_messages.ContainsKey).Select(i => _messages[i].Message).ToList());
    }

    public Task<StoredBody?> OpenQueueBodyAsync(QueueId id, CancellationToken cancel)
    {
        lock (_gate) return Task.FromResult<StoredBody?>(_messages.TryGetValue(id, out var m) ? new FakeStoredBody(m.Octets) : null);
    }

    public Task SettleAsync(IReadOnlyList<QueueSettlement> settlements, IReadOnlyList<Acceptance> follows, CancellationToken cancel)
    {
        lock (_gate)
        {
            if (FailSettlements > 0)
            {
                FailSettlements--;
                throw new IOException("disk full");
            }
            foreach (var s in settlements) Settle(s);
            foreach (var follow in follows) Keep(follow);
        }
        return Task.CompletedTask;
    }

    public Task<IReadOnlyList<QueueItem>> ListQueueAsync(QueueFilter filter, int limit, CancellationToken cancel)
    {
        lock (_gate)
            return Task.FromResult<IReadOnlyList<QueueItem>>(_messages.Values.Where(m => filter.Id is null || m.Message.Id == filter.Id)
                .Select(m => new QueueItem(m.Message, _rows.Values.Where(r => r.Row.Message == m.Message.Id).Select(r => r.Row).ToList()))
                    .Take(limit).ToList());
    }

    public Task<int> ChangeQueueAsync(QueueFilter filter, QueueChange change, long now, CancellationToken cancel)
    {
        lock (_gate)
        {
            var hit = _rows.Where(r => filter.Id is null || r.Key.Item1 == filter.Id).ToList();
            foreach (var (key, value) in hit)
            {
                if (change == QueueChange.Drop) _rows.Remove(key);
                else _rows[key] = (change switch
                {
                    QueueChange.Hold => value.Row with { State = QueueState.Held },
                    QueueChange.Release => value.Row with { State = QueueState.Waiting, HoldReason = "", DueAt = now },
                    _ => value.Row with { DueAt = now },
                }, value.LeasedUntil);
            }
            return Task.FromResult(hit.Count);
        }
    }

    public Task<QueueTotals> QueueTotalsAsync(CancellationToken cancel)
    {
        lock (_gate) return Task.FromResult(
            new QueueTotals(_messages.Count, _rows.Count, 0, _messages.Values.Select(m => (long?)m.Message.ArrivedAt).Min()));
    }

    public Task<long> RelayUseAsync(string relay, long since, CancellationToken cancel)
    {
        lock (_gate) return Task.FromResult((long)_relayed.Count(r => r.Relay == relay && r.At >= since));
    }

    private void Settle(QueueSettlement s)
    {
        Settled.Add(s);
        var key = (s.Message, s.Number);
        Assert.True(_rows.ContainsKey(key), "settled twice");
        var row = _rows[key].Row;
        if (s.Relay.Length > 0) _relayed.Add((s.Relay, s.At));
        if (s.Result == QueueResult.Done) _rows.Remove(key);
        else _rows[key] = (row with
        {
            DueAt = s.DueAt,
            LastReply = s.Reply.Length == 0 ? row.LastReply : s.Reply,
            LastAttemptAt = s.At,
            HoldReason = s.HoldReason,
            DelayNotified = s.DelayNotified,
            Attempts = row.Attempts + (s.Result == QueueResult.Retry ? 1 : 0),
            Destination = s.Destination ?? row.Destination,
        }, 0);
    }

    private void Keep(Acceptance follow)
    {
        var octets = new byte[follow.Body.Length];
        follow.Body.Read(0, octets);
        Notices.Add(new(Encoding.UTF8.GetString(octets), follow.Targets.SingleOrDefault()));
        if (follow.Queue is not { } queue) return;
        var id = new QueueId(_next++);
        _messages[id] = (new(id, queue.Sender, null, "", queue.Return, queue.Needs, queue.Priority, clock.Ms, octets.Length, ""), octets);
        foreach (var (target, i) in queue.Recipients.Select((t, i) => (t, i)))
            _rows[(id, i)] = (new(
                id, i, target.Address, target.Destination, target.Notify, "", QueueState.Waiting, "", 0, target.DueAt, "", 0, false), 0);
    }
}
