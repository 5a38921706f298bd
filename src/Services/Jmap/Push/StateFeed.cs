using System.Text.Json;
using Aviso.Store;

namespace Aviso.Jmap;

/// <summary>
/// Tells listeners that data of an account has changed, and to which state (RFC 8620 §7.1). What mail does is heard from the store right
/// after each commit; rooms with data of their own say it here.
/// </summary>
internal sealed class StateFeed : IDisposable
{
    private static readonly string[] MailTypes = ["Email", "Mailbox", "Thread"], TreeTypes = ["Mailbox"];

    private readonly Lock _door = new();
    private readonly Dictionary<AccountId, List<StateListener>> _listeners = [];
    private readonly Func<AccountId, CancellationToken, ValueTask<long>> _mailState;
    private readonly IReadOnlyList<IStateSource> _sources;
    private readonly IDisposable _watch;

    /// <param name="mailState">The account's counter of changes.</param>
    /// <param name="sources">Rooms whose types have states of their own.</param>
    public StateFeed(
        IMailStore store, Func<AccountId, CancellationToken, ValueTask<long>> mailState, IReadOnlyList<IStateSource> sources)
    {
        (_mailState, _sources) = (mailState, sources);
        _watch = store.WatchAll(Heard);
    }

    /// <summary>Hears of changes until it is disposed.</summary>
    /// <param name="types">Null: all.</param>
    public StateListener Listen(AccountId account, IReadOnlySet<string>? types)
    {
        var listener = new StateListener(this, account, types);
        lock (_door)
        {
            if (!_listeners.TryGetValue(account, out var all)) _listeners[account] = all = [];
            all.Add(listener);
        }
        return listener;
    }

    /// <summary>Data of this type has changed.</summary>
    public void Changed(AccountId account, string type, string state)
    {
        foreach (var listener in Of(account)) listener.Note([type], state);
    }

    /// <summary>The present states of all types, by their names.</summary>
    public async ValueTask<SortedDictionary<string, string>> StatesAsync(AccountId account, CancellationToken cancel)
    {
        var states = new SortedDictionary<string, string>(StringComparer.Ordinal);
        var mail = JmapState.Of(await _mailState(account, cancel));
        foreach (var type in MailTypes) states[type] = mail;
        foreach (var source in _sources) states[source.Type] = await source.StateAsync(account, cancel);
        return states;
    }

    public void Dispose() => _watch.Dispose();

    /// <summary>The StateChange object.</summary>
    /// <param name="pushState">RFC 8887 §4.3.5: from where the client may go on; null for none.</param>
    public static void Write(
        Utf8JsonWriter writer, AccountId account, IEnumerable<KeyValuePair<string, string>> states, string? pushState = null)
    {
        writer.WriteStartObject();
        writer.WriteString("@type"u8, "StateChange");
        writer.WriteStartObject("changed"u8);
        writer.WriteStartObject(account.ToString());
        foreach (var (type, state) in states) writer.WriteString(type, state);
        writer.WriteEndObject();
        writer.WriteEndObject();
        if (pushState is not null) writer.WriteString("pushState"u8, pushState);
        writer.WriteEndObject();
    }

    internal void Remove(StateListener listener)
    {
        lock (_door)
        {
            if (!_listeners.TryGetValue(listener.Account, out var all)) return;
            all.Remove(listener);
            if (all.Count == 0) _listeners.Remove(listener.Account);
        }
    }

    // What is in a mailbox changes its counts too.
    private void Heard(AccountChange change)
    {
        var types = change.Mailboxes.Count > 0 ? MailTypes : change.TreeChanged ? TreeTypes : [];
        foreach (var listener in Of(change.Account)) listener.Note(types, JmapState.Of(change.ModSeq));
    }

    private StateListener[] Of(AccountId account)
    {
        lock (_door) return _listeners.TryGetValue(account, out var all) ? [.. all] : [];
    }
}

/// <summary>A room with a type whose state is its own.</summary>
internal interface IStateSource
{
    /// <summary>Such as "Identity".</summary>
    string Type { get; }

    ValueTask<string> StateAsync(AccountId account, CancellationToken cancel);
}

/// <summary>Waits for news of one account. Changes that come before somebody takes them are one.</summary>
internal sealed class StateListener(StateFeed feed, AccountId account, IReadOnlySet<string>? types) : IDisposable
{
    private readonly Lock _door = new();
    private SortedDictionary<string, string>? _news;
    private TaskCompletionSource? _waiter;

    public AccountId Account => account;

    /// <summary>The new states; none when nothing came in time.</summary>
    public async ValueTask<IReadOnlyDictionary<string, string>> NextAsync(TimeSpan wait, TimeProvider clock, CancellationToken cancel)
    {
        Task coming;
        lock (_door)
        {
            if (Take() is { } news) return news;
            _waiter ??= new(TaskCreationOptions.RunContinuationsAsynchronously);
            coming = _waiter.Task;
        }
        await coming.WaitAsync(wait, clock, cancel).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        cancel.ThrowIfCancellationRequested();
        lock (_door) return Take() ?? (IReadOnlyDictionary<string, string>)new Dictionary<string, string>();
    }

    public void Dispose() => feed.Remove(this);

    internal void Note(IReadOnlyList<string> changed, string state)
    {
        TaskCompletionSource? waiter;
        lock (_door)
        {
            foreach (var type in changed)
                if (types?.Contains(type) != false) (_news ??= new(StringComparer.Ordinal))[type] = state;
            if (_news is null) return;
            (waiter, _waiter) = (_waiter, null);
        }
        waiter?.TrySetResult();
    }

    private SortedDictionary<string, string>? Take()
    {
        var news = _news;
        _news = null;
        return news;
    }
}
