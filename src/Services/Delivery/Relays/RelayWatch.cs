using Aviso.Base;
using Aviso.Store;
using Microsoft.Extensions.Logging;

namespace Aviso.Delivery;

/// <summary>What the watch needs of others.</summary>
/// <param name="Wake">A notice may be in the queue now.</param>
public sealed record RelayWatchParts(
    IMailStore Store, IMessageReader Reader, IRouter Router, INoticeTarget Notices, IdSource Ids, Action Wake, TimeProvider Clock,
        ILogger Log);

/// <summary>
/// Takes what relays say of mail that they took. What did not arrive after all is told to its sender by the same notice as any failure
/// (RFC 3464), once for each recipient, however often and in whatever way the relay says it; NOTIFY is kept to (RFC 3461 §4.1). The notice
/// is stored before the event is acknowledged: a crash in between tells twice rather than never. Thread-safe.
/// </summary>
public sealed class RelayWatch(RelayLedger ledger, Func<string> hostName, RelayWatchParts parts) : IDisposable
{
    private readonly SemaphoreSlim _one = new(1);

    /// <summary>Who else hears of it; may be set while it runs.</summary>
    public IReadOnlyList<IRelayEventSink> Sinks { get; set; } = [];

    public void Dispose() => _one.Dispose();

    /// <summary>Takes an event that was proved to be the vendor's.</summary>
    /// <returns>What it was about and what came of it; null when it said nothing new.</returns>
    public Task<RelayNews?> TakeAsync(string relay, RelayEvent heard, CancellationToken cancel) =>
        TakeAsync(relay, heard, isTold: false, cancel);

    /// <summary>A bounce by mail: it goes to the sender itself, who is told by it.</summary>
    public Task<RelayNews?> TakeBounceAsync(string relay, RelayEvent heard, CancellationToken cancel) =>
        TakeAsync(relay, heard, isTold: true, cancel);

    /// <summary>The message that it is about; null when none such was handed to this relay.</summary>
    public Task<HandedOver?> FindAsync(string relay, RelayEvent heard, CancellationToken cancel) =>
        ledger.FindAsync(relay, heard.Ids, heard.Recipient, cancel);

    private async Task<RelayNews?> TakeAsync(string relay, RelayEvent heard, bool isTold, CancellationToken cancel)
    {
        RelayNews news;
        await _one.WaitAsync(cancel);
        try
        {
            if (await ledger.FindAsync(relay, heard.Ids, heard.Recipient, cancel) is not { } handed)
            {
                RelayMeters.Heard(relay, "unknown");
                parts.Log.RelaySaidOfUnknown(relay, heard.Kind, heard.Recipient, heard.Ids is [var id, ..] ? id : "");
                news = new(relay, heard, null, false);
            }
            else if (await KeepAsync(handed, heard, isTold, cancel) is { } kept) news = kept;
            else return null;
        }
        finally
        {
            _one.Release();
        }
        foreach (var sink in Sinks) await TellAsync(sink, news, cancel);
        return news;
    }

    private async Task<RelayNews?> KeepAsync(HandedOver handed, RelayEvent heard, bool isTold, CancellationToken cancel)
    {
        var fate = heard.Kind.ToString().ToLowerInvariant();
        // The same once more, or a late word about a message whose fate is known: a loss is final, and so is an arrival but for junk.
        if (handed.Fate == fate || handed.ToldAt > 0 || (handed.Fate == "delivered" && heard.Kind == RelayEventKind.Deferred)) return null;
        var told = heard.IsLoss && !isTold && await NoticeAsync(handed, heard, cancel);
        var now = parts.Clock.GetUtcNow().ToUnixTimeMilliseconds();
        await ledger.ChangeAsync(handed with { Fate = fate, ToldAt = heard.IsLoss ? now : 0 }, cancel);
        RelayMeters.Heard(handed.Relay, fate);
        if (heard.IsLoss)
            parts.Log.RelayLost(handed.Relay, handed.Id, handed.MessageId, handed.Recipient, heard.Kind, heard.Says, told || isTold);
        else parts.Log.RelaySaid(handed.Relay, handed.Id, handed.MessageId, handed.Recipient, heard.Kind, heard.Says);
        return new(handed.Relay, heard, handed, told, IsByMail: isTold);
    }

    private async Task<bool> NoticeAsync(HandedOver handed, RelayEvent heard, CancellationToken cancel)
    {
        var status = heard.Status is { } named ? named with { Class = 5 } : heard.Kind == RelayEventKind.Dropped
            // RFC 3463 §3.8: X.7.1 delivery not authorized, message refused.
            ? new EnhancedCode(5, 7, 1) : new EnhancedCode(5, 0, 0);
        var outcome = new QueueOutcome(handed.AsRecipient, Fate.Failed, status, Words(handed.Relay, heard), "", null);
        var bounces = new Bounces(hostName(), parts.Store.Spool, parts.Reader, parts.Router, parts.Notices, parts.Ids, parts.Clock,
            parts.Log);
        var made = await bounces.MakeAsync(handed.AsMessage, [(outcome, NoticeKind.Failed)], TimeSpan.Zero,
            () => Task.FromResult<StoredBody?>(handed.Header.Length > 0 ? new KeptHeader(handed.Header) : null), cancel);
        try
        {
            foreach (var notice in made)
            {
                var stored = await parts.Store.AcceptAsync(notice, cancel);
                if (stored.Value is not { } accepted || !accepted.Targets.All(t => t.Ok))
                    throw new IOException($"the notice about {handed.Recipient} cannot be stored: {stored.Error}");
                if (accepted.Queue is not null) parts.Wake();
            }
        }
        finally
        {
            foreach (var notice in made) notice.Body.Dispose();
        }
        return made.Count > 0;
    }

    private static string Words(string relay, RelayEvent heard)
    {
        var says = heard.Says.Length > 0 ? $": {heard.Says}" : "";
        return heard.Kind == RelayEventKind.Dropped
            ? $"the relay {relay} took the message and then did not send it on{says}"
            : $"the relay {relay} took the message and could not deliver it{says}";
    }

    private async Task TellAsync(IRelayEventSink sink, RelayNews news, CancellationToken cancel)
    {
        try
        {
            await sink.HeardAsync(news, cancel);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            parts.Log.EventNotPassedOn(e, news.Relay, news.Message?.Id ?? default);
        }
    }
}
