using System.Globalization;
using Aviso.Store;

namespace Aviso.Guard;

/// <summary>
/// Who proved a password lately, kept over a restart: a client and a time each, the newest <see cref="Most"/>. Noted at once and written
/// with the upkeep and at the end, a client every few minutes at most.
/// </summary>
internal sealed class ProvenClients(WriteBehind writes)
{
    public const int Most = 5_000;

    private const string Kind = "guard-login";

    // A trust of hours loses nothing by it.
    private static readonly TimeSpan Every = TimeSpan.FromMinutes(10);

    private readonly Lock _gate = new();
    private readonly Dictionary<UInt128, DateTimeOffset> _all = [];
    private readonly Dictionary<UInt128, DateTimeOffset> _fresh = [];

    /// <summary>Clients as <see cref="Net.Networks.ClientKey"/> counts them, and when each was last noted; oldest first.</summary>
    public IReadOnlyList<KeyValuePair<UInt128, DateTimeOffset>> All
    {
        get
        {
            lock (_gate) return [.. _all.OrderBy(c => c.Value)];
        }
    }

    public static async Task<ProvenClients> OpenAsync(IDocumentRows rows, WriteBehind writes, CancellationToken cancel)
    {
        var clients = new ProvenClients(writes);
        foreach (var document in await rows.ListDocumentsAsync(default, Kind, cancel))
        {
            if (UInt128.TryParse(document.Key.Name, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var client))
                clients._all[client] = DateTimeOffset.FromUnixTimeSeconds(document.ChangedAt);
        }
        clients.Bound();
        return clients;
    }

    /// <param name="until">When it is of no use any more.</param>
    public void Note(UInt128 client, DateTimeOffset at, DateTimeOffset until)
    {
        lock (_gate)
        {
            if (_all.TryGetValue(client, out var last) && at - last < Every) return;
            _all[client] = at;
            _fresh[client] = until;
        }
    }

    /// <summary>Hands on what is new since the last time.</summary>
    public void Write()
    {
        lock (_gate)
        {
            Bound();
            foreach (var (client, until) in _fresh)
            {
                // Those that made room again are not there.
                if (_all.TryGetValue(client, out var at)) writes.Set(
                    new(Name(client), [], at.ToUnixTimeSeconds(), until.ToUnixTimeSeconds()));
            }
            _fresh.Clear();
        }
    }

    private void Bound()
    {
        if (_all.Count <= Most) return;
        foreach (var (client, _) in _all.OrderBy(c => c.Value).Take(_all.Count - Most).ToList())
        {
            _all.Remove(client);
            writes.Remove(Name(client));
        }
    }

    private static DocumentKey Name(UInt128 client) => new(default, Kind, client.ToString("X32", CultureInfo.InvariantCulture));
}
