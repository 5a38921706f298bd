using System.Collections.Concurrent;
using Aviso.Dns;
using Aviso.Net;

namespace Aviso.Doctor;

/// <summary>Zones at Cloudflare, read and changed by its API.</summary>
/// <param name="zone">Null: every zone that the token sees.</param>
public sealed class CloudflareHost(CloudflareApi api, string? zone, IResolver resolver) : IDnsHost, IDisposable
{
    // People see in Cloudflare's own pages who wrote a record.
    private const string Mark = "aviso";

    public string Name => "Cloudflare";

    public string? Zone => zone;

    public IRecordSource Look() => new Snapshot(api, resolver);

    public async Task<string?> ChangeAsync(
        string name, IReadOnlyList<FoundRecord> removes, IReadOnlyList<DnsRecord> adds, CancellationToken cancel)
    {
        var (found, problem) = await api.ZoneAsync(name, cancel);
        return found is null ? problem : await api.ChangeAsync(found, [.. removes.Select(r => r.Id)], adds, Mark, cancel);
    }

    public void Dispose() => api.Dispose();

    /// <summary>Each zone is fetched once, whole: one request instead of one for every name.</summary>
    private sealed class Snapshot(CloudflareApi api, IResolver resolver) : IRecordSource
    {
        private readonly ConcurrentDictionary<string, Task<(IReadOnlyList<CloudflareRecord>? Records, string? Problem)>> _zones = new(
            StringComparer.Ordinal);
        private readonly ConcurrentDictionary<string, string> _notes = new(StringComparer.Ordinal);
        private readonly SemaphoreSlim _one = new(1);

        public IReadOnlyList<string> Notes => [.. _notes.Values.Order(StringComparer.Ordinal)];

        public IReadOnlyList<string> NamesBelow(string domain) => [.. _zones.Values.Where(z => z.IsCompletedSuccessfully)
            .SelectMany(z => z.Result.Records ?? []).Select(r => r.Name).Where(n => n.EndsWith("." + domain, StringComparison.Ordinal))
                .Distinct()];

        public async Task<FoundSet> ReadAsync(string name, DnsType type, CancellationToken cancel)
        {
            var (records, problem) = await RecordsAsync(name, cancel);
            if (records is null) return FoundSet.Unknown(problem ?? "Cloudflare does not say");
            var there = At(name, records, type);
            // At the apex an alias of Cloudflare's stands beside other records; elsewhere it stands alone (RFC 1034 §3.6.2).
            if (there.Count > 0 || type == DnsType.Cname || At(name, records, DnsType.Cname) is not [{ Record: CnameRecord alias },
                ..]) return new(there);
            var followed = await resolver.QueryAsync(alias.Target, type, cancel);
            return ResolverSource.From(alias.Target, followed) with { Alias = alias.Target };

            static List<FoundRecord> At(string name, IReadOnlyList<CloudflareRecord> all, DnsType type) =>
                [.. all.Where(r => r.Name == name && r.Record?.Type == type).Select(r => new FoundRecord(r.Record!, r.Id, r.IsProxied))];
        }

        private async Task<(IReadOnlyList<CloudflareRecord>? Records, string? Problem)> RecordsAsync(string name, CancellationToken cancel)
        {
            // One after the other, so that the first finds the zone and the others know it.
            await _one.WaitAsync(cancel);
            try
            {
                var (zone, problem) = await api.ZoneAsync(name, cancel);
                if (zone is null) return (null, problem);
                var (records, failed) = await _zones.GetOrAdd(zone.Id, _ => api.RecordsAsync(zone, cancel));
                if (records is not null) _notes[zone.Id] = $"{zone.Name} holds {records.Count} records at Cloudflare"
                    + (zone.Plan.Length > 0 ? $" (plan: {zone.Plan}; a zone of the free plan holds 200, of others 3,500)" : "");
                return (records, failed);
            }
            finally
            {
                _one.Release();
            }
        }
    }
}
