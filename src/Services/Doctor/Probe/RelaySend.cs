using System.Collections.Concurrent;
using Aviso.Base;
using Aviso.Delivery;
using Aviso.Store;

namespace Aviso.Doctor;

/// <summary>What the queue says about probes on their way out.</summary>
public sealed class ProbeDepartures
{
    private readonly ConcurrentDictionary<QueueId, Departure> _open = [];
    private volatile bool _noticesAll;

    /// <summary>Called by the queue after each attempt at any message.</summary>
    public void Tried(QueueId id, IReadOnlyList<QueueTry> tries)
    {
        if (tries is not [var last, ..]) return;
        if (!_open.TryGetValue(id, out var departure))
        {
            if (!_noticesAll) return;
            departure = _open.GetOrAdd(id, _ => new());
        }
        departure.Said = last.Reply;
        if (last.IsFinal) departure.Gone.TrySetResult(last.IsDelivered);
    }

    /// <summary>The queue may try a message before its id is known here: until then everything is noticed.</summary>
    internal async Task<(QueueId Id, Departure Departure)> QueueAsync(Func<Task<QueueId>> queue)
    {
        _noticesAll = true;
        try
        {
            var id = await queue();
            return (id, _open.GetOrAdd(id, _ => new()));
        }
        finally
        {
            _noticesAll = false;
        }
    }

    /// <summary>Nothing is on its way any more: one probe runs at a time.</summary>
    internal void Forget() => _open.Clear();

    internal sealed class Departure
    {
        /// <summary>The relay's last words, or why it waits.</summary>
        public string Said { get; set; } = "it has not been tried";

        /// <summary>True: taken; false: refused for good.</summary>
        public TaskCompletionSource<bool> Gone { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}

/// <summary>
/// Puts a probe into our own queue for one relay, signed as all our mail is. Its sender names the relay, so that the routes lead it there
/// although its recipient is one of ours (<see cref="SenderFor"/>).
/// </summary>
public sealed class RelaySend(
    IMailStore store, MessageReader reader, ProbeDepartures departures, Func<SpooledBody, string, ReadOnlyMemory<byte>> sign, Action wake,
    TimeProvider clock)
{
    /// <summary>The envelope's sender of probes through this relay: an address of the same account.</summary>
    public static MailAddress SenderFor(MailAddress account, string relay) =>
        MailAddress.TryMake($"{account.LocalPart}+probe.{relay.ToLowerInvariant()}", account.Domain.Ascii, out var made) ? made : account;

    /// <summary>The route that leads probes there; it must stand before all others.</summary>
    public static RouteSettings RouteFor(MailAddress account, MailAddress to, string relay) =>
        new(to.Wire, SenderFor(account, relay).Wire, relay);

    internal async Task SendAsync(RelayWay way, ProbeOptions options, ProbeLetter letter, byte[] message, ProbeSteps steps,
        CancellationToken cancel)
    {
        try
        {
            var (id, departure) = await steps.DoAsync(
                ProbeStage.Send, () => departures.QueueAsync(() => QueueAsync(way, options, letter, message, cancel)));
            await steps.DoAsync(ProbeStage.Relay, () => LeaveAsync(way, id, departure, cancel));
        }
        finally
        {
            departures.Forget();
        }
    }

    private async Task<QueueId> QueueAsync(RelayWay way, ProbeOptions options, ProbeLetter letter, byte[] message, CancellationToken cancel)
    {
        using var body = store.Spool.Make(b => b.Write(message));
        var now = clock.GetUtcNow();
        var signature = sign(body, letter.From.Domain.Ascii);
        var queue = new QueueSubmission(SenderFor(options.Account, way.Name).Wire, null, "", DsnReturn.Unspecified, QueueNeeds.None,
            QueuePriority.Automatic, signature,
            [new(letter.To.Wire, Router.RelayPrefix + way.Name, DsnNotify.Never, "", now.ToUnixTimeMilliseconds())]);
        var stored = await store.AcceptAsync(
            new(body, reader.Render(body), [], queue) { ReceivedAt = now.ToUnixTimeSeconds(), Origin = "probe" }, cancel);
        if (!stored.Ok || stored.Value!.Queue is not { } id) throw new ProbeException(ProbeStage.Send,
            $"the store does not take it: {stored.Error}");
        wake();
        return id;
    }

    private async Task LeaveAsync(RelayWay way, QueueId id, ProbeDepartures.Departure departure, CancellationToken cancel)
    {
        try
        {
            if (!await departure.Gone.Task.WaitAsync(cancel)) throw new ProbeException(ProbeStage.Relay,
                $"{way.Name} refuses it: {departure.Said}");
        }
        catch (OperationCanceledException)
        {
            // Whatever comes of it later is of no use to anybody.
            await store.ChangeQueueAsync(new(id), QueueChange.Drop, clock.GetUtcNow().ToUnixTimeMilliseconds(), CancellationToken.None);
            throw new ProbeException(ProbeStage.Relay, $"{way.Name} did not take it in time: {departure.Said}");
        }
    }
}
