using System.Text.Json;
using Aviso.Store;

namespace Aviso.Jmap;

/// <summary>
/// Whose addresses stand in an account's contacts, for those who ask at delivery. It keeps those of the accounts that were asked for last,
/// each with the state it read them at, and reads them again when that is no longer the state.
/// </summary>
public sealed class ContactAddresses(IDocumentRows rows) : IDisposable
{
    /// <summary>Addresses in memory, of all accounts.</summary>
    private const int Most = 300_000;

    private readonly Lock _door = new();
    private readonly LinkedList<Kept> _last = [];

    // One account is read at a time: a thousand letters at once do not read a thousand address books into memory.
    private readonly SemaphoreSlim _reading = new(1, 1);

    /// <param name="address">Such as "local@domain", compared without regard to case.</param>
    public async ValueTask<bool> HasAsync(AccountId account, string address, CancellationToken cancel)
    {
        // Most accounts have none: that costs one look.
        if (await StateAsync(account, cancel) is not { } state) return false;
        if (Find(account, state) is { } known) return known.Contains(address);
        await _reading.WaitAsync(cancel);
        try
        {
            // The state is asked again before the cards: newer cards than it says are read once more the next time.
            state = await StateAsync(account, cancel) ?? state;
            return (Find(account, state) ?? Keep(new(account, state, await ReadAsync(account, cancel)))).Contains(address);
        }
        finally
        {
            _reading.Release();
        }
    }

    public void Dispose() => _reading.Dispose();

    private async Task<string?> StateAsync(AccountId account, CancellationToken cancel) =>
        await rows.GetDocumentAsync(account, ContactStore.CardLogKind, "", cancel) is { } log ? RecordLog.StateOf(log.Value) : null;

    private async Task<HashSet<string>> ReadAsync(AccountId account, CancellationToken cancel)
    {
        var all = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        foreach (var document in await rows.ListDocumentsAsync(account, CardBlobs.CardKind, cancel))
        {
            using var card = InternetJson.ParseOwn(document.Value);
            if (!card.RootElement.TryGetProperty("emails"u8, out var emails) || emails.ValueKind != JsonValueKind.Object) continue;
            foreach (var one in emails.EnumerateObject())
                if (one.Value.GetProperty("address"u8).GetString()?.Trim() is { Length: > 0 } address) all.Add(address);
        }
        return all;
    }

    private HashSet<string>? Find(AccountId account, string state)
    {
        lock (_door)
        {
            for (var node = _last.First; node is not null; node = node.Next)
            {
                if (node.Value.Account != account) continue;
                _last.Remove(node);
                if (node.Value.State != state) return null;
                _last.AddFirst(node);
                return node.Value.Addresses;
            }
            return null;
        }
    }

    private HashSet<string> Keep(Kept one)
    {
        lock (_door)
        {
            _last.AddFirst(one);
            for (var sum = _last.Sum(static k => k.Weight); sum > Most && _last.Last is { } oldest; sum -= oldest.Value.Weight)
                _last.Remove(oldest);
            return one.Addresses;
        }
    }

    private sealed record Kept(AccountId Account, string State, HashSet<string> Addresses)
    {
        // An account without any costs memory too.
        public int Weight => 10 + Addresses.Count;
    }
}
