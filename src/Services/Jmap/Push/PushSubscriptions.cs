using System.Collections.Concurrent;
using Aviso.Base;
using Aviso.Store;

namespace Aviso.Jmap;

/// <summary>The push subscriptions of all accounts, and what sends to each (RFC 8620 §7.2).</summary>
internal sealed class PushSubscriptions(
    IDocumentRows rows, IdSource ids, StateFeed feed, Func<PushSubscription, PushSender> senderOf, TimeProvider clock) : IAsyncDisposable
{
    /// <summary>Of one account.</summary>
    public const int Most = 32;

    /// <summary>RFC 8620 §7.2: at least 48 hours, better 7 days.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromDays(30);

    private const string Kind = "jmap-push";

    private readonly ConcurrentDictionary<string, Running> _running = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim _one = new(1, 1);

    private sealed record Running(AccountId Account, PushSubscription Subscription, PushSender Sender);

    /// <summary>Goes on with what was there before the start.</summary>
    public async Task StartAsync(CancellationToken cancel)
    {
        foreach (var document in await rows.ListDocumentsAsync(Kind, cancel))
            Run(document.Key.Owner, PushSubscription.Read(document.Value), isNew: false);
    }

    public string NewId() => "w" + IdText.Format(ids.Next());

    /// <summary>Those that were made with the user's credential.</summary>
    public IReadOnlyList<PushSubscription> Of(JmapUser user) =>
        [.. OfAccount(user.Account).Where(r => r.Credential == user.Credential).OrderBy(s => s.Id, StringComparer.Ordinal)];

    public int Count(AccountId account) => OfAccount(account).Count();

    /// <summary>Adds or replaces it. A new one is sent its verification code at once, an unverified one nothing else.</summary>
    public async Task PutAsync(AccountId account, PushSubscription subscription, bool isNew, CancellationToken cancel)
    {
        await _one.WaitAsync(cancel);
        try
        {
            var document = new Document(
                new(account, Kind, subscription.Id), subscription.Kept(), clock.GetUtcNow().ToUnixTimeSeconds(), subscription.Expires);
            await rows.ChangeDocumentsAsync([document], [], cancel);
            await StopAsync(subscription.Id);
            Run(account, subscription, isNew);
        }
        finally
        {
            _one.Release();
        }
    }

    public async Task RemoveAsync(AccountId account, string id, CancellationToken cancel)
    {
        await rows.ChangeDocumentsAsync([], [new(account, Kind, id)], cancel);
        await StopAsync(id);
    }

    /// <summary>Credentials of this account were changed or revoked: what was made with any of them ends (RFC 8620 §7.2).</summary>
    public async Task EndAsync(AccountId account, CancellationToken cancel)
    {
        foreach (var subscription in OfAccount(account).ToList()) await RemoveAsync(account, subscription.Id, cancel);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var id in _running.Keys) await StopAsync(id);
        _one.Dispose();
    }

    private IEnumerable<PushSubscription> OfAccount(AccountId account)
    {
        var now = clock.GetUtcNow().ToUnixTimeSeconds();
        return _running.Values.Where(r => r.Account == account && r.Subscription.Expires > now).Select(r => r.Subscription);
    }

    private void Run(AccountId account, PushSubscription subscription, bool isNew)
    {
        var sender = senderOf(subscription);
        _running[subscription.Id] = new(account, subscription, sender);
        var news = feed.Listen(account, subscription.Types?.ToHashSet(StringComparer.Ordinal));
        sender.Start(news, isNew, () => RemoveAsync(account, subscription.Id, default));
    }

    private async Task StopAsync(string id)
    {
        if (_running.TryRemove(id, out var running)) await running.Sender.DisposeAsync();
    }
}
