using System.Collections.Concurrent;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Aviso.Dns;
using Aviso.Store;
using Microsoft.Extensions.Logging;

namespace Aviso.Delivery;

/// <summary>What holds for a domain now.</summary>
/// <param name="Policy">Null when none is known.</param>
/// <param name="Result">The word for reports when a fetch failed (RFC 8460 §4.3.2.2), else empty: a kept policy may hold all the
/// same.</param>
/// <param name="Problem">Why it failed.</param>
public sealed record StsAnswer(StsPolicy? Policy, string Result, string Problem)
{
    public static readonly StsAnswer None = new(null, "", "");

    /// <summary>There may be more to know later: the DNS or the policy's host could not say.</summary>
    public bool IsTemporary { get; init; }
}

/// <summary>
/// The MTA-STS policies of other domains (RFC 8461 §3.3, §5.1): found by their record, fetched once for each id, kept in the store until
/// their own end whatever the DNS or the web server does meanwhile, and fetched anew every day while in use. Thread-safe.
/// </summary>
public sealed class StsPolicies(IResolver resolver, StsFetcher fetcher, IDocumentRows documents, TimeProvider clock, ILogger log)
    : IAsyncDisposable
{
    private const string Kind = "sts-policy";
    private const int MostKnown = 10_000;
    private const int MostRefreshed = 200;

    /// <summary>RFC 8461 §3.3: five minutes or more between tries for one domain.</summary>
    public static readonly TimeSpan LeftAlone = TimeSpan.FromMinutes(10);

    private static readonly TimeSpan Every = TimeSpan.FromHours(1), Fresh = TimeSpan.FromDays(1), InUse = TimeSpan.FromDays(14);

    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentDictionary<string, Known> _known = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, Lazy<Task<StsAnswer>>> _fetching = new(StringComparer.Ordinal);

    /// <summary>The policy of <paramref name="domain"/> (lower-case ASCII). Waits a minute at most; never throws for what strangers
    /// do.</summary>
    public async Task<StsAnswer> FindAsync(string domain, CancellationToken cancel)
    {
        if (domain is ['[', .., ']']) return StsAnswer.None;
        var known = await KnownAsync(domain, cancel);
        known.UsedAt = clock.GetUtcNow();
        var record = await resolver.QueryAsync("_mta-sts." + domain, DnsType.Txt, cancel);
        var id = StsPolicy.Id(record);
        // RFC 8461 §5.1: a policy that has not ended holds, although nothing announces it any more.
        if (id is null) return new(Live(known)?.Policy, "", "") { IsTemporary = record.IsTemporary };
        if (Live(known) is { } live && live.Id == id) return new(live.Policy, "", "");
        if (clock.GetUtcNow() < known.NotBefore) return new(Live(known)?.Policy, known.Result, known.Problem) { IsTemporary = true };
        return await FetchAsync(domain, id, cancel);
    }

    /// <summary>Fetches what is in use anew, until stopped.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        while (true)
        {
            await Task.Delay(Every, clock, stop);
            try
            {
                await RefreshAsync(stop);
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                log.StsNotRefreshed(e);
            }
        }
    }

    /// <summary>One round: policies that are a day old or past half their life, so that an end is never met unprepared.</summary>
    public async Task RefreshAsync(CancellationToken cancel)
    {
        var now = clock.GetUtcNow();
        foreach (var document in await documents.ListDocumentsAsync(default, Kind, cancel))
        {
            if (Kept.Read(document) is { } kept && _known.TryAdd(document.Key.Name, new() { Kept = kept, UsedAt = kept.FetchedAt })) Trim();
        }
        var due = _known.Where(k => Live(k.Value) is { } kept && now - k.Value.UsedAt < InUse && now >= k.Value.NotBefore
            && (now - kept.FetchedAt >= Fresh || now >= kept.FetchedAt + (kept.Policy.MaxAge / 2))).Take(MostRefreshed).ToList();
        foreach (var (domain, known) in due)
        {
            var id = StsPolicy.Id(await resolver.QueryAsync("_mta-sts." + domain, DnsType.Txt, cancel));
            await FetchAsync(domain, id ?? known.Kept!.Id, cancel);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await Task.WhenAll(_fetching.Values.Select(f => (Task)f.Value)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
    }

    private async Task<Known> KnownAsync(string domain, CancellationToken cancel)
    {
        if (_known.TryGetValue(domain, out var known)) return known;
        var stored = await documents.GetDocumentAsync(default, Kind, domain, cancel);
        known = _known.GetOrAdd(domain, new Known { Kept = stored is null ? null : Kept.Read(stored) });
        Trim();
        return known;
    }

    // One fetch for all who wait. It goes on when one of them gives up: the next will want it.
    private Task<StsAnswer> FetchAsync(string domain, string id, CancellationToken cancel) => _fetching.GetOrAdd(
        domain, _ => new(() => FetchAndKeepAsync(domain, id))).Value.WaitAsync(cancel);

    private async Task<StsAnswer> FetchAndKeepAsync(string domain, string id)
    {
        try
        {
            await Task.Yield();
            var fetched = await fetcher.FetchAsync(domain, _stop.Token);
            var known = await KnownAsync(domain, CancellationToken.None);
            TlsMeters.Fetched(fetched.Result);
            if (fetched.Policy is not { } policy)
            {
                (known.NotBefore, known.Result, known.Problem) = (clock.GetUtcNow() + LeftAlone, fetched.Result, fetched.Problem);
                var until = Live(known);
                log.StsNotFetched(domain, fetched.Result, fetched.Problem, until is null
                    ? "no policy is known" : $"the known one ({until.Policy.Mode}) holds until {until.EndsAt:u}");
                return new(until?.Policy, fetched.Result, fetched.Problem) { IsTemporary = true };
            }
            var kept = new Kept(id, policy, clock.GetUtcNow());
            if (known.Kept?.Id != id) log.StsFound(domain, policy.Mode, string.Join(' ', policy.Mx.Take(20)), kept.EndsAt);
            (known.Kept, known.NotBefore, known.Result, known.Problem) = (kept, default, "", "");
            await documents.ChangeDocumentsAsync([kept.Write(domain)], [], CancellationToken.None);
            return new(policy, "", "");
        }
        finally
        {
            _fetching.TryRemove(domain, out _);
        }
    }

    private Kept? Live(Known known) => known.Kept is { } kept && clock.GetUtcNow() < kept.EndsAt ? kept : null;

    // The store still has what goes from memory here.
    private void Trim()
    {
        if (_known.Count <= MostKnown) return;
        foreach (var (domain, _) in _known.OrderBy(k => k.Value.UsedAt).Take(MostKnown / 10).ToList()) _known.TryRemove(domain, out _);
    }

    private sealed class Known
    {
        public Kept? Kept { get; set; }

        public DateTimeOffset UsedAt { get; set; }

        /// <summary>After a failure: not asked again before.</summary>
        public DateTimeOffset NotBefore { get; set; }

        public string Result { get; set; } = "";

        public string Problem { get; set; } = "";
    }

    private sealed record Kept(string Id, StsPolicy Policy, DateTimeOffset FetchedAt)
    {
        public DateTimeOffset EndsAt => FetchedAt + Policy.MaxAge;

        public Document Write(string domain) => new(new(default, Kind, domain), Encoding.UTF8.GetBytes(new JsonObject
        {
            ["id"] = Id,
            ["fetched"] = FetchedAt.ToUnixTimeSeconds(),
            ["policy"] = Policy.Write(),
        }.ToJsonString()), FetchedAt.ToUnixTimeSeconds(), Math.Max(1, EndsAt.ToUnixTimeSeconds()));

        /// <summary>Null when it cannot be read: it is fetched again.</summary>
        public static Kept? Read(Document document)
        {
            try
            {
                if (JsonNode.Parse(document.Value) is not JsonObject json) return null;
                var policy = StsPolicy.Parse(Encoding.UTF8.GetBytes(json["policy"]!.GetValue<string>()), out _);
                return policy is null ? null : new(
                    json["id"]!.GetValue<string>(), policy, DateTimeOffset.FromUnixTimeSeconds(json["fetched"]!.GetValue<long>()));
            }
            catch (Exception e)
                when (e is JsonException or InvalidOperationException or NullReferenceException or ArgumentException or FormatException)
            {
                return null;
            }
        }
    }
}
